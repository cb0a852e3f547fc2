"""A command line cut into words as a shell would, but with places kept. Pure."""

from dataclasses import dataclass

_ESCAPED_IN_QUOTES = '"\\$`\n'


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `start` to `end` is the piece of text it was read from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A piece that cannot be cut, and why."""

    start: int
    end: int
    message: str


def tokenize(text: str) -> tuple[list[Token], list[Unreadable]]:
    """Cut `text` into words: quotes, backslashes and line continuations as in sh."""
    tokens: list[Token] = []
    problems: list[Unreadable] = []
    index = 0
    while index < len(text):
        if text[index].isspace():
            index += 1
            continue
        if text.startswith("\\\n", index):
            index += 2
            continue
        start = index
        word, index, problem = _word(text, start)
        if problem:
            problems.append(Unreadable(start, index, problem))
        else:
            tokens.append(Token(word, start, index))
    return tokens, problems


def _word(text: str, start: int) -> tuple[str, int, str]:
    """Read one word; return it, where it ends and what is wrong with it."""
    out: list[str] = []
    index = start
    while index < len(text) and not text[index].isspace():
        char = text[index]
        if char == "\\":
            if text.startswith("\\\n", index):
                index += 2
                continue
            if index + 1 == len(text):
                return "".join(out), len(text), "The last backslash escapes nothing."
            out.append(text[index + 1])
            index += 2
        elif char in "'\"":
            piece, index = _quoted(text, index)
            if index < 0:
                mark = "double" if char == '"' else "single"
                return "", len(text), f"A {mark} quote is not closed."
            out.append(piece)
        else:
            out.append(char)
            index += 1
    return "".join(out), index, ""


def _quoted(text: str, start: int) -> tuple[str, int]:
    """Read a quoted piece; return it and the index after it, -1 when it is open."""
    mark = text[start]
    out: list[str] = []
    index = start + 1
    while index < len(text):
        char = text[index]
        if char == mark:
            return "".join(out), index + 1
        if (
            mark == '"'
            and char == "\\"
            and index + 1 < len(text)
            and text[index + 1] in _ESCAPED_IN_QUOTES
        ):
            if text[index + 1] != "\n":
                out.append(text[index + 1])
            index += 2
            continue
        out.append(char)
        index += 1
    return "", -1
