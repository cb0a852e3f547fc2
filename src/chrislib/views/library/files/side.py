"""What is highlighted: a look at it, its facts, and who may see it."""

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chrislib.aio import Breather
from chrislib.cube.folder_types import Grant
from chrislib.errors import ChrislibError
from chrislib.library import words as counted
from chrislib.library.storage import rules
from chrislib.library.storage.model import Entry, Leads
from chrislib.views.context import ViewContext
from chrislib.views.library.files import words
from chrislib.views.library.files.handing import Handing
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.preview import Preview
from chrislib.views.widgets.section import Facts, Section
from chrislib.views.widgets.text import ElidedLabel, Label, line

PREVIEW_BYTES = 64_000_000
"""Larger files are looked at only when asked for."""
VIEWABLE = frozenset({"dicom", "nifti", "image", "table", "json", "text"})
_STEP = 500
_PAUSE = 0.15
"""Seconds a row stays highlighted before its file is fetched: keys run down lists."""


class Side(QWidget):
    """The right panel of Browse Files."""

    view_pressed = Signal()
    get_pressed = Signal()
    share_pressed = Signal()
    feed_pressed = Signal(int, object)

    def __init__(self, ctx: ViewContext, handing: Handing) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._handing = handing
        self._tasks = ctx.tasks("files inspector")
        self._looking = ctx.tasks("files look")
        self._entry: Entry | None = None
        self._looked = False
        self.setObjectName("files.side")
        self.setAccessibleName("Inspector")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(264)
        self.setMaximumWidth(480)
        self.preview = Preview(ctx)
        self.preview.setFixedHeight(theme.px(292))
        self._name = ElidedLabel(theme, style="section", name="files.side.name")
        self.view_button = button(
            theme, "View", icon="maximize", name="files.side.view",
            tooltip="Open in the viewer (E)", small=True,
        )  # fmt: skip
        self.get_button = button(
            theme, "Get …", icon="download", name="files.side.get",
            tooltip="Save in a folder of this computer (D)", small=True,
        )  # fmt: skip
        self.share_button = button(
            theme, "Share …", icon="users", name="files.side.share",
            tooltip="Say who may see it", small=True,
        )  # fmt: skip
        self._facts = Facts(theme, share=84)
        self._feed = button(theme, "", kind="quiet", name="files.side.feed", small=True)
        self._who = Label(theme, style="small", token="text.secondary", wrap=True)
        self._hint = Label(
            theme,
            "Rename, move and delete are in the menu; delete lists what goes with it "
            "first.",
            style="caption",
            token="text.muted",
            wrap=True,
        )
        self._build(ctx)
        self.view_button.clicked.connect(self.view_pressed)
        self.get_button.clicked.connect(self.get_pressed)
        self.share_button.clicked.connect(self.share_pressed)
        self._feed.clicked.connect(self._show_feed)
        self.preview.setStyleSheet("QPlainTextEdit { border: none; border-radius: 0 }")
        self.show_entries((), None)

    @property
    def entry(self) -> Entry | None:
        """The one entry that is shown."""
        return self._entry

    def show_entries(self, entries: Sequence[Entry], folder: Entry | None) -> None:
        """Show one entry, how many are highlighted, or the folder with none of them."""
        self._tasks.cancel_all()
        if len(entries) > 1 or (folder is None and not entries):
            self._entry, self._looked = None, False
            self._looking.cancel_all()
            self._show_many(entries)
            return
        entry = entries[0] if entries else folder
        assert entry is not None
        same = self._entry is not None and self._entry.key == entry.key
        self._entry = entry
        self._name.setText(entry.label)
        self._facts.show_facts(_facts(entry))
        self._show_feed_of(entry)
        if not same:
            self._who.setText("")
        self.get_button.setEnabled(entry.leads is not Leads.NOWHERE)
        viewable = entry.leads is Leads.FOLDER or words.kind(entry) in VIEWABLE
        self.view_button.setEnabled(viewable and not entry.closed)
        problem = self._ctx.storage.access.may_share(entry)
        self.share_button.setEnabled(not problem)
        self.share_button.setToolTip(problem or "Say who may see it")
        if not entries:
            self._looking.cancel_all()
            self.preview.show_message("Highlight a file to look at it here.")
        elif not same or not self._looked:
            self._look(entry)
        self._looked = bool(entries)
        self._tasks.start(self._ask_who(entry), name="who sees it", failed=_quiet)

    def sizeHint(self) -> QSize:
        """Return the width of a fresh inspector."""
        return QSize(304, 600)

    def shutdown(self) -> None:
        """Stop reading."""
        self._tasks.cancel_all()
        self._looking.cancel_all()
        self.preview.shutdown()

    # --- inside -----------------------------------------------------------------

    def _show_many(self, entries: Sequence[Entry]) -> None:
        count = len(entries)
        self._name.setText(words.entries(count) if count else "")
        self._facts.show_facts([])
        self._tasks.start(self._add_up(entries), name="add up")
        self._feed.hide()
        self._who.setText("")
        self.view_button.setEnabled(False)
        self.get_button.setEnabled(bool(count))
        self.share_button.setEnabled(False)
        self.share_button.setToolTip("Highlight one entry to say who may see it")
        self.preview.show_message("Highlight one to look at it." if count else "")

    async def _add_up(self, entries: Sequence[Entry]) -> None:
        """Say what thousands of entries come to without holding up the window."""
        breather = Breather()
        size = folders = 0
        for number, entry in enumerate(entries, 1):
            size += entry.size or 0
            folders += entry.leads is Leads.FOLDER
            if number % _STEP == 0:
                await breather.rest()
        facts = [("Folders", f"{folders:,}")] if folders else []
        facts += [("Size", counted.size(size))] if size else []
        self._facts.show_facts(facts)

    def _show_feed_of(self, entry: Entry) -> None:
        feed = rules.feed_of(entry.path)
        self._feed.setVisible(feed is not None)
        if feed is not None:
            self._feed.setText(f"Show feed {feed}")

    def _show_feed(self) -> None:
        if self._entry is not None:
            feed = rules.feed_of(self._entry.path)
            if feed is not None:
                self.feed_pressed.emit(feed, rules.node_of(self._entry.path))

    def _look(self, entry: Entry) -> None:
        self._looking.cancel_all()
        found = words.kind(entry)
        show = self.preview.show_message
        if found == "gone":
            show(
                "Target gone", icon="ghost",
                detail="What this link stands for is not on the server any more.",
            )  # fmt: skip
        elif entry.closed:
            show(
                "Not open to you", icon="ban",
                detail="The owner of what it stands for has not shared it with you.",
            )  # fmt: skip
        elif found == "folder":
            show("Folder", icon="folder-open", detail="Return opens it.")
        elif found not in VIEWABLE:
            detail = "Get it to open it with another program."
            show("No preview", icon="file", detail=detail)
        elif entry.size is not None and entry.size > PREVIEW_BYTES:
            detail = f"It has {counted.size(entry.size)}. View opens it."
            show("Too large for a preview", detail=detail)
        else:
            show("", icon="loader-circle")
            self._looking.start(
                self._fetch(entry), name="fetch", failed=self._not_fetched
            )

    async def _fetch(self, entry: Entry) -> None:
        await asyncio.sleep(_PAUSE)
        path = await self._handing.bring(entry, limit=PREVIEW_BYTES)
        if self._entry is not None and self._entry.key == entry.key:
            self.preview.show_file(path, words.kind(entry), entry.label)

    def _not_fetched(self, error: BaseException) -> None:
        if isinstance(error, ChrislibError):
            words_ = " ".join(part for part in (error.detail, error.hint) if part)
            self.preview.show_message(error.title, icon="triangle-alert", detail=words_)
            return
        self._ctx.messages.failed(error)

    async def _ask_who(self, entry: Entry) -> None:
        await asyncio.sleep(_PAUSE)
        if entry.is_link:
            found = await self._ctx.storage.resolve(entry)
            if self._entry is not None and self._entry.key == entry.key:
                self._facts.show_facts(_facts(found))
        grants = await self._ctx.storage.access.grants(entry)
        if self._entry is not None and self._entry.key == entry.key:
            self._who.setText(who_words(entry, grants))

    def _build(self, ctx: ViewContext) -> None:
        theme = ctx.theme
        buttons = QHBoxLayout()
        buttons.setContentsMargins(16, 0, 16, 12)
        buttons.setSpacing(8)
        for one in (self.view_button, self.get_button, self.share_button):
            buttons.addWidget(one)
        buttons.addStretch(1)
        name = QHBoxLayout()
        name.setContentsMargins(16, 12, 16, 8)
        name.addWidget(self._name, 1)
        inner = QWidget()
        facts = QVBoxLayout(inner)
        facts.setContentsMargins(0, 0, 0, 0)
        facts.setSpacing(4)
        facts.addWidget(self._facts)
        feed = QHBoxLayout()
        feed.setContentsMargins(0, 0, 0, 0)
        feed.addWidget(self._feed)
        feed.addStretch(1)
        facts.addLayout(feed)
        body = QWidget()
        body.setProperty("surface", "panel")
        body.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(name)
        column.addLayout(buttons)
        column.addWidget(Section(theme, "File", inner, name="files.side.facts"))
        column.addWidget(Section(theme, "Open to", self._who, name="files.side.who"))
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 12)
        foot.addWidget(self._hint, 1)
        column.addLayout(foot)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        # The three buttons, also in large type, and the bar beside them.
        bar = area.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(max(264, body.minimumSizeHint().width() + bar))
        area.viewport().setAutoFillBackground(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.preview)
        whole.addWidget(line())
        whole.addWidget(area, 1)


