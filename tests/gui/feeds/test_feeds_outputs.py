"""Outputs in the Feeds module: narrowed, ordered, carried on, of one node or of all."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDrag
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from chrislib.cube.types import StoragePath
from chrislib.library.storage.model import Entry
from chrislib.library.storage.service import StorageService
from chrislib.views.feeds.output_head import FEED, TABLE, TREE
from chrislib.views.feeds.output_view import OutputView
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.widgets.dragging import dragged_items


class MemoryStorage:
    """The tray's side of the storage, in memory."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.offered: list[str] = []

    def ticked(self) -> frozenset[str]:
        return frozenset(self.paths)

    async def tick(self, entries: Sequence[Entry]) -> None:
        self.paths |= {one.path for one in entries}

    async def untick(self, entries: Sequence[Entry]) -> None:
        self.paths -= {one.path for one in entries}

    async def offer(self, entries: Sequence[Entry]) -> None:
        self.offered += [one.path for one in entries]

    async def withdraw(self, entries: Sequence[Entry]) -> None:
        self.offered = []

    def item_of(self, entry: Entry) -> Any:
        library: Any = None
        session: Any = type("Offline", (), {"client": None})()
        return StorageService(session=session, jobs=library, library=library).item_of(
            entry
        )


@pytest.fixture
def storage(fakes: Any) -> MemoryStorage:
    """What outputs are ticked in."""
    fakes.storage = MemoryStorage()
    return fakes.storage  # type: ignore[no-any-return]


@pytest.fixture
def outputs(
    qtbot: QtBot, storage: MemoryStorage, library: Any, feeds: Any, pane: FeedsPane
) -> OutputView:
    """The outputs of node 3, all listed."""
    kept: list[Any] = []

    async def keep(items: Sequence[Any]) -> None:
        kept.extend(items)

    library.keep, library.kept = keep, kept
    pane.show_feed(812, 3)
    found = pane.centre.outputs
    qtbot.waitUntil(lambda: found.loader.complete and found.model.count() > 5)
    qtbot.waitUntil(lambda: not found.loader._arranging.pending)
    return found


def names(outputs: OutputView) -> list[str]:
    """Return the names in the rows, from the top."""
    model = outputs.model
    return [str(model.index(row, 0).data()) for row in range(model.count())]


def wait_names(qtbot: QtBot, outputs: OutputView, wanted: Sequence[str]) -> None:
    qtbot.waitUntil(lambda: names(outputs) == list(wanted))


def test_words_and_kinds_narrow_the_tree_with_its_folders(
    qtbot: QtBot, outputs: OutputView
) -> None:
    field, kind = outputs.head.field, outputs.head.kind
    QTest.keyClicks(field, "000 DCM")
    wait_names(qtbot, outputs, ["anat", "0001.dcm", "0002.dcm"])
    summary = outputs.head._summary
    qtbot.waitUntil(lambda: summary.text().startswith("2 of 7 files · 1.1 MB"))
    QTest.keyClick(field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: outputs.model.count() == 6)
    kind.setCurrentIndex(kind.findText("NIfTI"))
    kind.activated.emit(kind.currentIndex())
    wait_names(qtbot, outputs, ["T1_seg_MNI.nii.gz"])
    QTest.keyClicks(field, "nothing like it")
    qtbot.waitUntil(lambda: outputs.model.count() == 0)
    qtbot.waitUntil(lambda: not outputs.view.isVisible())
    outputs.head.clear_filter()
    qtbot.waitUntil(lambda: outputs.model.count() == 6 and outputs.view.isVisible())


def test_heads_sort_and_what_is_highlighted_stays(
    qtbot: QtBot, outputs: OutputView
) -> None:
    outputs.reveal("report.json")
    head = outputs.view.head
    head.setSortIndicator(2, Qt.SortOrder.DescendingOrder)
    largest_first = [
        "anat",
        "T1_seg_MNI.nii.gz",
        "brain.png",
        "report.json",
        "volumes.csv",
        "0GenericAffine.mat",
    ]
    wait_names(qtbot, outputs, largest_first)
    assert outputs.current is not None
    assert outputs.current.relative == "report.json"
    outputs.head.modes.choose(TABLE)
    outputs.head.narrowed.emit()
    qtbot.waitUntil(lambda: "anat/0002.dcm" in names(outputs))
    assert "anat" not in names(outputs)
    assert names(outputs)[0] == "T1_seg_MNI.nii.gz"
    outputs.head.modes.choose(TREE)
    outputs.head.narrowed.emit()
    wait_names(qtbot, outputs, largest_first)


def test_keys_unfold_and_fold_as_in_a_tree(qtbot: QtBot, outputs: OutputView) -> None:
    view = outputs.view
    outputs.reveal("anat")
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert names(outputs)[:3] == ["anat", "0001.dcm", "0002.dcm"]
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert outputs.current is not None
    assert outputs.current.relative == "anat/0001.dcm"
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert names(outputs)[:2] == ["anat", "0GenericAffine.mat"]
    spoken = view.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "anat, Folder, 1.1 MB, folded"


def test_all_nodes_are_one_tree_and_saved_as_one(
    qtbot: QtBot, outputs: OutputView, pane: FeedsPane, feeds: Any, fakes: Any
) -> None:
    QTest.mouseClick(outputs.head.scopes._buttons[FEED], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: outputs.loader.complete)
    listed = {call[1] for call in feeds.called("outputs")}
    # those that have files: not what runs, waits, or was never begun
    assert {1, 2, 3, 5, 6} <= listed
    assert not {4, 7, 9} & listed
    fakes.dialogs.folder = feeds.folder
    qtbot.waitUntil(outputs.get_button.isEnabled)
    outputs.get_button.click()
    qtbot.waitUntil(lambda: bool(feeds.called("download")))
    # another node does not change what is shown
    pane._open_feed.choose(5)
    assert outputs.scope == FEED
    assert outputs.model.count() > 0


