"""Text, JSON and tables: read in a thread, bounded, always shown as plain text."""

import csv
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    Qt,
)
from PySide6.QtGui import QImage, QImageReader, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QTreeView, QWidget

from chrislib.errors import ChrislibError
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme

TEXT_LIMIT = 2_000_000
TABLE_LIMIT = 40_000_000
TABLE_ROWS = 200_000
PICTURE_MEGABYTES = 1024
_BATCH = 500
_CHILDREN = 500

_KINDS = {
    "dicom": (".dcm", ".dicom", ".ima"),
    "nifti": (".nii", ".nii.gz", ".mgz", ".mgh"),
    "image": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"),
    "json": (".json",),
    "table": (".csv", ".tsv"),
    "text": (
        ".txt",
        ".log",
        ".md",
        ".bval",
        ".bvec",
        ".yml",
        ".yaml",
        ".xml",
        ".ini",
        ".toml",
        ".stats",
        ".html",
    ),
    "pdf": (".pdf",),
}


def kind_of(path: Path, hint: str = "") -> str:
    """Return how a local file is shown (reads the start of files without a known name).

    "dicom", "nifti", "image", "json", "table", "text", "pdf" or "other". A `hint` of
    "dicom" is believed, as DICOM files often have no ending.
    """
    name = path.name.lower()
    if hint == "dicom":
        return "dicom"
    for kind, endings in _KINDS.items():
        if name.endswith(endings):
            return kind
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
    except OSError:
        return hint or "other"
    if start[128:132] == b"DICM":
        return "dicom"
    if start.startswith(b"%PDF-"):
        return "pdf"
    if start and b"\0" not in start and _is_text(start):
        return "text"
    return hint if hint in ("nifti", "image") else "other"


def _is_text(start: bytes) -> bool:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character may be cut in two at the end of what was read
        return error.start > len(start) - 4
    return True


class FileTrouble(ChrislibError):
    """A file on this computer cannot be read."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """The start of a text file; `note` says what is left out."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table; the first row is its head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def _bytes(path: Path, limit: int) -> tuple[bytes, int]:
    try:
        with path.open("rb") as stream:
            content = stream.read(limit)
        return content, path.stat().st_size
    except OSError as error:
        raise FileTrouble(
            "This file cannot be read.",
            f"{error.strerror or type(error).__name__}.",
            hint="Fetch it again.",
        ) from error


def show_size(size: int) -> str:
    """Return bytes as "512 bytes", "6.4 kB", "12 MB" (decimal, two digits under 10)."""
    if size < 1000:
        return f"{size} bytes"
    amount = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"
    return ""


def read_text(path: Path, limit: int = TEXT_LIMIT) -> TextFile:
    """Read the start of a text file from disk; what is not UTF-8 is marked."""
    content, size = _bytes(path, limit)
    text = content.decode("utf-8-sig", errors="replace").replace("\0", "\ufffd")
    note = ""
    if size > len(content):
        note = f"The first {show_size(len(content))} of {show_size(size)} are shown."
    return TextFile(text, note)


def read_beginning(
    path: Path, kind: str, *, limit: int, lines: int, width: int
) -> TextFile:
    """Read so much of a text file from disk as a small look at it shows.

    JSON is indented, where that is all of it. Thousands of lines, and lines of
    thousands of characters, take a text box longer than a turn of the window.
    """
    found = read_text(path, limit)
    text, cut = found.text, bool(found.note)
    if kind == "json" and not cut:
        with suppress(ValueError, RecursionError):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    rows = text.split("\n", lines)
    if len(rows) > lines:
        rows, cut = rows[:lines], True
    if any(len(row) > width for row in rows):
        rows, cut = [f"{row[:width]}…" if row[width:] else row for row in rows], True
    note = f"The first {len(rows):,} lines are shown, in part." if cut else ""
    return TextFile("\n".join(rows), note)


def read_json(path: Path, limit: int = TABLE_LIMIT) -> Any:
    """Read a JSON file from disk; FileTrouble if it is none or too large."""
    content, size = _bytes(path, limit)
    if size > len(content):
        raise FileTrouble("This file is too large for the tree.")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileTrouble("This is not JSON.", "It is shown as text.") from error


