"""Browse Files over a storage in memory: big folders, sorting, the tree, places."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import ServerUnreachable
from chrislib.library.storage.model import Key
from chrislib.views.context import ViewContext
from chrislib.views.library.files.arranging import NAME, SIZE, arranged
from chrislib.views.library.files.crumbs import Breadcrumb
from chrislib.views.library.files.page import FilesPage
from chrislib.views.library.files.room import DropStack
from chrislib.views.library.files.ticks import Ticks
from chrislib.views.library.opening import ItemOpener
from chrislib.views.widgets.dragging import dragged_items
from tests.gui.conftest import Aio
from tests.unit.library.storage_fakes import Rig

UP = "home/alex/uploads"
_W = TypeVar("_W", bound=QWidget)


def find(parent: QWidget, kind: type[_W], name: str = "") -> _W:
    """Return a widget below another, which must be there."""
    found = parent.findChild(kind, name) if name else parent.findChild(kind)
    assert isinstance(found, kind)
    return found


class NoFiles:
    """Feeds whose files cannot be fetched."""

    @property
    def outputs(self) -> "NoFiles":
        return self

    async def fetch(self, _entry: Any, **_others: Any) -> Path:
        raise ServerUnreachable("Nothing is fetched here.")


class Stage:
    """The page on screen."""

    def __init__(self, qtbot: QtBot, ctx: ViewContext, rig: Rig) -> None:
        self.qtbot, self.rig = qtbot, rig
        parts: Any = {
            "storage": rig.service(),
            "library": rig.library,
            "feeds": NoFiles(),
        }
        self.ctx = replace(ctx, **parts)
        self.opener = ItemOpener(self.ctx)
        self.page = self.make()
        self.ctx.navigator.requested.connect(
            lambda place: self.page.show_payload(place.payload)
        )

    def make(self) -> FilesPage:
        """Return a page as a fresh window has it."""
        page = FilesPage(self.ctx, self.opener)
        self.qtbot.addWidget(page)
        self.qtbot.addWidget(page.inspector)
        page.resize(1216, 700)
        page.show()
        self.qtbot.waitExposed(page)
        return page

    def until(self, condition: Any) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)

    def show(self, path: str) -> None:
        """Show a folder, all of it."""
        self.page.show_payload(path)
        self.until(lambda: self.at(path))

    def at(self, path: str) -> bool:
        """Whether a folder is shown, all of it."""
        folder = self.page.folder
        return folder is not None and folder.path == path and self.page.complete

    def labels(self) -> list[str]:
        """Return the names of the rows."""
        return [entry.label for entry in self.page.model.shown]

    def foot(self) -> str:
        """Return the line below the rows."""
        return find(self.page, QLabel, "files.foot").text()

    def filter(self, text: str) -> None:
        """Type into the filter."""
        find(self.page, QLineEdit, "files.filter").setText(text)


@pytest.fixture
def stage(qtbot: QtBot, ctx: ViewContext) -> Iterator[Stage]:
    found = Stage(qtbot, ctx, Rig())
    yield found
    found.page.shutdown()
    found.opener.shutdown()
    qtbot.wait(0)


def test_a_folder_of_20_000_files_is_all_there_sorted_and_filtered(
    stage: Stage,
) -> None:
    stage.rig.folders.many(f"{UP}/big", 20_000)
    stage.show(f"{UP}/big")
    assert stage.foot().startswith("20,000 entries")
    assert stage.labels()[:3] == ["img0.dcm", "img1.dcm", "img2.dcm"]
    assert stage.labels()[-1] == "img19999.dcm"
    model, table = stage.page.model, stage.page.table
    wanted = model.find("img77.dcm")
    table.setCurrentIndex(wanted)
    key = model.shown[wanted.row()].key
    # twice on the head: the largest first; what was highlighted stays so
    for downwards in (False, True):
        table.head.sectionClicked.emit(2)
        stage.until(lambda down=downwards: model.arranged == (2, down))
    sizes = [entry.size or 0 for entry in model.shown]
    assert sizes == sorted(sizes, reverse=True)
    assert [entry.key for entry in stage.page.highlighted()] == [key]
    stage.filter("IMG777")
    stage.until(lambda: len(model.shown) == 11)
    assert all("img777" in label for label in stage.labels())
    stage.filter("no such thing")
    stage.until(lambda: find(stage.page, QLabel, "state.title").isVisible())
    assert stage.page.escape()
    stage.until(lambda: len(model.shown) == 20_000)
    assert not stage.page.escape()


@pytest.mark.parametrize("downwards", [False, True])
def test_runs_that_are_sorted_apart_make_one_order(
    stage: Stage, aio: Aio, downwards: bool
) -> None:
    stage.rig.folders.many(f"{UP}/mixed", 2_500)
    stage.show(f"{UP}/mixed")
    model = stage.page.model
    mixed = list(model.everything)
    random.Random(7).shuffle(mixed)
    sizes = {entry.key: number % 3 for number, entry in enumerate(mixed)}

    def by_size(key: Key) -> int:
        return sizes[key]

    named = aio.run(arranged(mixed, NAME, downwards=downwards))
    names = [model.index_of(key).row() for key in named]
    assert names == sorted(names, reverse=downwards)
    some = [replace(entry, size=sizes[entry.key]) for entry in mixed]
    found = aio.run(arranged(some, SIZE, downwards=downwards))
    by_name = aio.run(arranged(mixed, NAME, downwards=False))
    assert found == sorted(by_name, key=by_size, reverse=downwards)


def test_the_tree_asks_for_a_few_folders_at_a_time(stage: Stage) -> None:
    folders = stage.rig.folders
    for number in range(311):
        folders.folder(f"{UP}/many/f{number:03d}")
    stage.show(f"{UP}/many/f305")
    tree, view = stage.page.tree.tree, stage.page.tree

    def children(path: str) -> list[str]:
        node = next((n for n in tree.nodes() if n.entry and n.entry.path == path), None)
        return [tree.index_of(one).data() for one in node.children] if node else []

    # the one that is shown is there, though its page was not asked for
    stage.until(lambda: "f305" in children(f"{UP}/many"))
    shown = children(f"{UP}/many")
    assert shown[0] == "f000"
    assert shown[-1] == "Show 211 more"
    node = next(n for n in tree.nodes() if n.entry and n.entry.path == f"{UP}/many")
    more = tree.index_of(node.children[-1])
    view.scrollTo(more)
    spot = view.visualRect(more).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    stage.until(lambda: children(f"{UP}/many")[-1] == "Show 111 more")
    # nothing twice, and the place the person looks at is not taken away
    names = children(f"{UP}/many")[:-1]
    assert len(names) == len(set(names)) == 201


def test_where_one_was_and_how_it_was_sorted_is_kept(stage: Stage) -> None:
    stage.rig.folders.file(f"{UP}/study/a.txt")
    stage.show(f"{UP}/study")
    stage.page.table.head.sectionClicked.emit(3)
    stage.until(lambda: stage.page.model.arranged == (3, False))
    stage.page.shutdown()
    stage.page = stage.make()
    stage.page.show_payload(None)
    stage.until(lambda: stage.at(f"{UP}/study"))
    assert stage.page.model.order == (3, False)


def test_a_folder_gone_and_a_server_gone_leave_what_is_shown(
    stage: Stage, posted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = stage.rig.folders
    folders.file(f"{UP}/study/<b>a<i>.txt")
    stage.show(f"{UP}/study")
    assert stage.labels() == ["<b>a<i>.txt"]
    index = stage.page.model.index(0, 0)
    tooltip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;" in tooltip
    stage.page.show_payload(f"{UP}/nothing/here")
    stage.until(lambda: posted)
    assert posted[0].title == "There is nothing at this path."
    assert stage.labels() == ["<b>a<i>.txt"]

    async def unreachable(*_args: Any, **_kwargs: Any) -> Any:
        raise ServerUnreachable("The server does not answer.")

    monkeypatch.setattr(folders, "page", unreachable)
    stage.page.refresh()
    stage.until(lambda: len(posted) > 1)
    assert posted[1].title == "The server does not answer."
    assert stage.labels() == ["<b>a<i>.txt"]
    monkeypatch.undo()
    # another look finds what came, and loses what went, in place
    folders._drop(f"{UP}/study/<b>a<i>.txt")
    folders.file(f"{UP}/study/b.txt")
    stage.page.refresh()
    stage.until(lambda: stage.labels() == ["b.txt"])


def test_a_path_can_be_typed_and_left(stage: Stage) -> None:
    stage.rig.folders.file(f"{UP}/study/a.txt")
    stage.show(UP)
    table = stage.page.table
    table.setFocus()
    QTest.keyClicks(table, "/")
    crumbs = find(stage.page, Breadcrumb)
    field = find(stage.page, QLineEdit, "files.path")
    stage.until(lambda: crumbs.editing)
    assert field.text() == UP
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not crumbs.editing
    crumbs.edit()
    field.setText(f" /{UP}/study/ ")
    QTest.keyClick(field, Qt.Key.Key_Return)
    stage.until(lambda: stage.at(f"{UP}/study"))
    QTest.keyClick(table, Qt.Key.Key_Backspace)
    stage.until(lambda: stage.at(UP))


def test_boxes_say_what_is_ticked_above_and_below(stage: Stage) -> None:
    partly, checked = Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked
    ticks = Ticks([f"{UP}/study"])
    assert ticks.state(f"{UP}/study") == ticks.state(f"{UP}/study/a/b") == checked
    assert ticks.state(UP) == partly
    assert ticks.state(f"{UP}/study2") == Qt.CheckState.Unchecked
    for name in ("a.txt", "b.txt"):
        stage.rig.folders.file(f"{UP}/study/{name}")
    stage.show(f"{UP}/study")
    page = stage.page
    row = page.table.visualRect(page.model.index(0, 0))
    box = QPoint(row.left() + 22, row.center().y())
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    tray = stage.rig.library.tray
    stage.until(lambda: len(tray.ids) == 1)
    assert tray.items()[0].title == "a.txt"
    page.desk.key("Shift+T")
    stage.until(lambda: len(tray.ids) == 2)
    page.desk.key("Shift+T")
    stage.until(lambda: not tray.ids)
    # a drag carries items the tray can take; one that is not dropped there is forgotten
    data = page.model.mimeData([page.model.index(0, 0), page.model.index(1, 0)])
    carried = dragged_items(data)
    known = stage.rig.library.known
    stage.until(lambda: len(known) == 2 and set(known) == set(carried))
    tray.add(*list(known)[:1])
    page.model.drag_over()
    stage.until(lambda: len(known) == 1)


def test_files_of_this_computer_are_dropped_on_folders_only(
    stage: Stage, tmp_path: Path
) -> None:
    local = tmp_path / "scan.txt"
    local.write_text("x")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(local))])
    folders = stage.rig.folders
    folders.folder(f"{UP}/study/in")
    folders.file(f"{UP}/study/scan.txt")
    stage.show(f"{UP}/study")
    model, copy = stage.page.model, Qt.DropAction.CopyAction
    nowhere = QModelIndex()
    folder, file = model.index(0, 0), model.index(1, 0)
    assert model.canDropMimeData(data, copy, -1, -1, folder)
    assert model.canDropMimeData(data, copy, -1, -1, nowhere)
    assert not model.canDropMimeData(data, copy, -1, -1, file)
    # rows are moved into other folders, never into themselves
    rows = model.mimeData([folder])
    assert not model.canDropMimeData(rows, copy, -1, -1, folder)
    assert model.canDropMimeData(model.mimeData([file]), copy, -1, -1, folder)
    model.dropMimeData(data, copy, -1, -1, nowhere)
    submitted = stage.rig.submitted
    stage.until(lambda: submitted)
    assert [one.remote for one in submitted[0].files] == [f"{UP}/study/scan-2.txt"]
    # an empty folder has no rows to drop on
    stage.show(f"{UP}/study/in")
    stack = find(stage.page, DropStack)
    where = QPointF(stack.rect().center())
    entered = QDragEnterEvent(
        where.toPoint(), copy, data, Qt.MouseButton.LeftButton, _NO_KEYS
    )
    stack.dragEnterEvent(entered)
    assert entered.isAccepted()
    stack.dropEvent(QDropEvent(where, copy, data, Qt.MouseButton.LeftButton, _NO_KEYS))
    stage.until(lambda: len(submitted) == 2)
    assert [one.remote for one in submitted[1].files] == [f"{UP}/study/in/scan.txt"]


_NO_KEYS = Qt.KeyboardModifier.NoModifier
