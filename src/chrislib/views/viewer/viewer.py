"""The viewer: stacks, volumes, pictures, text, tables; keys and menu in one place."""

import asyncio
from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.errors import DicomError
from chrislib.dicom.render import Window
from chrislib.dicom.volume import Opened
from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.viewer.document_page import DocumentPage
from chrislib.views.viewer.entries import Entry, gather
from chrislib.views.viewer.pages import PLAY_MS, PicturePage
from chrislib.views.viewer.planes_page import PlanesPage
from chrislib.views.viewer.side_page import MOST, SidePage, letter
from chrislib.views.viewer.stack_page import StackPage
from chrislib.views.viewer.strip import Strip
from chrislib.views.viewer.toolbar import Toolbar
from chrislib.views.viewer_content import ViewContent
from chrislib.views.widgets.skeleton import Skeleton

_FAR = 10


class Viewer(QWidget):
    """Shows one `ViewContent`; `back_requested` asks the shell to lead back."""

    back_requested = Signal()

    def __init__(self, ctx: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._theme = ctx.theme
        self._tasks = ctx.tasks("viewer")
        self._content: ViewContent | None = None
        self._entries: tuple[Entry, ...] = ()
        self._current = -1
        self._actions: list[QAction] = []
        self.setObjectName("viewer")
        self.setAccessibleName("Viewer")
        self.setProperty("surface", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.toolbar = Toolbar(ctx.theme)
        self.strip = Strip(ctx)
        self.stack_page = StackPage(ctx)
        self.side_page = SidePage(ctx)
        self.planes_page = PlanesPage(ctx)
        self._picture_pages: tuple[StackPage, SidePage, PlanesPage] = (
            self.stack_page,
            self.side_page,
            self.planes_page,
        )
        self.document_page = DocumentPage(ctx)
        self._waiting = Skeleton(ctx.theme, picture=True)
        self._player = QTimer(self)
        self._player.setInterval(PLAY_MS)
        self._player.timeout.connect(self._play_on)
        self._build()
        self._connect()
        self._make_actions()

    # --- what the shell calls ------------------------------------------------

    def show_content(self, content: ViewContent) -> None:
        """Look at local files; they are read in threads."""
        self._stop()
        self._content = content
        self._entries, self._current = (), -1
        self.toolbar.show_title(content.title)
        self.strip.show_entries(())
        self.toolbar.show_kind(pictures=False, planes=False)
        self._pages.setCurrentWidget(self._waiting)
        count = len(content.paths)
        self._waiting.start(f"Reading {count:,} files" if count > 1 else "Reading")
        self._tasks.start(self._gather(content), name="gather", failed=self._failed)

    def refresh_names(self) -> None:
        """Read again whether patient names are hidden."""
        self.stack_page.refresh_names()
        self.side_page.refresh_names()

    def commands(self) -> list[QAction]:
        """Return the viewer's commands for palette and menu."""
        return list(self._actions)

    def toggle_left(self) -> None:
        """Fold or unfold the strip."""
        self.strip.fold(not self.strip.isHidden())

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        pages = (*self._picture_pages, self.document_page)
        return (
            self._tasks.pending
            + self.strip.pending
            + sum(page.pending for page in pages)
        )

    def shutdown(self) -> None:
        """Stop everything that reads."""
        self._stop()
        for page in (*self._picture_pages, self.document_page):
            page.shutdown()

    # --- building ------------------------------------------------------------

    def _build(self) -> None:
        self._pages = QStackedWidget()
        for page in (self._waiting, *self._picture_pages, self.document_page):
            self._pages.addWidget(page)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.toolbar)
        right.addWidget(self._pages, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.strip)
        row.addLayout(right, 1)

    def _connect(self) -> None:
        bar = self.toolbar
        bar.back.connect(self.back_requested)
        bar.tool_chosen.connect(self._tool)
        bar.preset_chosen.connect(self._choose_window)
        bar.reset.connect(lambda: self._on_page(lambda p: p.reset()))
        bar.invert.connect(lambda: self._on_page(lambda p: p.toggle_invert()))
        bar.play.connect(self._toggle_play)
        bar.texts_toggled.connect(
            lambda on: self._on_page(lambda p: p.set_texts_shown(on))
        )
        bar.full_screen.connect(self._full_screen)
        bar.layout_chosen.connect(self._layout)
        bar.linked.connect(self.side_page.set_linked)
        self.side_page.activated.connect(self._view_chosen)
        self.strip.chosen.connect(self._show_entry)
        for page in self._picture_pages:
            page.menu_requested.connect(self._menu)
            page.presets_changed.connect(self._presets)
        self.planes_page.failed.connect(self._volume_failed)

    def _make_actions(self) -> None:
        page = self._on_page
        table: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("Previous image", "Up", lambda: page(lambda p: p.step(-1))),
            ("Next image", "Down", lambda: page(lambda p: p.step(1))),
            ("10 images back", "PgUp", lambda: page(lambda p: p.step(-_FAR))),
            ("10 images on", "PgDown", lambda: page(lambda p: p.step(_FAR))),
            ("First image", "Home", lambda: page(lambda p: p.step(-(1 << 30)))),
            ("Last image", "End", lambda: page(lambda p: p.step(1 << 30))),
            ("Previous series", "Left", lambda: self._series(-1)),
            ("Next series", "Right", lambda: self._series(1)),
            ("Play, stop", "Space", self._toggle_play),
            ("", "", lambda: None),
            ("Window tool", "W", lambda: self._tool("window")),
            ("Pan tool", "M", lambda: self._tool("pan")),
            ("Zoom tool", "Z", lambda: self._tool("zoom")),
            ("Invert", "I", lambda: page(lambda p: p.toggle_invert())),
            ("Overlay text", "V", self.toolbar.toggle_texts),
            ("Overlay on, off", "O", self._toggle_overlay),
            ("Link views", "S", self.toolbar.toggle_link),
            ("Reset view", "R", lambda: page(lambda p: p.reset())),
            ("", "", lambda: None),
            ("Single", "E", lambda: self._layout("single")),
            ("Compare", "C", lambda: self._layout("compare")),
            ("Three planes", "Q", lambda: self._layout("planes")),
            ("Full screen", "F", self._full_screen),
            ("Back", "G", self.back_requested.emit),
        )
        self._overlay = True
        for words, key, call in table:
            action = QAction(words, self)
            if words:
                action.setShortcut(QKeySequence(key))
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                action.triggered.connect(lambda _on=False, call=call: call())
                action.setObjectName(f"viewer.action.{words.lower()}")
            else:
                action.setSeparator(True)
            self._actions.append(action)
        for number in range(1, 10):
            action = QAction(f"Window preset {number}", self)
            action.setShortcut(QKeySequence(f"Alt+{number}"))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(
                lambda _on=False, number=number: self.toolbar.choose_preset(number - 1)
            )
            self._pages.addAction(action)
        # only pages of pictures answer single keys: text keeps its own
        for page_widget in self._picture_pages:
            page_widget.addActions(self._actions)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer G over text; Esc is the shell's."""
        if event.key() == Qt.Key.Key_G and not event.modifiers():
            self.back_requested.emit()
        else:
            super().keyPressEvent(event)

    # --- opening -------------------------------------------------------------

    async def _gather(self, content: ViewContent) -> None:
        entries, opened = await asyncio.to_thread(gather, content)
        self._waiting.stop(lambda: self._show_entries(content, entries, opened))

    def _show_entries(
        self,
        content: ViewContent,
        entries: tuple[Entry, ...],
        opened: Opened | None,
    ) -> None:
        if content is not self._content:
            return  # something else was opened meanwhile
        self._entries = entries
        if not entries:
            self._nothing(content, opened)
            return
        self.strip.show_entries(entries)
        self.side_page.close_all()
        self.toolbar.show_linking(False)
        if opened is not None and opened.failed:
            count = len(opened.failed)
            self._ctx.messages.warning(
                f"{count} file could not be read"
                if count == 1
                else f"{count:,} files could not be read",
                "The others are shown.",
            )
        if content.layout != "single" and self._can_compare():
            self._side_by_side(content.layout)
        else:
            self.strip.choose(0)

    def _nothing(self, content: ViewContent, opened: Opened | None) -> None:
        first = content.paths[0] if content.paths else None
        error: ChrislibError = DicomError("There is nothing to look at here.")
        if opened is not None and opened.failed:
            error = opened.failed[0][1]
        self.document_page.show_trouble(error, first)
        self._pages.setCurrentWidget(self.document_page)

    def _show_entry(self, row: int) -> None:
        if not 0 <= row < len(self._entries) or row == self._current:
            return
        self._current = row
        entry = self._entries[row]
        self._stop_playing()
        if self.page is self.side_page:
            self._show_in_view(entry)
            return
        page: QWidget
        if entry.stack is not None:
            self.stack_page.open_stack(entry.stack)
            page = self.stack_page
        elif entry.kind == "image":
            self.stack_page.open_files(entry.paths, entry.title)
            page = self.stack_page
        elif entry.kind == "nifti":
            self.planes_page.open_path(entry.paths[0], entry.title)
            page = self.planes_page
        else:
            self.document_page.open_path(entry.paths[0], entry.kind, entry.title)
            page = self.document_page
        self.toolbar.show_kind(
            pictures=page is not self.document_page,
            planes=page is self.planes_page,
            compare=entry.leafs and self._can_compare(),
        )
        self._pages.setCurrentWidget(page)
        self._presets()
        if page is self.stack_page:
            self.stack_page.canvas.setFocus()
        elif page is self.planes_page:
            self.planes_page.canvases["axial"].setFocus()

    # --- side by side --------------------------------------------------------

    def _can_compare(self) -> bool:
        return sum(entry.leafs for entry in self._entries) > 1

    def _side_by_side(self, layout: str) -> None:
        """Show the current stack and the next one, or all, in one page."""
        stacks = [entry for entry in self._entries if entry.leafs]
        if layout == "compare":
            first = self._entries[max(self._current, 0)]
            at = stacks.index(first) if first in stacks else 0
            at = min(at, len(stacks) - 2)
            shown = stacks[at : at + 2]
        else:
            shown = stacks[:MOST]
            if len(stacks) > MOST:
                self._ctx.messages.info(
                    f"The first {MOST} of {len(stacks):,} series are shown",
                    "The others are in the strip: choose one to see it in a view.",
                )
        self._stop_playing()
        self._pages.setCurrentWidget(self.side_page)
        self.toolbar.show_kind(pictures=True, planes=False, compare=True)
        self.toolbar.show_layout("compare")
        self.toolbar.show_linking(True)
        self.side_page.open(shown)
        self.side_page.focus()

    def _show_in_view(self, entry: Entry) -> None:
        """Show what was chosen in the strip in the active view."""
        if entry.leafs:
            self.side_page.show_in_active(entry)
            self.side_page.focus()
        else:
            self._leave_side()

    def _view_chosen(self, number: int) -> None:
        """Follow the active view in the strip, which says what is in which view."""
        shown = self.side_page.entries
        self._current = self._entries.index(shown[number])
        views: dict[int, str] = {}
        for place, entry in enumerate(shown):
            row = self._entries.index(entry)
            views[row] = ", ".join(filter(None, (views.get(row), letter(place))))
        self.strip.mark(self._current, views)

    def _leave_side(self) -> None:
        """Show the current series alone again."""
        row = max(self._current, 0)
        self._pages.setCurrentWidget(self._waiting)
        self.side_page.close_all()
        self.toolbar.show_linking(False)
        self.toolbar.show_layout("single")
        self.strip.mark(row, {})
        self._current = -1
        self._show_entry(row)

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, ChrislibError):
            first = self._content.paths[0] if self._content else None
            self.document_page.show_trouble(error, first)
            self._pages.setCurrentWidget(self.document_page)
        else:
            self._ctx.messages.failed(error)

    def _volume_failed(self, error: BaseException) -> None:
        entry = self._entries[self._current] if self._entries else None
        if isinstance(error, ChrislibError) and entry is not None:
            self.document_page.show_trouble(error, entry.paths[0])
            self._pages.setCurrentWidget(self.document_page)
            self.toolbar.show_kind(pictures=False, planes=False)
        else:
            self._ctx.messages.failed(error)

    # --- doing ---------------------------------------------------------------

    @property
    def page(self) -> PicturePage | None:
        """The page of pictures on show, if one is."""
        current = self._pages.currentWidget()
        return current if isinstance(current, PicturePage) else None

    def _on_page(self, act: Callable[[PicturePage], object]) -> None:
        if self.page is not None:
            act(self.page)

    def _choose_window(self, window: Window | None) -> None:
        self._on_page(lambda p: p.set_window(window))

    def _tool(self, tool: str) -> None:
        self.toolbar.show_tool(tool)
        for page in self._picture_pages:
            page.set_tool(tool)

    def _presets(self) -> None:
        page = self.page or self.stack_page
        self.toolbar.show_presets(page.presets)

    def _toggle_overlay(self) -> None:
        self._overlay = not self._overlay
        self._on_page(lambda p: p.set_overlay_shown(self._overlay))

    def _layout(self, key: str) -> None:
        side = self.page is self.side_page
        if key == "compare":
            if not side and self.page is self.stack_page and self._can_compare():
                self._side_by_side("compare")
            return
        if side:
            self._leave_side()
            return
        self.toolbar.show_layout(key)
        self._on_page(lambda p: p.set_single(key == "single"))

    def _series(self, by: int) -> None:
        if self.page is not None and self.page.turn(by):
            return
        row = self._current + by
        if 0 <= row < len(self._entries):
            self.strip.choose(row)

    def _full_screen(self) -> None:
        window = self.window()
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def _toggle_play(self) -> None:
        if self._player.isActive():
            self._stop_playing()
        elif self.page is not None and self.page.count > 1:
            self._player.start()
            self.toolbar.show_playing(True)

    def _stop_playing(self) -> None:
        self._player.stop()
        self.toolbar.show_playing(False)

    def _play_on(self) -> None:
        page = self.page
        if page is None or page.count < 2:
            self._stop_playing()
        else:
            page.go((page.index + 1) % page.count)

    def _menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.addActions(self._actions)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def _stop(self) -> None:
        self._stop_playing()
        self.strip.stop()
        self._tasks.cancel_all()
