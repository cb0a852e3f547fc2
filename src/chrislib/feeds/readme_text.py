"""A README of a forge made ready for the Markdown that is shown here. Pure, no I/O.

Forges take more than that: HTML, badges, tables, underlined headings, links within the
repository. All becomes plain Markdown; nothing becomes HTML, and nothing is fetched.
"""

import re
from collections.abc import Callable

from chrislib.cube.forges import Repository
from chrislib.feeds.markdown import LIMIT, clean

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})((?:\s[^<>]{0,2000})?)>")
_TAGS = frozenset(
    {"a", "b", "big", "blockquote", "br", "center", "code", "dd", "details", "div"}
    | {"dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img"}
    | {"kbd", "li", "ol", "p", "picture", "pre", "small", "span", "strong", "sub"}
    | {"summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "tt", "u", "ul"}
)
"""Others stay: a usage line has its placeholders in angle brackets, as <input>."""
_BREAKS = frozenset({"div", "hr", "li", "p", "table", "tr", "ul", "ol", "dt", "dd"})
_ALT = re.compile(r"""\balt\s*=\s*["']([^"']{1,200})["']""", re.IGNORECASE)
_BADGE = re.compile(
    r"\[!\[([^\[\]\n]{0,200})\]\(([^()\s]{1,1000})(?:\s[^()\n]{0,200})?\)\]"
    r"\(([^()\s]{1,1000})(?:\s[^()\n]{0,200})?\)"
)
_PICTURE = re.compile(
    r"!\[([^\[\]\n]{0,200})\]\(([^()\s]{1,1000})(?:\s[^()\n]{0,200})?\)"
)
_LINK = re.compile(r"(?<!!)\[([^\[\]\n]{1,400})\]\(([^()\s<>]{1,1000})\)")
_INSIDE = re.compile(r"(?:\./)?([A-Za-z0-9_][A-Za-z0-9_.%/-]*)(?:#[^\s]*)?")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_PLAIN_LINE = re.compile(r" {0,3}[^\s#>|`~*+-].*")
_ROW_LINE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)+")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_ALONE = re.compile(r" {0,3}(?:#{1,6}[ \t]|>|([-*_])(?:[ \t]*\1){2,}[ \t]*$)")
"""A heading, a quote, a rule: no line is put together with them."""
_EMPHASIS = re.compile(r"([_*`~]{1,3})(.+)\1")
_BLANKS = re.compile(r"\n{3,}")
_WIDEST = 40
_LONGEST = 4000
_MOST_CELLS = 20


def readable(text: str, repository: Repository | None = None) -> str:
    """Return the beginning of a README in the Markdown that is shown here.

    Parameters
    ----------
    repository : Repository, optional
        Links within it lead to its pages; without one they are mere words.
    """
    parts: list[str] = []
    # some is taken out: more than is shown is looked at
    lines = clean(text[: 2 * LIMIT]).split("\n")
    waiting: list[str] = []

    def flush() -> None:
        parts.extend(_prose("\n".join(waiting), repository))
        waiting.clear()

    at = 0
    while at < len(lines):
        fence = _FENCE.fullmatch(lines[at])
        if fence is None:
            waiting.append(lines[at])
            at += 1
            continue
        flush()
        mark, begin = fence.group(1), at
        at += 1
        while at < len(lines):
            closing = lines[at].strip()
            at += 1
            if len(closing) >= len(mark) and not closing.strip(mark[0]):
                break
        parts.extend(lines[begin:at])
    flush()
    return _BLANKS.sub("\n\n", "\n".join(parts)).strip("\n")


def _prose(text: str, repository: Repository | None) -> list[str]:
    """Return lines that are no code, in plain Markdown."""
    if "<" in text:
        text = _TAG.sub(_tag, _without_comments(text))
    text = _BADGE.sub(_badge, text)
    text = _PICTURE.sub(lambda found: _picture(found, repository), text)
    text = _LINK.sub(lambda found: _link(found, repository), text)
    lines = text.split("\n")
    made: list[str] = []
    at, in_list, goes_on = 0, False, False
    while at < len(lines):
        line = lines[at]
        joins, goes_on = goes_on, False
        blank = not made or not made[-1].strip()
        below = lines[at + 1] if at + 1 < len(lines) else ""
        if line[:1].strip():
            in_list = bool(_ITEM.match(line))
        elif _ITEM.match(line):
            in_list = True
        if _ROW_LINE.fullmatch(below) and "|" in line:
            at = _table(lines, at, made)
            continue
        under = _UNDERLINE.fullmatch(below)
        if under and blank and _PLAIN_LINE.fullmatch(line):
            made.append(f"{'#' if under.group(1)[0] == '=' else '##'} {line.strip()}")
            at += 2
            continue
        if blank and not in_list and line.strip() and _indented(line):
            at = _code(lines, at, made)
            continue
        words = line.strip()
        alone = not words or bool(_ALONE.match(line))
        joins = joins and len(made[-1]) < _LONGEST
        if joins and not alone and not _ITEM.match(line):
            made[-1] = f"{made[-1].rstrip()} {words}"
        else:
            made.append(line.rstrip().removesuffix("\\"))
        # a line's end is a space, unless it is meant
        goes_on = not alone and not line.endswith(("  ", "\\"))
        at += 1
    return made


def _indented(line: str) -> bool:
    return line.startswith(("    ", "\t"))


def _code(lines: list[str], at: int, made: list[str]) -> int:
    """Put lines that are indented into a fence; return where they end."""
    begin = at
    while at < len(lines) and (_indented(lines[at]) or not lines[at].strip()):
        at += 1
    found = [line.expandtabs(4)[4:] for line in lines[begin:at]]
    while found and not found[-1].strip():
        found.pop()
    made += [*_fenced(found), ""]
    return at


def _table(lines: list[str], at: int, made: list[str]) -> int:
    """Put a table into a fence, its columns below each other; return its end."""
    rows: list[list[str]] = []
    begin = at
    while at < len(lines) and "|" in lines[at]:
        if at != begin + 1:
            inner = lines[at].strip().removeprefix("|").removesuffix("|")
            cells = inner.replace("\\|", "¦").split("|", _MOST_CELLS)
            rows.append([cell.strip().replace("¦", "|") for cell in cells])
        at += 1
    count = max(map(len, rows))
    widths = [
        min(_WIDEST, max(len(row[place]) if place < len(row) else 0 for row in rows))
        for place in range(count)
    ]
    text = [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=False)
        ).rstrip()
        for row in rows
    ]
    text.insert(1, "  ".join("─" * width for width in widths))
    made += [*_fenced(text), ""]
    return at