def test_a_drag_gives_the_files_it_has_and_fetches_the_rest(
    qtbot: QtBot,
    outputs: OutputView,
    pane: FeedsPane,
    storage: MemoryStorage,
    posted: list[Any],
) -> None:
    hand = pane.actions_.outputs.hand
    outputs.reveal("anat")
    entries = outputs.selected
    data = hand.carry(entries)
    assert data.hasUrls()
    assert data.urls() == []
    assert data.asked_early
    assert len(dragged_items(data)) == 1
    given: list[Path] = []

    def drop_too_early(drag: QDrag) -> None:
        assert drag.mimeData().urls() == []

    def drop(drag: QDrag) -> None:
        given.extend(Path(url.toLocalFile()) for url in drag.mimeData().urls())

    hand.run_drag = drop_too_early
    hand.drag()
    qtbot.waitUntil(lambda: any("here now" in one.title for one in posted))
    hand.run_drag = drop
    hand.drag()
    assert [path.name for path in given] == ["anat"]
    assert sorted(one.name for one in given[0].iterdir()) == ["0001.dcm", "0002.dcm"]
    qtbot.waitUntil(lambda: not storage.offered)


def test_a_program_is_chosen_once_for_a_kind(
    qtbot: QtBot, outputs: OutputView, pane: FeedsPane, fakes: Any, tmp_path: Path
) -> None:
    opened: list[tuple[str, Path | None]] = []

    async def opening(path: Path, program: Path | None = None) -> None:
        opened.append((path.name, program))

    acts = pane.actions_.outputs
    acts.hand.open_path = opening
    program = tmp_path / "sheets & more"
    fakes.dialogs.files = (program,)
    outputs.reveal("volumes.csv")
    entry = outputs.current
    assert entry is not None
    acts.hand.choose_program(entry)
    qtbot.waitUntil(lambda: opened == [("volumes.csv", program)])
    assert acts.hand.programs(replace(entry, relative="other.csv")) == [program]
    outputs.view.setFocus()
    QTest.keyClick(outputs.view, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: len(opened) == 2)
    assert opened[1] == ("volumes.csv", program)
    menu = acts.menu([entry])
    others = menu.findChild(QMenu, "feeds.outputs.menu.programs")
    assert others is not None
    words = [action.text() for action in others.actions()]
    assert words == ["sheets && more", "", "Another program …"]
    menu.deleteLater()


def test_outputs_go_into_the_tray_and_out_again(
    qtbot: QtBot,
    outputs: OutputView,
    pane: FeedsPane,
    storage: MemoryStorage,
    posted: list[Any],
) -> None:
    library: Any = pane._context.library
    outputs.reveal("anat")
    path = outputs.selected[0].path
    outputs.view.setFocus()
    QTest.keyClick(outputs.view, Qt.Key.Key_T)
    qtbot.waitUntil(lambda: storage.paths == {path} and bool(library.kept))
    assert (library.kept[0].images, library.kept[0].size) == (2, 1_064_000)
    QTest.keyClick(outputs.view, Qt.Key.Key_T)
    qtbot.waitUntil(lambda: not storage.paths)
    pane.actions_.outputs.hand.tick(outputs.files * 100)
    assert posted[-1].title == "700 outputs are too many for the tray."
    assert not storage.paths


def test_two_nodes_of_the_whole_feed_are_compared(
    qtbot: QtBot, outputs: OutputView, pane: FeedsPane, feeds: Any
) -> None:
    asked: list[Any] = []
    pane.comparing.compare_nodes = lambda *them: asked.append(them)  # type: ignore[method-assign]
    nodes = [node for node in feeds.nodes[812] if node.id in (1, 3)]
    folders = [
        replace(outputs.top[0], path=node.output_path, relative=node.plugin_name)
        for node in nodes
    ]
    menu = pane.actions_.outputs.menu(folders)
    chosen = [one for one in menu.actions() if one.text().startswith("Compare")]
    assert [one.text() for one in chosen] == ["Compare the two nodes …"]
    chosen[0].trigger()
    assert asked.pop() == ((812, 1), (812, 3), "")
    menu.deleteLater()
    # two files: their nodes, and the page begins with the file
    files = [
        replace(
            folder,
            path=StoragePath(f"{folder.path}/r.json"),
            is_folder=False,
            children=(),
        )
        for folder in folders
    ]
    menu = pane.actions_.outputs.menu(files)
    chosen = [one for one in menu.actions() if one.text().startswith("Compare")]
    assert [one.text() for one in chosen] == ["Compare the two files …"]
    chosen[0].trigger()
    assert asked.pop() == ((812, 1), (812, 3), files[0].path)
    menu.deleteLater()


def test_of_the_whole_feed_only_what_ended_meanwhile_is_listed(
    qtbot: QtBot, outputs: OutputView, pane: FeedsPane, feeds: Any
) -> None:
    outputs.choose_scope(FEED)
    qtbot.waitUntil(lambda: outputs.loader.complete)
    before = outputs.model.count()
    feeds.nodes[812] = tuple(
        replace(node, state="ready") if node.id in (4, 6) else node
        for node in feeds.nodes[812]
    )
    feeds.calls.clear()
    pane.refresh()
    qtbot.waitUntil(lambda: ("outputs", 4) in feeds.calls)
    qtbot.waitUntil(lambda: outputs.loader.complete)
    assert {call[1] for call in feeds.called("outputs")} == {4, 6}
    assert outputs.model.count() >= before