def read_table(
    path: Path, *, limit: int = TABLE_LIMIT, rows: int = TABLE_ROWS
) -> TableFile:
    """Read a CSV or TSV file from disk, as far as the limits go."""
    content, size = _bytes(path, limit)
    text = content.decode("utf-8-sig", errors="replace").replace("\0", "\ufffd")
    delimiter = _delimiter(path, text)
    found: list[tuple[str, ...]] = []
    cut = size > len(content)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(found) > rows:
                cut = True
                break
            found.append(tuple(row))
    except csv.Error:
        cut = True
    while found and not any(found[-1]):
        found.pop()
    note = f"The first {len(found):,} rows are shown." if cut else ""
    if not found:
        return TableFile((), (), note)
    return TableFile(found[0], tuple(found[1:]), note)


def _delimiter(path: Path, text: str) -> str:
    if path.name.lower().endswith(".tsv"):
        return "\t"
    line = text.split("\n", 1)[0]
    return max((",", ";", "\t"), key=line.count)


def read_image(path: Path) -> QImage:
    """Read a PNG, JPEG, GIF or WebP from disk; FileTrouble with the reason."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    reader.setAllocationLimit(PICTURE_MEGABYTES)
    # the content decides, not the ending
    reader.setDecideFormatFromContent(True)
    image = reader.read()
    if image.isNull():
        raise FileTrouble(
            "This picture cannot be shown.",
            f"{reader.errorString()}.",
            hint="Open it with another program.",
        )
    if image.hasAlphaChannel():
        return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    return image.convertToFormat(QImage.Format.Format_RGB32)


class TableModel(QAbstractTableModel):
    """A `TableFile`, handed to the view in batches."""

    def __init__(self, table: TableFile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._given = min(_BATCH, len(table.rows))
        self._columns = max(
            [len(table.head), *(len(row) for row in table.rows)], default=0
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        """Return the rows handed out so far."""
        return 0 if parent.isValid() else self._given

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the widest row's cells."""
        return 0 if parent.isValid() else self._columns

    def canFetchMore(self, parent: Index) -> bool:
        """Whether there are rows not handed out yet."""
        return not parent.isValid() and self._given < len(self._table.rows)

    def fetchMore(self, _parent: Index) -> None:
        """Hand out the next batch."""
        more = min(_BATCH, len(self._table.rows) - self._given)
        self.beginInsertRows(QModelIndex(), self._given, self._given + more - 1)
        self._given += more
        self.endInsertRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text."""
        if not index.isValid():
            return None
        row = self._table.rows[index.row()]
        cell = row[index.column()] if index.column() < len(row) else ""
        if role == Qt.ItemDataRole.DisplayRole:
            return cell
        if role == Qt.ItemDataRole.TextAlignmentRole and _is_number(cell):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the head's words, or the row number."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1)
        head = self._table.head
        return head[section] if section < len(head) else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class JsonTree(QTreeView):
    """JSON as a folded tree; branches are filled when they are opened."""

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName("JSON")
        self.setFont(theme.font("mono"))
        self.setUniformRowHeights(True)
        self.setStyleSheet(f"QTreeView::item {{ min-height: {theme.px(26)}px; }}")
        self.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        self._items = QStandardItemModel(self)
        self._items.setHorizontalHeaderLabels(["Name", "Value"])
        self.setModel(self._items)
        self.expanded.connect(self._fill)

    def show_value(self, value: Any) -> None:
        """Show a parsed JSON value, its first level open."""
        self._items.removeRows(0, self._items.rowCount())
        root = self._items.invisibleRootItem()
        _add_children(root, value)
        if self._items.rowCount() == 1:
            self.expand(self._items.index(0, 0))
        self.setColumnWidth(0, 280)

    def _fill(self, index: QModelIndex) -> None:
        item = self._items.itemFromIndex(index.siblingAtColumn(0))
        held = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if item is not None and held is not None:
            item.setData(None, Qt.ItemDataRole.UserRole)
            item.removeRows(0, item.rowCount())
            _add_children(item, held[0])


def _pairs(value: Any) -> Sequence[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return [(str(number), one) for number, one in enumerate(value)]
    return [("", value)]


def _add_children(parent: QStandardItem, value: Any) -> None:
    pairs = _pairs(value)
    for key, one in pairs[:_CHILDREN]:
        name = QStandardItem(str(key))
        if isinstance(one, (dict, list)):
            brackets = "{{{}}}" if isinstance(one, dict) else "[{}]"
            words = QStandardItem(brackets.format(len(one) or ""))
            if one:
                # kept in a tuple: Qt would turn a dict into its own map
                name.setData((one,), Qt.ItemDataRole.UserRole)
                name.appendRow([QStandardItem("")])
        else:
            words = QStandardItem(json.dumps(one, ensure_ascii=False))
        parent.appendRow([name, words])
    if len(pairs) > _CHILDREN:
        parent.appendRow([QStandardItem(f"{len(pairs) - _CHILDREN:,} more")])
