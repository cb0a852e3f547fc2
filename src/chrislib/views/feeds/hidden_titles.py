"""Titles of feeds while patients' names are hidden: they often hold one."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from chrislib.feeds.collect_model import Row
from chrislib.views.context import ViewContext

_BETWEEN = " · "
"""Stands between the parts of a subject."""


class HiddenTitles(QObject):
    """Says whether titles are hidden, and when that changes.

    Parameters
    ----------
    page : QWidget
        Everything is painted anew when names are hidden or shown; so is this.
    """

    changed = Signal()

    def __init__(self, context: ViewContext, page: QWidget) -> None:
        super().__init__(page)
        self._context = context
        self._was = self.on
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.changed)
        page.installEventFilter(self)

    @property
    def on(self) -> bool:
        """Whether names are hidden."""
        return bool(self._context.settings.get("hide_names"))

    def title(self, feed_id: int, title: str) -> str:
        """Return what a feed is called now."""
        return f"Feed {feed_id}" if self.on or not title else title

    @property
    def naming(self) -> Callable[[Iterable[Row]], list[Row]]:
        """What calls rows as they are called now; of thousands it is for a thread."""
        return _all_nameless if self.on else list

    def eventFilter(self, _page: QObject, event: QEvent) -> bool:
        """Notice that names were hidden or shown."""
        if event.type() == QEvent.Type.Paint and self.on is not self._was:
            self._was = self.on
            self._soon.start()
        return False


def _all_nameless(rows: Iterable[Row]) -> list[Row]:
    return [_nameless(row) for row in rows]


def _nameless(row: Row) -> Row:
    """Return a row that is called by its feed's number; its key stays."""
    source = row.source
    words, title = f"Feed {source.feed_id}", source.feed_title
    subject, node = row.subject, source.node
    if title and subject.startswith(title):
        subject = words + subject[len(title) :]
    if node is not None and node.title:
        # that of the first node is mostly that of the feed
        name = f"{node.plugin_name} {node.id}"
        parts = subject.split(_BETWEEN)
        subject = _BETWEEN.join(name if p == node.title else p for p in parts)
    return replace(
        row, subject=subject, source=replace(source, feed_title=words, subject=subject)
    )


def named(rows: Iterable[Row], known: Iterable[Row]) -> list[Row]:
    """Return rows with the titles they have in `known`, by feed and node."""
    titled = {row.file_key: row for row in known}
    found: list[Row] = []
    for row in rows:
        as_known = titled.get(row.file_key)
        found.append(
            row
            if as_known is None
            else replace(row, source=as_known.source, subject=as_known.subject)
        )
    return found
