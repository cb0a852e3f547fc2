"""The Library pane over a real service, a real catalog and fake neighbours."""

import importlib.util
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from chrislib.catalog.catalog import Catalog
from chrislib.library.history_book import HistoryBook
from chrislib.library.mine.service import MyLibrary
from chrislib.library.service import LibraryService
from chrislib.views.context import ViewContext
from chrislib.views.library.pane import LibraryPane

PICTURES = Path(__file__).resolve().parents[3] / "build" / "pictures"


def _load() -> ModuleType:
    """Return the fakes of the unit tests; test folders are no packages."""
    name = "library_fakes"
    if name not in sys.modules:
        path = Path(__file__).resolve().parents[2] / "unit/library/conftest.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """The module with the fakes and makers."""
    return _load()


class Stage:
    """A pane on screen and what is behind it."""

    def __init__(self, qtbot: QtBot, ctx: ViewContext, neighbours: Any) -> None:
        self.qtbot = qtbot
        self.ctx = ctx
        self.jobs = neighbours.jobs
        self.session = neighbours.session
        self.pacs = neighbours.session.pacs
        self.library: LibraryService = ctx.library
        self.places: list[Any] = []
        self.pane = LibraryPane(ctx)
        qtbot.addWidget(self.pane)
        self.pane.setProperty("surface", "window")
        self.pane.resize(1216, 852)
        ctx.navigator.requested.connect(self._go)
        self.pane.show()
        qtbot.waitExposed(self.pane)

    def find(self, kind: type[Any], name: str) -> Any:
        found = self.pane.findChild(kind, name)
        assert found is not None, f"no {name}"
        return found

    def until(self, condition: Any, timeout: int = 30_000) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)

    def picture(self, name: str) -> None:
        """Grab the pane for people to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.qtbot.wait(60)  # the last repaint; nothing is asserted on it
        self.pane.grab().save(str(PICTURES / f"{name}-{self.ctx.theme.name}.png"))

    def _go(self, place: Any) -> None:
        from chrislib.views.navigation import ShowLibrary

        self.places.append(place)
        if isinstance(place, ShowLibrary):
            self.pane.show_section(place.section, place.payload)


@pytest.fixture
def neighbours(tmp_path: Path, aio: Any, made: ModuleType) -> Iterator[Any]:
    """Fakes over a catalog of this test."""
    catalog = Catalog(tmp_path / "catalog.db")
    aio.run(catalog.open())
    found = made.Neighbours(catalog, made.FakeJobs(), made.FakeLibrarySession())
    found.pacs.patients = made.some_patients()
    yield found
    aio.run(catalog.close())


@pytest.fixture
def library(neighbours: Any, aio: Any, fakes: Any) -> Iterator[LibraryService]:
    """The real service, put into the view context."""
    service: LibraryService = neighbours.service()
    aio.run(service.start())
    fakes.library = service
    fakes.session = neighbours.session
    book = HistoryBook(
        catalog=neighbours.catalog,
        library=service,
        session=neighbours.session,
        jobs=neighbours.jobs,
    )
    aio.run(book.start())
    fakes.history = book
    mine = MyLibrary(
        catalog=neighbours.catalog,
        library=service,
        jobs=neighbours.jobs,
        session=neighbours.session,
        processes=0,
    )
    aio.run(mine.start())
    fakes.my_library = mine
    yield service
    aio.run(mine.stop())
    aio.run(book.close())
    aio.run(service.stop())


@pytest.fixture
def stage(
    qtbot: QtBot, library: LibraryService, ctx: ViewContext, neighbours: Any, aio: Any
) -> Iterator[Stage]:
    """The pane, shown."""
    found = Stage(qtbot, replace(ctx, now=time.time), neighbours)
    yield found
    found.pane.shutdown()
    qtbot.wait(0)
