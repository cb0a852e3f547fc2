"""The inspector: what is highlighted, its marks, keywords, notes, feeds and tags."""

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.tags import TagLine, read_tags
from chrislib.errors import ChrislibError
from chrislib.library.mine.model import Level, Mark, Row, RowId
from chrislib.views.context import ViewContext
from chrislib.views.library.mine import words
from chrislib.views.library.mine.facts import SEVERAL, facts_of, together
from chrislib.views.library.mine.feeds_box import FeedsBox
from chrislib.views.library.mine.inspector_parts import (
    KeywordBox,
    MarkBox,
    PictureBox,
    TagsBox,
)
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.section import Facts, Section
from chrislib.views.widgets.text import Label

_FOLDED = frozenset({"notes", "tags"})
"""Folded until somebody unfolds them."""
_WRITE_AFTER_MS = 2000
_TITLES = {Level.PATIENT: "Patient", Level.STUDY: "Study", Level.DATA: "Data"}


class _Notes(QPlainTextEdit):
    """A note; it is written when the cursor leaves, or typing stops."""

    written = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._kept = ""
        self.setObjectName("mine.notes")
        self.setAccessibleName("Notes")
        self.setTabChangesFocus(True)
        self.setFont(theme.font("small"))
        self.setFixedHeight(theme.px(84))
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WRITE_AFTER_MS)
        self._wait.timeout.connect(self.write)
        self.textChanged.connect(self._wait.start)

    def show_note(self, note: str, *, able: bool, hint: str) -> None:
        """Show another note; one that is being typed stays."""
        self.setReadOnly(not able)
        self.setPlaceholderText(hint)
        if note == self._kept and (self.hasFocus() or note == self.toPlainText()):
            return
        self._kept = note
        self.blockSignals(True)
        self.setPlainText(note)
        self.blockSignals(False)
        self._wait.stop()

    def write(self) -> None:
        """Tell of a note that was changed."""
        self._wait.stop()
        text = self.toPlainText()
        if text != self._kept and not self.isReadOnly():
            self._kept = text
            self.written.emit(text)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Write what was typed."""
        super().focusOutEvent(event)
        self.write()


class Inspector(QScrollArea):
    """What is highlighted, in folding sections.

    Signals
    -------
    marked : (ids, Mark)
        These rows are to be marked so.
    viewed
        View was pressed.
    keyword_left
        Esc in the field for keywords: the list has the focus again.
    """

    marked = Signal(object, object)
    viewed = Signal()
    keyword_left = Signal()
    folded_changed = Signal()

    def __init__(self, ctx: ViewContext, *, width: int = 304) -> None:
        super().__init__()
        self._ctx = ctx
        self._width = width
        theme = ctx.theme
        self._tasks = ctx.tasks("inspector")
        self._rows: tuple[Row, ...] = ()
        self._ids: tuple[RowId, ...] = ()
        self._tags_of: RowId | None = None
        self.setObjectName("mine.inspector")
        self.setAccessibleName("Inspector")
        self.setProperty("pane", True)
        self.setProperty("surface", "panel")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(264)
        self.setMaximumWidth(480)
        self.picture = PictureBox(theme)
        self._title = Label(theme, style="section", name="mine.inspector.title")
        self._title.setWordWrap(True)
        self._second = Label(
            theme, style="small", token="text.secondary", name="mine.inspector.second"
        )
        self._second.setWordWrap(True)
        self._view = button(
            theme, "View", icon="maximize", name="mine.inspector.view", small=True
        )
        self._marks = MarkBox(theme)
        self._facts = Facts(theme, share=84)
        self._keywords = KeywordBox(theme)
        self._notes = _Notes(theme)
        self._feeds = FeedsBox(ctx)
        self._tags = TagsBox(theme, hidden=lambda: bool(ctx.settings.get("hide_names")))
        self._add = icon_button(
            theme, "plus", name="mine.keyword.add", tooltip="Add keyword (K)", size=24
        )
        self._empty = Label(
            theme,
            "Highlight something to see what it is.",
            style="small",
            token="text.muted",
            wrap=True,
            name="mine.inspector.empty",
        )
        self._sections: dict[str, Section] = {}
        self._build()
        self._connect()
        self.show_rows((), ())

    def sizeHint(self) -> QSize:
        """Return the width it had last time."""
        return QSize(self._width, 400)

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return self._rows

    def show_rows(self, ids: Sequence[RowId], rows: Sequence[Row]) -> None:
        """Show what is highlighted; `rows` may hold only the first of many."""
        if tuple(ids) != self._ids:
            self._notes.write()
        self._ids, self._rows = tuple(ids), tuple(rows)
        hidden = bool(self._ctx.settings.get("hide_names"))
        self._empty.setVisible(not rows)
        self._head.setVisible(bool(rows))
        for name, section in self._sections.items():
            section.setVisible(bool(rows) and self._has(name))
        if not rows:
            return
        first = rows[0]
        one = len(ids) == 1
        self._title.setText(
            words.title(first, hidden=hidden) if one else together(rows, len(ids))
        )
        self._second.setText(words.second_line(first, hidden=hidden) if one else "")
        self._second.setVisible(one)
        self._marks.show_marks(
            stars=_shared([row.stars for row in rows]),
            flag=_shared([int(row.flag) for row in rows]),
            label=_shared([int(row.label) for row in rows]),
        )
        self._facts.show_facts(facts_of(rows, hidden=hidden))
        self._show_keywords(rows)
        notes = {row.note for row in rows}
        self._notes.show_note(
            notes.pop() if len(notes) == 1 else "",
            able=one,
            hint="Write a note" if one else SEVERAL,
        )
        self._view.setVisible(one)
        self._sections["series"].set_title(_TITLES.get(first.level, "Series"))
        self._feeds.show_row(first if one else None)
        self._read_tags()

    def show_picture(self, picture: QPixmap | None) -> None:
        """Show the picture of what is highlighted."""
        icon = words.icon(self._rows[0]) if self._rows else "image"
        self.picture.show_picture(picture, icon)

    def show_known(self, keywords: Sequence[str]) -> None:
        """Offer keywords while somebody types one."""
        self._keywords.show_known(keywords)

    def edit_keywords(self) -> None:
        """Put the cursor into the field for keywords."""
        section = self._sections["keywords"]
        section.set_open(True)
        self._keywords.edit()
        self.ensureWidgetVisible(section)

    def folds(self) -> dict[str, bool]:
        """Return which sections are open."""
        return {name: section.is_open for name, section in self._sections.items()}

    def show_folds(self, kept: object) -> None:
        """Open and fold sections as they were."""
        if isinstance(kept, dict):
            for name, section in self._sections.items():
                if isinstance(kept.get(name), bool):
                    section.set_open(kept[name])

    def write(self) -> None:
        """Keep a note that is being typed."""
        self._notes.write()

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()
        self._feeds.shutdown()

    def _build(self) -> None:
        theme = self._ctx.theme
        page = QWidget()
        page.setProperty("surface", "panel")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(0)
        self._head = QWidget()
        head = QVBoxLayout(self._head)
        head.setContentsMargins(16, 16, 16, 10)
        head.setSpacing(4)
        head.addWidget(self.picture)
        head.addSpacing(6)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._title, 1)
        line.addWidget(self._view, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(line)
        head.addWidget(self._second)
        head.addWidget(self._marks)
        self._empty.setContentsMargins(16, 16, 16, 16)
        column.addWidget(self._empty)
        column.addWidget(self._head)
        for name, title, content, tool in (
            ("series", "Series", self._facts, None),
            ("keywords", "Keywords", self._keywords, self._add),
            ("notes", "Notes", self._notes, None),
            ("feeds", "Used in feeds", self._feeds, None),
            ("tags", "DICOM tags", self._tags, None),
        ):
            section = Section(
                theme,
                title,
                content,
                name=f"mine.inspector.{name}",
                open_=name not in _FOLDED,
                tool=tool,
            )
            self._sections[name] = section
            column.addWidget(section)
        column.addStretch(1)
        self.setWidget(page)

    def _connect(self) -> None:
        self._view.clicked.connect(self.viewed)
        self._marks.starred.connect(lambda stars: self._mark(Mark(stars=stars)))
        self._add.clicked.connect(self.edit_keywords)
        self._keywords.added.connect(lambda one: self._mark(Mark(add_keywords=(one,))))
        self._keywords.removed.connect(
            lambda one: self._mark(Mark(remove_keywords=(one,)))
        )
        self._keywords.left.connect(self.keyword_left)
        self._notes.written.connect(lambda text: self._mark(Mark(note=text)))
        self._sections["tags"].toggled.connect(lambda _on: self._read_tags())
        for section in self._sections.values():
            section.toggled.connect(lambda _on: self.folded_changed.emit())
        self._feeds.counted.connect(
            lambda number: self._sections["feeds"].set_note(
                f"{number:,}" if number else "none"
            )
        )

    def _has(self, section: str) -> bool:
        row = self._rows[0]
        if section == "feeds":
            return len(self._ids) == 1 and row.level in (Level.SERIES, Level.DATA)
        if section == "tags":
            return len(self._ids) == 1 and row.level is Level.SERIES
        if section == "notes":
            return row.level in (Level.SERIES, Level.DATA)
        return True

    def _mark(self, mark: Mark) -> None:
        if self._ids:
            self.marked.emit(self._ids, mark)

    def _show_keywords(self, rows: Sequence[Row]) -> None:
        every = {one for row in rows for one in row.keywords}
        self._sections["keywords"].set_note("" if every else "none")
        shared = {one for one in every if all(one in row.keywords for row in rows)}
        self._keywords.show_keywords(
            sorted(shared, key=str.casefold), sorted(every - shared, key=str.casefold)
        )

    # --- tags -----------------------------------------------------------------

    def _read_tags(self) -> None:
        section = self._sections["tags"]
        row = self._rows[0] if len(self._ids) == 1 else None
        if row is None or row.level is not Level.SERIES or not section.is_open:
            return
        if row.row_id == self._tags_of:
            return
        self._tags_of = row.row_id
        self._tasks.cancel_all()
        self._tags.show_words("Reading …")
        section.set_note("")
        self._tasks.start(
            self._tags_lines(row),
            name="read tags",
            done=self._show_tags,
            failed=self._no_tags,
        )

    async def _tags_lines(self, row: Row) -> tuple[TagLine, ...]:
        """Read the tags of the image in the middle (disk; network)."""
        files = await self._ctx.my_library.files(row.row_id)
        if files:
            return await asyncio.to_thread(read_tags, files[len(files) // 2].path)
        sample = None
        if row.item is not None:
            sample = await self._ctx.library.sample_file(
                row.item, cache=self._ctx.paths.cache
            )
        if sample is None:
            raise ChrislibError(
                "The tags cannot be read now.", "The series is not on this computer."
            )
        try:
            return await asyncio.to_thread(read_tags, sample)
        finally:
            sample.unlink(missing_ok=True)

    def _show_tags(self, lines: tuple[TagLine, ...]) -> None:
        self._tags.show_tags(lines)
        self._sections["tags"].set_note(f"{len(lines):,}")

    def _no_tags(self, error: BaseException) -> None:
        self._tags_of = None
        if isinstance(error, ChrislibError):
            self._tags.show_words(f"{error.title} {error.detail}".strip())
        else:
            self._ctx.messages.failed(error)


def _shared(values: Sequence[int]) -> int:
    found = set(values)
    return found.pop() if len(found) == 1 else 0
