"""What became of a work list, as a table for a spreadsheet program."""

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.library.names import clean
from chrislib.library.worklist.model import RowState

STATE_WORDS = {
    RowState.WAITING: "Not asked yet",
    RowState.REFUSED: "Refused",
    RowState.MISSING: "Missing",
    RowState.AMBIGUOUS: "Ambiguous",
    RowState.FOUND: "Found",
    RowState.PULLING: "On the way",
    RowState.STOPPED: "Stopped",
    RowState.PULLED: "Pulled",
}
HEADS = (
    *("Line", "Result", "Reason", "Found patient ID", "Found name", "Studies"),
    *("Accession numbers", "Series", "Series in library", "Images", "PACS"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet program takes for a formula (CWE-1236).

    What would be one gets an apostrophe before it; numbers stay numbers.
    """
    text = clean(text)
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text if text.isascii() else f"'{text}"


def report_text(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return the report: every cell safe, every row in its place."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([safe_cell(head) for head in heads])
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return stream.getvalue()


def write_report(folder: Path, name: str, text: str) -> Path:
    """Write a report under a name nobody has yet; return its path (disk).

    The file is the user's alone: it holds names. With its mark at the beginning
    spreadsheet programs read it as UTF-8.

    Raises
    ------
    ChrislibError
        It cannot be written; nothing is left behind.
    """
    temporary: Path | None = None
    try:
        descriptor, made = tempfile.mkstemp(dir=folder, prefix=".report-")
        temporary = Path(made)
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as stream:
            stream.write(text)
        number = 1
        while True:
            tail = f" ({number})" if number > 1 else ""
            path = folder / f"{name}{tail}.csv"
            try:
                os.link(temporary, path)
            except FileExistsError:
                number += 1
                continue
            return path
    except OSError as error:
        raise ChrislibError(
            "The report was not written.",
            f"{error.strerror or 'The disk refused it'}. The list stays as it is.",
            hint="Choose another folder.",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
