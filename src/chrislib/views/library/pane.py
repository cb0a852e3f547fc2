"""The Library pane: its sections, made when they are first shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.files.page import FilesPage
from chrislib.views.library.items_page import ItemsPage
from chrislib.views.library.lookup_place import LookupPlace
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.overview import Overview
from chrislib.views.library.reference_page import ReferencePage
from chrislib.views.library.upload_page import UploadPage
from chrislib.views.widgets.thumbs import ThumbStore


class _Section(Protocol):
    def shutdown(self) -> None: ...

    def focus_filter(self) -> None: ...


_ITEMS = ("all", "patients", "studies", "series", "previous")


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
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
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
            "overview", "pacs", "upload", "reference", or a list of My Library.
        payload : object
            Criteria or a `Lookup` for "pacs", local paths for "upload", a storage
            path for "files".
        """
        key = "items" if section in _ITEMS else section
        page = self._page(key)
        self._section = section
        self._pages.setCurrentWidget(page)
        if isinstance(page, ItemsPage):
            page.show_section(section, payload)
        elif isinstance(page, FilesPage | LookupPlace | ReferencePage):
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
        if isinstance(page, FilesPage | Overview | ReferencePage | ItemsPage):
            page.refresh()

    def escape(self) -> bool:
        """Leave what the section is in the middle of (Esc)."""
        page = self._pages.currentWidget()
        return isinstance(page, FilesPage) and page.escape()

    def shutdown(self) -> None:
        """Cancel what the pane has started; jobs go on."""
        for page in self._made.values():
            cast("_Section", page).shutdown()
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
                "files": lambda: FilesPage(self._ctx, self._opener),
                "items": lambda: ItemsPage(
                    self._ctx, self._opener, thumbs=self._thumbs
                ),
            }
            page = makers.get(key, makers["overview"])()
            self._made[key] = page
            self._pages.addWidget(page)
        return page


def _paths(payload: object) -> list[Path]:
    if isinstance(payload, (list, tuple)):
        return [path for path in payload if isinstance(path, Path)]
    return []
