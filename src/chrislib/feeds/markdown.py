"""Markdown of people one does not know, read into pieces of plain text.

A small part of the language: headings, lists, quotes, code, emphasis, links. There is
no way from the text to HTML, pictures or anything that is fetched: what is not in this
list stays as it was typed. Time and memory grow with the length of the text only.
"""

import re
import string
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

LIMIT = 50_000
"""Characters that are read; the rest is left to an editor."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e]")
_ISOLATES = re.compile("[\u2066-\u2069]")
_UNFIT = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffc\ufffe\uffff]")
"""Halves of characters, and those a text document keeps for its own structure."""
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}")
_QUOTE = re.compile(r" {0,3}>[ ]?(.*)")
_ITEM = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(.*)")
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_TICKS = re.compile("`+")
_LINK = re.compile(
    r"\[([^\[\]\n]{0,400})\]\([ ]*<?([^\s<>()]{1,2000})>?"
    r"(?:[ ]+\"[^\"\n]{0,200}\")?[ ]*\)"
)
_ANGLE = re.compile(r"<([^\s<>]{1,2000})>")
_BARE = re.compile(r"https?://[^\s<>\"`]{1,2000}", re.IGNORECASE)
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9.-]{1,200}")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PUNCTUATION = frozenset(string.punctuation)
_SPECIAL = frozenset("\\`![<*_~hH")
_KINDS = {"**": "bold", "__": "bold", "*": "italic", "_": "italic", "~~": "struck"}


@dataclass(frozen=True, slots=True)
class Span:
    """Some text of one look.

    Attributes
    ----------
    link : str
        Address it leads to, fit to be shown and opened; "" for none.
    """

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of one kind.

    Attributes
    ----------
    kind : str
        "text", "heading", "item", "quote", "code" or "rule".
    level : int
        Of a heading, 1 to 6; of an item, how deep it is in its list.
    mark : str
        What stands before an item: "•", "3.", "☐", "☑".
    """

    kind: str
    spans: tuple[Span, ...] = ()
    level: int = 0
    mark: str = ""


def clean(text: str) -> str:
    """Return text without what turns directions, ends lines in odd ways, or is none."""
    text = _BREAKS.sub("\n", text)
    return _UNFIT.sub("\ufffd", _ISOLATES.sub("", _CONTROL.sub("", text)))


def blocks(text: str) -> list[Block]:
    """Read the first `LIMIT` characters of a text."""
    return list(read(text))


def read(text: str) -> Iterator[Block]:
    """Read the first `LIMIT` characters of a text, a block at a time."""
    lines = clean(text[:LIMIT]).split("\n")
    waiting: list[str] = []
    quoted = False

    def flush() -> Iterator[Block]:
        if waiting:
            kind = "quote" if quoted else "text"
            yield Block(kind, tuple(spans("\n".join(waiting))))
            waiting.clear()

    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        fence = _FENCE.fullmatch(line)
        if fence:
            yield from flush()
            at, code = _code(lines, at, fence.group(1))
            yield Block("code", (Span(code, code=True),))
            continue
        block = _single(line)
        if block is not None:
            yield from flush()
            yield block
            continue
        quote_ = _QUOTE.fullmatch(line)
        if bool(quote_) != quoted:
            yield from flush()
            quoted = bool(quote_)
        said = quote_.group(1) if quote_ else line
        if said.strip():
            waiting.append(said.strip())
        else:
            yield from flush()
    yield from flush()


def _code(lines: list[str], at: int, fence: str) -> tuple[int, str]:
    """Return where the code that begins at a line ends, and the code."""
    start = at
    while at < len(lines):
        closing = lines[at].strip()
        if len(closing) >= len(fence) and not closing.strip(fence[0]):
            return at + 1, "\n".join(lines[start:at])
        at += 1
    return at, "\n".join(lines[start:])


