"""Patient names as people read them (DICOM PS3.5 6.2.1, value representation PN)."""

import unicodedata

NO_NAME = "(no name)"
_FSI, _PDI = "\u2068", "\u2069"
_SPACED_SCRIPTS = (
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "ARABIC",
    "HEBREW",
    "SYRIAC",
    "THAI",
)
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u061c") | {
    chr(code) for code in range(0x2066, 0x206A)
}


def clean(text: str) -> str:
    """Return server text as one line without control characters.

    Bidirectional controls go as well: a name must not be able to turn round the row
    it stands in.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())  # nearly always, and lists have thousands
    kept = (
        " " if char in "\t\r\n" else char
        for char in text
        if char in "\t\r\n"
        or (unicodedata.category(char) != "Cc" and char not in _BIDI_CONTROLS)
    )
    return " ".join("".join(kept).split())


def isolate(text: str) -> str:
    """Wrap `text` in directional isolates when it holds right-to-left letters."""
    if text.isascii():
        return text
    if any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text):
        return f"{_FSI}{text}{_PDI}"
    return text


def show_name(pn: str) -> str:
    """Return a DICOM person name for a row of the window.

    The ideographic group wins over the alphabetic one, as its owner writes it; family
    name first. "Doe^Jonathan" becomes "Doe, Jonathan", "山田^太郎" becomes "山田 太郎".

    Parameters
    ----------
    pn : str
        Text of a PN: up to three groups split by "=", five parts split by "^".
    """
    groups = name_groups(pn)
    if not groups:
        return NO_NAME
    return isolate(groups[1] if len(groups) > 1 else groups[0])


def name_groups(pn: str) -> tuple[str, ...]:
    """Return every group of a name that is not empty, for tooltips and search."""
    groups = (_show_group(group) for group in pn.split("=")[:3])
    return tuple(group for group in groups if group)


def show_full_name(pn: str) -> str:
    """Return "山田 太郎 (Yamada, Tarou)": the name, its alphabetic form behind it."""
    groups = name_groups(pn)
    if len(groups) < 2 or groups[0] == groups[1]:
        return show_name(pn)
    return f"{isolate(groups[1])} ({isolate(groups[0])})"


def _show_group(group: str) -> str:
    parts = [clean(part) for part in group.split("^")]
    parts += [""] * (5 - len(parts))
    family, given, middle, prefix, suffix = parts[:5]
    first = " ".join(part for part in (prefix, given, middle) if part)
    if not family:
        return " ".join(part for part in (first, suffix) if part)
    between = " " if _spaced(family + given) else ", "
    return between.join(part for part in (family, first, suffix) if part)


def _spaced(text: str) -> bool:
    """Whether the script puts a space, not a comma, between family and given name."""
    letters = [unicodedata.name(char, "") for char in text if char.isalpha()]
    return bool(letters) and all(name.startswith(_SPACED_SCRIPTS) for name in letters)