def who_words(entry: Entry, grants: Sequence[Grant]) -> str:
    """Return who may see an entry, in a sentence."""
    named = [grant.name + (" (may change it)" if grant.right == "w" else "")
             for grant in grants]  # fmt: skip
    said = [f"{entry.thing.owner}, who owns it"]
    if named:
        shown = ", ".join(named[:5])
        said.append(shown + (f" and {len(named) - 5} more" if len(named) > 5 else ""))
    if entry.thing.public:
        said.append("everybody, also without signing in")
    return "; ".join(said) + "."


def _facts(entry: Entry) -> list[tuple[str, str]]:
    facts = [("Type", words.type_words(entry))]
    if entry.size is not None:
        facts.append(("Size", counted.size(entry.size)))
    if words.moment(entry):
        facts.append(("Made", words.moment(entry)))
    facts.append(("Owner", entry.thing.owner))
    node = rules.node_of(entry.path)
    if node is not None:
        facts.append(("Made by", f"node {node}, feed {rules.feed_of(entry.path)}"))
    if entry.is_link:
        facts.append(("Leads to", words.full_path(entry.thing.target)))
    facts.append(("Path", words.full_path(entry.thing.path)))
    return facts


def _quiet(_error: BaseException) -> None:
    """Say nothing: who sees it is not known, which is no trouble."""
