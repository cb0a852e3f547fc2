"""What is dragged: items of the Library between views, files into the window."""

import json
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData
from PySide6.QtGui import QDropEvent

ITEMS = "application/x-chrislib-items"
"""JSON list of ids of the Library's items."""


def items_data(ids: Sequence[str], data: QMimeData | None = None) -> QMimeData:
    """Return what a drag of items carries, added to `data` where that is given."""
    made = data if data is not None else QMimeData()
    made.setData(ITEMS, QByteArray(json.dumps(list(ids)).encode()))
    return made


def dragged_items(data: QMimeData) -> list[str]:
    """Return the ids of the items in a drag; none where it carries something else."""
    if not data.hasFormat(ITEMS):
        return []
    try:
        ids = json.loads(bytes(data.data(ITEMS).data()))
    except ValueError:
        return []
    if not isinstance(ids, list):
        return []
    return [one for one in ids if isinstance(one, str)]


def dropped_paths(event: QDropEvent) -> list[Path]:
    """Return the local files and folders of a drag; none for other things."""
    urls = event.mimeData().urls()
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
