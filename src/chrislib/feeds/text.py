"""Log and command text made fit to be shown: no tokens, no terminal codes."""

import re

_AFTER_NAME = re.compile(
    r"(?i)((?:CHRIS_USER_TOKEN|CHRIS_TOKEN|auth[_-]?token|Authorization:\s*Token)"
    r"[\"']?\s*[=:,]?\s*[\"']?\s*)[0-9a-f]{40}\b"
)
_BARE = re.compile(r"\b[0-9a-f]{40}\b", re.IGNORECASE)
_NAMED = re.compile(r"(?i)CHRIS_USER_TOKEN|Authorization|auth[_-]?token")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

REDACTED = "[token removed]"


def redact(text: str) -> str:
    """Return text without API tokens.

    A plugin can print its environment, which holds its owner's token (cube-api.md
    trap 3). A token right after its name goes; where such a name occurs at all, every
    word that looks like a token goes as well, on the same line.
    """
    text = _AFTER_NAME.sub(lambda match: match.group(1) + REDACTED, text)
    if not _NAMED.search(text):
        return text
    lines = [
        _BARE.sub(REDACTED, line) if _NAMED.search(line) else line
        for line in text.split("\n")
    ]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return text without terminal codes; a line redrawn in place is kept once."""
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")]
    return _CONTROL.sub("", "\n".join(lines))


def show_log(text: str) -> str:
    """Return a program's log as the window shows it."""
    return redact(plain(text))
