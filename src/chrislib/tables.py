"""Tables as people keep them: whatever separates the cells, however it is encoded."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chrislib.errors import ChrislibError

ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("cp1252", "Western European (Windows-1252)"),
    ("utf-16", "UTF-16"),
    ("iso8859-2", "Central European (ISO 8859-2)"),
    ("cp1251", "Cyrillic (Windows-1251)"),
    ("shift_jis", "Japanese (Shift JIS)"),
    ("gb18030", "Chinese (GB 18030)"),
    ("euc_kr", "Korean (EUC-KR)"),
)
SEPARATORS = ((",", "Comma"), (";", "Semicolon"), ("\t", "Tab"), ("|", "Bar"))
MOST_ROWS = 250_000
_MOST_BYTES = 128_000_000
_MOST_CELL = 10_000
_MOST_COLUMNS = 200
_SAMPLE_LINES = 60
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of a table as they stand in it.

    Attributes
    ----------
    rows : sequence of tuple of str
        Each with the cells it has; lines without any are left out.
    lines : sequence of int
        The line of the file each row begins in, from 1.
    encoding, separator : str
        How it was read.
    notes : tuple of str
        What a person should look at.
    """

    title: str
    rows: Sequence[tuple[str, ...]]
    lines: Sequence[int]
    encoding: str
    separator: str
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Cells of the widest row."""
        return max(map(len, self.rows), default=0)


def read_file(path: Path, *, encoding: str = "", separator: str = "") -> Table:
    """Return the table of a file (reads disk).

    Parameters
    ----------
    path : Path
        A text file.
    encoding, separator : str
        As a person chose; "" finds out.

    Raises
    ------
    ChrislibError
        It cannot be read, or is no table.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ChrislibError(
            f"{path.name} cannot be read.",
            f"{error.strerror or 'The disk did not answer'}. Nothing of it was used.",
            hint="Choose another file.",
        ) from error
    if len(raw) > _MOST_BYTES:
        raise _too_much(path.name, "is larger than 128 MB")
    return read_bytes(raw, title=path.name, encoding=encoding, separator=separator)


def read_bytes(
    raw: bytes, *, title: str, encoding: str = "", separator: str = ""
) -> Table:
    """Return the table of a file's content; see `read_file`."""
    if raw[:4] == b"PK\x03\x04" or raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise ChrislibError(
            f"{title} is a spreadsheet, not a CSV file.",
            "Nothing of it was used.",
            hint="Save it as CSV in the spreadsheet program, or copy its cells and "
            "choose Paste list.",
        )
    text, found, notes = _decode(raw, encoding)
    return read_text(
        text, title=title, encoding=found, separator=separator, notes=notes
    )


def read_text(
    text: str,
    *,
    title: str,
    encoding: str = "",
    separator: str = "",
    notes: tuple[str, ...] = (),
) -> Table:
    """Return the table of a text, e.g. of the clipboard; see `read_file`."""
    if text.count("\0") > len(text) // 100:
        raise ChrislibError(
            f"{title} is not a text file.",
            "Nothing of it was used.",
            hint="Save the table as CSV and open that.",
        )
    text = text.replace("\0", "")
    separator, text = _declared(text, separator)
    separator = separator or _separator(text)
    rows, lines = _cells(text, separator, title)
    if not rows:
        raise ChrislibError(
            f"{title} is empty.",
            "Nothing of it was used.",
            hint="Choose a file with a line for each row.",
        )
    return Table(title, rows, lines, encoding or "utf-8", separator, notes)


def _decode(raw: bytes, encoding: str) -> tuple[str, str, tuple[str, ...]]:
    if not encoding:
        for mark, name in _BOMS:
            if raw.startswith(mark):
                text = raw.decode(name, errors="replace")
                return text, name.removesuffix("-sig"), ()
    else:
        text = raw.decode(encoding, errors="replace").removeprefix("\ufeff")
        bad = text.count("\ufffd") - raw.count("\ufffd".encode())
        note = f"{bad:,} characters cannot be read so. Try another encoding."
        return text, encoding, (note,) if bad > 0 else ()
    try:
        return raw.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError:
        pass
    half = len(raw) // 2
    if half and raw[1::2].count(0) > half * 0.4:
        return raw.decode("utf-16-le", errors="replace"), "utf-16", ()
    if half and raw[::2].count(0) > half * 0.4:
        return raw.decode("utf-16-be", errors="replace"), "utf-16", ()
    return (
        raw.decode("cp1252", errors="replace"),
        "cp1252",
        ("This is not UTF-8. If names look wrong, choose another encoding.",),
    )


def _declared(text: str, separator: str) -> tuple[str, str]:
    """Take off the line "sep=;" with which spreadsheet programs help themselves."""
    match = re.match(r"sep=([^\n\r])\r?\n", text)
    if match is None:
        return separator, text
    # the line stays as an empty one, so that line numbers are the file's
    return separator or match[1], "\n" + text[match.end() :]


def _separator(text: str) -> str:
    """Return what separates the cells: what most lines have equally often."""
    lines = [line for line in text[:200_000].splitlines() if line.strip()]
    lines = lines[:_SAMPLE_LINES]
    best, best_score = ",", 0.0
    for mark, _ in SEPARATORS:
        counts = Counter(_outside_quotes(line, mark) for line in lines)
        counts.pop(0, None)
        if not counts:
            continue
        number, often = counts.most_common(1)[0]
        score = often / len(lines) + min(number, 20) / 1000
        if score > best_score:
            best, best_score = mark, score
    return best


def _outside_quotes(line: str, mark: str) -> int:
    if '"' not in line:
        return line.count(mark)
    return sum(part.count(mark) for part in line.split('"')[::2])


def _cells(
    text: str, separator: str, title: str
) -> tuple[list[tuple[str, ...]], list[int]]:
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    begins = 1
    # newlines inside of quotes belong to their cell: nothing is translated here
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for cells in reader:
            number, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            longest = max(map(len, cells))
            if longest > _MOST_CELL:
                raise _open_quote(title, number)
            if len(cells) > _MOST_COLUMNS:
                raise _too_much(title, f"has {len(cells):,} columns in line {number:,}")
            rows.append(tuple(cells))
            lines.append(number)
            if len(rows) > MOST_ROWS:
                raise _too_much(title, f"has more than {MOST_ROWS:,} rows")
    except csv.Error as error:
        raise _open_quote(title, begins) from error
    return rows, lines


def _open_quote(title: str, line: int) -> ChrislibError:
    return ChrislibError(
        f"{title} cannot be read from line {line:,} on.",
        "A quotation mark there is probably never closed. Nothing of it was used.",
        hint="Correct that line, or save the table as CSV again.",
    )


def _too_much(title: str, what: str) -> ChrislibError:
    return ChrislibError(
        f"{title} {what}.",
        "That is more than can be taken at once. Nothing of it was used.",
        hint="Split it into several files.",
    )