def _fenced(lines: list[str]) -> list[str]:
    """Return lines as code, whatever stands in them."""
    runs = re.findall("`{3,}", "\n".join(lines))
    fence = "`" * (max(map(len, runs), default=2) + 1)
    return [fence, *lines, fence]


def _without_comments(text: str) -> str:
    first, *rest = text.split("<!--")
    parts = [first]
    for piece in rest:
        _, closed, after = piece.partition("-->")
        parts.append(after if closed else f"<!--{piece}")
    return "".join(parts)


def _tag(found: "re.Match[str]") -> str:
    closing, name, rest = found.group(1), found.group(2).lower(), found.group(3)
    if name not in _TAGS and not (name == "source" and "=" in rest):
        return found.group(0)
    if name == "img":
        said = _ALT.search(rest)
        return f"Picture: {said.group(1)}" if said and "badge" not in rest else ""
    if name in ("b", "strong"):
        return "**"
    if name in ("code", "tt", "kbd"):
        return "`"
    if name in ("h1", "h2", "h3", "h4", "h5", "h6"):
        return "\n\n" if closing else f"\n\n{'#' * int(name[1])} "
    if name == "li" and not closing:
        return "\n- "
    if name == "br":
        return "  \n"
    return "\n\n" if name in _BREAKS else ""


def _badge(found: "re.Match[str]") -> str:
    words, picture, leads = found.groups()
    if _is_badge(picture):
        return ""
    return f"[{words or 'Picture'}]({leads})"


def _picture(found: "re.Match[str]", repository: Repository | None) -> str:
    words, address = found.groups()
    if _is_badge(address):
        return ""
    leads = _inside(address, repository)
    if leads == address:
        return found.group(0)
    words = f"Picture: {words}" if words else "Picture"
    return f"[{words}]({leads})" if leads else words


def _link(found: "re.Match[str]", repository: Repository | None) -> str:
    words, address = found.groups()
    marked = _EMPHASIS.fullmatch(words)
    words = marked.group(2) if marked else words
    leads = _inside(address, repository)
    return f"[{words}]({leads})" if leads else words


def _inside(address: str, repository: Repository | None) -> str:
    """Return where an address of a README leads to, "" for nowhere else."""
    if ":" in address or address.startswith("//"):
        return address
    match = _INSIDE.fullmatch(address)
    if match is None or repository is None or ".." in address.split("/"):
        return ""
    return repository.page_of(match.group(1))


def _is_badge(address: str) -> bool:
    known: Callable[[str], bool] = address.lower().__contains__
    return known("badge") or known("shields.io")
