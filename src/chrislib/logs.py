"""The program's log: one rotating file, with secrets taken out of every line."""

import logging
import logging.handlers
import re
from pathlib import Path

_SECRETS = re.compile(
    r"\b[0-9a-f]{40}\b"  # API tokens of CUBE
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+"  # download tokens (JWT)
    r"|(?<=token=)[^&\s\"']+"
)


class _Redact(logging.Formatter):
    """Format a record, tracebacks included, and black out tokens."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line as it is written."""
        return _SECRETS.sub("<redacted>", super().format(record))


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
    # These two name every URL, and URLs hold paths with patients' names in them.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    return handler
