"""The program's log: one rotating file, with secrets taken out of every line.

Of an exception it tells the type and where it came from, never its message: that
quotes paths, addresses and values, and any of them may name a patient.
"""

import logging
import logging.handlers
import re
import traceback
from pathlib import Path
from types import TracebackType

_SECRETS = re.compile(
    r"\b[0-9a-f]{40}\b"  # API tokens of CUBE
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+"  # download tokens (JWT)
    r"|(?<=token=)[^&\s\"']+"
)
_TALKATIVE = ("httpx", "httpcore", "websockets", "qasync", "PIL", "pydicom")
"""Libraries that name addresses, answers or values, and those hold patients' names."""
_Raised = tuple[type[BaseException], BaseException, TracebackType | None]


class _Redact(logging.Formatter):
    """Format a record, tracebacks included, and black out tokens."""

    def formatException(self, ei: _Raised | tuple[None, None, None]) -> str:
        """Return the types of an exception and its causes, and where they passed."""
        return "\nthen\n".join(_told(ei[1], set()))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line as it is written."""
        # Another handler may have kept its own words of the exception.
        kept, record.exc_text = record.exc_text, None
        try:
            return _SECRETS.sub("<redacted>", super().format(record))
        finally:
            record.exc_text = kept


def _told(error: BaseException | None, met: set[int]) -> list[str]:
    """Return an exception and what led to it, the first one first."""
    if error is None or id(error) in met:
        return []
    met.add(id(error))
    hidden = error.__suppress_context__
    before = _told(error.__cause__ or (None if hidden else error.__context__), met)
    passed = traceback.format_list(traceback.extract_tb(error.__traceback__))
    lines = ["Traceback:\n", *passed, _kind(error)]
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            lines += ["\nof\n", "\nthen\n".join(_told(one, met))]
    return [*before, "".join(lines)]


def _kind(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    number = getattr(error, "errno", None)
    return f"{kind} (errno {number})" if isinstance(number, int) else kind


def start_log(folder: Path, *, level: int = logging.INFO) -> logging.Handler:
    """Send the log of this process to ``folder/chrislib.log`` (disk).

    Parameters
    ----------
    folder : Path
        Made if it is not there. Five files of 1 MB are kept.
    level : int
        Lowest level that is written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = logging.handlers.RotatingFileHandler(
        folder / "chrislib.log", maxBytes=1_000_000, backupCount=4, encoding="utf-8"
    )
    handler.setFormatter(_Redact("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler
