"""The Library pane: its sections, made when they are first shown."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeGuard, cast

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.library.mine.model import Level, RowId
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.lookup_place import LookupPlace
from chrislib.views.library.mine.gathering import Gathering
from chrislib.views.library.mine.page import MinePage
from chrislib.views.library.mine.sections import is_mine
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.overview import Overview
from chrislib.views.library.reference_page import ReferencePage
from chrislib.views.library.upload_page import UploadPage
from chrislib.views.models.gathered import Places
from chrislib.views.widgets.thumbs import ThumbStore

if TYPE_CHECKING:
    from chrislib.views.library.files.page import FilesPage


class _Section(Protocol):
    def shutdown(self) -> None: ...

    def focus_filter(self) -> None: ...


class LibraryPane(QWidget):
    """Overview, PACS Lookup, Upload Data, Reference Data and My Library."""

    def __init__(self, ctx: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.setObjectName("library")
        self.setAccessibleName("Library")
        self._archives = ArchiveChoice(ctx, self)
        self._opener = ItemOpener(ctx, self)
        self._thumbs = ThumbStore(ctx, self)
        self._pages = QStackedWidget()
        self._made: dict[str, QWidget] = {}
        self._section = ""
        self._gathering: Gathering | None = None
        self.side = QWidget()
        """What stands right of the section; whoever has this pane may place it."""
        beside = QVBoxLayout(self.side)
        beside.setContentsMargins(0, 0, 0, 0)
        self._side_shown = ctx.layout.get("mine.inspector") is not False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._pages, 1)
        row.addWidget(self.side)
        self.show_section("overview")

    @property
    def section(self) -> str:
        """The section that is shown."""
        return self._section

    def show_section(self, section: str, payload: object = None) -> None:
        """Show a section, with what it should show there.

        Parameters
        ----------
        section : str
            "overview", "pacs", "upload", "reference", "files", or one of My Library.
        payload : object
            Criteria or a `Lookup` for "pacs", local paths for "upload", a storage
            path for "files".
        """
        key = "mine" if is_mine(section) else section
        page = self._page(key)
        self._section = section
        self._pages.setCurrentWidget(page)
        self._show_side()
        if isinstance(page, MinePage):
            page.show_section(section, payload)
        elif _is_files(page) or isinstance(page, LookupPlace | ReferencePage):
            page.show_payload(payload)
        elif isinstance(page, UploadPage):
            page.show_payload(_paths(payload))

    def focus_filter(self) -> None:
        """Put the cursor into the filter of the section (Ctrl+F)."""
        cast("_Section", self._pages.currentWidget()).focus_filter()

    def primary(self) -> None:
        """Press the section's primary button (Ctrl+Return)."""
        page = self._pages.currentWidget()
        if isinstance(page, LookupPlace | UploadPage):
            page.primary()

    def refresh(self) -> None:
        """Look again (F5)."""
        page = self._pages.currentWidget()
        shown = Overview | ReferencePage | MinePage
        if _is_files(page) or isinstance(page, shown):
            page.refresh()

    def escape(self) -> bool:
        """Leave what the section is in the middle of (Esc)."""
        if self._opener.stop():
            return True
        page = self._pages.currentWidget()
        return (_is_files(page) or isinstance(page, MinePage)) and page.escape()

    def undo(self) -> bool:
        """Take the last change of marks or collections back (Ctrl+Z)."""
        page = self._pages.currentWidget()
        return isinstance(page, MinePage) and page.undo()

    def redo(self) -> bool:
        """Do again what was taken back (Ctrl+Shift+Z)."""
        page = self._pages.currentWidget()
        return isinstance(page, MinePage) and page.redo()

    def use_places(self, places: Places) -> None:
        """Fill My Library's part of the left panel, and answer it."""
        self._gathering = Gathering(
            self._ctx, places, shown=lambda: self._section, parent=self
        )

    def folded(self, side: str) -> bool:
        """Return whether the inspector ("right") is folded."""
        return side == "right" and not self._side_shown

    def fold(self, side: str, folded: bool) -> None:
        """Fold or show the inspector."""
        if side == "right":
            self._side_shown = not folded
            self._show_side()

    def toggle_right(self) -> None:
        """Fold or show the inspector by hand: it stays so."""
        self.fold("right", self._side_shown)
        self._ctx.layout.put("mine.inspector", self._side_shown)

    def _show_side(self) -> None:
        page, shown = self._pages.currentWidget(), False
        for one in self._made.values():
            if _is_files(one) or isinstance(one, MinePage):
                one.inspector.setVisible(one is page)
                shown = shown or one is page
        self.side.setVisible(shown and self._side_shown)

    def shutdown(self) -> None:
        """Cancel what the pane has started; jobs go on."""
        for page in self._made.values():
            cast("_Section", page).shutdown()
        if self._gathering is not None:
            self._gathering.shutdown()
        self._opener.shutdown()
        self._thumbs.shutdown()
        self._archives.shutdown()

    def _page(self, key: str) -> QWidget:
        page = self._made.get(key)
        if page is None:
            makers: dict[str, Callable[[], QWidget]] = {
                "overview": lambda: Overview(self._ctx, self._archives),
                "pacs": lambda: LookupPlace(
                    self._ctx, self._archives, self._opener, thumbs=self._thumbs
                ),
                "upload": lambda: UploadPage(self._ctx),
                "reference": lambda: ReferencePage(
                    self._ctx, self._opener, thumbs=self._thumbs
                ),
                "files": self._make_files,
                "mine": self._make_mine,
            }
            page = makers.get(key, makers["overview"])()
            self._made[key] = page
            self._pages.addWidget(page)
        return page

    def _make_files(self) -> "FilesPage":
        # seldom the first thing that is shown: it does not delay the start
        from chrislib.views.library.files.page import FilesPage

        page = FilesPage(self._ctx, self._opener)
        self._put_beside(page.inspector)
        return page

    def _put_beside(self, inspector: QWidget) -> None:
        beside = self.side.layout()
        if beside is not None:
            beside.addWidget(inspector)

    def _make_mine(self) -> MinePage:
        page = MinePage(self._ctx, self._opener, thumbs=self._thumbs)
        self._put_beside(page.inspector)
        page.inspector_asked.connect(lambda: self.fold("right", False))
        page.new_collection_asked.connect(self._new_collection)
        return page

    def _new_collection(self, level: Level, ids: list[RowId]) -> None:
        if self._gathering is not None:
            self._gathering.new_collection(level, ids)


def _is_files(page: QWidget | None) -> "TypeGuard[FilesPage]":
    """Whether a page is Browse Files, without loading it."""
    return page is not None and page.objectName() == "library.files"


def _paths(payload: object) -> list[Path]:
    if isinstance(payload, (list, tuple)):
        return [path for path in payload if isinstance(path, Path)]
    return []