def _single(line: str) -> Block | None:
    """Return the block that a line is by itself."""
    if _RULE.fullmatch(line):
        return Block("rule")
    heading = _HEADING.fullmatch(line)
    if heading:
        level = len(heading.group(1))
        return Block("heading", tuple(spans(heading.group(2))), level)
    item = _ITEM.fullmatch(line)
    if item is None:
        return None
    inside, mark, words = item.groups()
    level = min(len(inside.expandtabs(4)) // 2, 6)
    mark = "•" if mark in "-*+" else f"{mark[:-1]}."
    task = _TASK.match(words)
    if task:
        mark = "☐" if task.group(1) == " " else "☑"
        words = words[task.end() :]
    return Block("item", tuple(spans(words)), level, mark)


# -- inside a line -----------------------------------------------------------------


@dataclass(slots=True)
class _Token:
    """A piece of a line; a delimiter becomes a change of looks, or stays text."""

    text: str
    kind: str = ""
    opens: bool = False
    closes: bool = False
    code: bool = False
    link: str = ""
    turns: int = 0


def spans(text: str) -> list[Span]:
    """Read emphasis, code and links of a paragraph."""
    tokens = list(_tokens(text))
    _pair(tokens)
    on = {"bold": 0, "italic": 0, "struck": 0}
    found: list[Span] = []
    for token in tokens:
        if token.turns:
            on[_KINDS[token.kind]] += token.turns
            continue
        if not token.text:
            continue
        made = Span(
            token.text,
            bold=on["bold"] > 0,
            italic=on["italic"] > 0,
            struck=on["struck"] > 0,
            code=token.code,
            link=token.link,
        )
        found.append(made)
    return _joined(found)


def _pair(tokens: list[_Token]) -> None:
    """Pair what opens an emphasis with the next that closes it."""
    opened: dict[str, _Token] = {}
    for token in tokens:
        if not token.kind:
            continue
        if token.closes and token.kind in opened:
            opened.pop(token.kind).turns = 1
            token.turns = -1
        elif token.opens and token.kind not in opened:
            opened[token.kind] = token


def _joined(found: list[Span]) -> list[Span]:
    joined: list[Span] = []
    parts: list[str] = []
    for span in found:
        last = joined[-1] if joined else None
        if last is not None and not span.link and not last.link and _same(last, span):
            parts.append(span.text)
            continue
        if last is not None and len(parts) > 1:
            joined[-1] = _with(last, "".join(parts))
        joined.append(span)
        parts = [span.text]
    if joined and len(parts) > 1:
        joined[-1] = _with(joined[-1], "".join(parts))
    return joined


def _same(one: Span, other: Span) -> bool:
    return (one.bold, one.italic, one.struck, one.code) == (
        other.bold,
        other.italic,
        other.struck,
        other.code,
    )


def _with(span: Span, text: str) -> Span:
    return Span(text, span.bold, span.italic, span.struck, span.code, span.link)


def _tokens(text: str) -> Iterator[_Token]:
    ticks = _runs_of_ticks(text)
    at = start = 0
    while at < len(text):
        if text[at] not in _SPECIAL:
            at += 1
            continue
        token, end = _token_at(text, at, ticks)
        if token is None:
            at = end
            continue
        if start < at:
            yield _Token(text[start:at])
        yield token
        at = start = end
    if start < len(text):
        yield _Token(text[start:])


def _token_at(
    text: str, at: int, ticks: dict[int, list[int]]
) -> tuple[_Token | None, int]:
    """Return what begins at a place and where it ends; None for mere text."""
    here = text[at]
    after = text[at + 1 : at + 2]
    if here == "\\":
        if after in _PUNCTUATION:
            return _Token(after), at + 2
        return None, at + 1
    if here == "`":
        return _code_at(text, at, ticks)
    if here in "*_~":
        return _delimiter(text, at)
    if here == "!" and after != "[":
        return None, at + 1
    if here in "![":
        return _link_at(text, at)
    if here == "<":
        match = _ANGLE.match(text, at)
        leads = address(match.group(1)) if match else ""
        if match and leads:
            return _Token(match.group(1), link=leads), match.end()
        return None, at + 1
    if at and text[at - 1].isalnum():
        return None, at + 1
    match = _BARE.match(text, at)
    if match is None:
        return None, at + 1
    words = match.group(0).rstrip(".,;:!?'*_~])}")
    leads = address(words)
    return (_Token(words, link=leads) if leads else None), at + max(1, len(words))


def _link_at(text: str, at: int) -> tuple[_Token | None, int]:
    picture = text[at] == "!"
    match = _LINK.match(text, at + picture)
    leads = address(match.group(2)) if match else ""
    if match is None or not leads:
        return None, at + 1
    words = match.group(1).strip()
    if picture:
        # a picture is never fetched: it is a link like others
        words = f"Picture: {words}" if words else "Picture"
    return _Token(words or leads, link=leads), match.end()


def _runs_of_ticks(text: str) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for match in _TICKS.finditer(text):
        found.setdefault(len(match.group(0)), []).append(match.start())
    return found


def _code_at(
    text: str, at: int, ticks: dict[int, list[int]]
) -> tuple[_Token | None, int]:
    match = _TICKS.match(text, at)
    assert match is not None
    length, begin = len(match.group(0)), match.end()
    places = ticks.get(length, [])
    number = bisect_right(places, at)
    if number >= len(places):
        return None, begin
    end = places[number]
    inside = text[begin:end].replace("\n", " ")
    if inside.strip() and inside[0] == inside[-1] == " ":
        inside = inside[1:-1]
    return _Token(inside, code=True), end + length


def _delimiter(text: str, at: int) -> tuple[_Token | None, int]:
    here = text[at]
    end = at
    while end < len(text) and text[end] == here:
        end += 1
    length = end - at
    if length > 3 or (here == "~" and length != 2):
        return None, end
    # three are two and one: the two of them come first, the other is read next
    size = 2 if length == 3 else length
    before = text[at - 1 : at] if at else " "
    after = text[end : end + 1] or " "
    opens, closes = not after.isspace(), not before.isspace()
    if here == "_":
        opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
    kind = here * size
    return _Token(kind, kind=kind, opens=opens, closes=closes), at + size


def address(given: str) -> str:
    """Return an address fit to be shown and opened, "" for anything else.

    Only ``http``, ``https`` and ``mailto`` are. Names of hosts are shown as they are
    asked for (RFC 3490), so that letters of another script do not pass for Latin ones,
    and there is no place for a user name, which would pass for the host.
    """
    if clean(given) != given or len(given) > 2000:
        return ""
    scheme, colon, rest = given.partition(":")
    if colon and scheme.lower() == "mailto":
        to = rest.partition("?")[0]
        return f"mailto:{to}" if _MAIL.fullmatch(to) else ""
    if not colon and _MAIL.fullmatch(given):
        return f"mailto:{given}"
    if scheme.lower() not in ("http", "https"):
        return ""
    try:
        parts = urlsplit(given)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        return ""
    if parts.username is not None or parts.password is not None:
        return ""
    if ":" in host:
        host = f"[{host}]"
    if not _HOST.fullmatch(host) or "\\" in given:
        return ""
    shown = f"{parts.scheme}://{host}"
    if port is not None:
        shown += f":{port}"
    shown += quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    for mark, piece in (("?", parts.query), ("#", parts.fragment)):
        if piece:
            shown += mark + quote(piece, safe="/%:@!$&'()*+,;=~-._?")
    return shown
