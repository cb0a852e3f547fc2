"""The Feeds module: list, open, highlight, stay fresh, look at outputs."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.feeds.states import WORDS
from chrislib.jobs.model import Phase
from chrislib.views.context import ViewContext
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.feeds.text_sheet import TextSheet
from chrislib.views.navigation import OpenViewer, ShowFeed
from chrislib.views.theme.tokens import STATES


def settled(qtbot: QtBot, pane: FeedsPane, node_id: int | None = None) -> None:
    qtbot.waitUntil(lambda: pane.feed is not None and pane.node is not None)
    if node_id is not None:
        qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == node_id)
    qtbot.waitUntil(lambda: pane.centre.shows_feed)
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def click_node(qtbot: QtBot, pane: FeedsPane, node_id: int) -> None:
    graph = pane.centre.graph
    at = graph.node_center(node_id).toPoint()
    QTest.mouseClick(graph.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_words_of_states_are_those_of_the_theme() -> None:
    assert {key: STATES[key].word for key in WORDS} == dict(WORDS)


def test_the_newest_feed_opens_by_itself(qtbot: QtBot, pane: FeedsPane) -> None:
    settled(qtbot, pane)
    assert pane.feed is not None
    assert pane.feed.row.id == 812
    model = pane.list.model
    assert model.rowCount() == 4
    index = model.index(0)
    words = model.data(index, Qt.ItemDataRole.AccessibleTextRole)
    assert words == (
        "Chiari pilot — volumes, feed 812, 10 nodes · 1 running, 1 registering, "
        "2 queued, 1 failed, 1 stopped upstream"
    )
    assert pane.list.view.currentIndex().row() == 0


def test_a_click_in_the_list_opens_a_feed(qtbot: QtBot, pane: FeedsPane) -> None:
    settled(qtbot, pane)
    view = pane.list.view
    at = view.visualRect(pane.list.model.index(2)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: pane.feed is not None and pane.feed.row.id == 771)
    settled(qtbot, pane)


def test_the_search_narrows_the_list_and_says_when_nothing_is_left(
    qtbot: QtBot, pane: FeedsPane
) -> None:
    settled(qtbot, pane)
    pane.focus_filter()
    QTest.keyClicks(pane.list.search, "leg")
    assert pane.list.model.rowCount() == 1
    QTest.keyClicks(pane.list.search, " zzz")
    assert pane.list.model.rowCount() == 0
    again = pane.list.findChild(QPushButton, "feeds.list.note.action")
    assert again is not None
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    assert pane.list.model.rowCount() == 4


def test_a_click_in_the_graph_shows_node_and_outputs(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    settled(qtbot, pane)
    click_node(qtbot, pane, 3)
    settled(qtbot, pane, 3)
    assert ("outputs", 3) in feeds.calls
    assert len(pane.centre.outputs.top) == 6
    assert "pl-bet 1.0.4" in pane.centre.graph.accessibleName()
    assert pane.centre.nodes.currentIndex().data() == "pl-bet 1.0.4"


def test_the_graph_is_walked_by_key(qtbot: QtBot, pane: FeedsPane) -> None:
    pane.show_feed(812, 1)
    settled(qtbot, pane, 1)
    graph = pane.centre.graph
    graph.setFocus()
    keys = Qt.Key
    for key, node_id in (
        (keys.Key_Down, 2),
        (keys.Key_Down, 3),
        (keys.Key_Right, 4),
        (keys.Key_Right, 5),
        (keys.Key_Right, 5),
        (keys.Key_Left, 4),
        (keys.Key_Down, 7),
        (keys.Key_Up, 4),
        (keys.Key_Home, 1),
    ):
        QTest.keyClick(graph, key)
        assert graph.selected == node_id
    settled(qtbot, pane, 1)


def test_nodes_can_be_reached_by_name_in_the_list(
    qtbot: QtBot, pane: FeedsPane
) -> None:
    settled(qtbot, pane)
    pane.centre.set_mode("list")
    nodes = pane.centre.nodes
    model = nodes.model()
    found = model.match(
        model.index(0, 0),
        Qt.ItemDataRole.DisplayRole,
        "pl-mri_deface 1.1",
        1,
        Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive,
    )
    at = nodes.visualRect(found[0]).center()
    nodes.scrollTo(found[0])
    at = nodes.visualRect(found[0]).center()
    QTest.mouseClick(nodes.viewport(), Qt.MouseButton.LeftButton, pos=at)
    settled(qtbot, pane, 8)
    sentence = pane.inspector.findChild(type(pane.inspector._sentence), "")
    assert sentence is not None
    assert "longer limit" in pane.inspector._sentence.text()


def test_states_change_in_place(qtbot: QtBot, pane: FeedsPane, feeds: Any) -> None:
    pane.show_feed(812, 6)
    settled(qtbot, pane, 6)
    pane.centre.outputs.reveal("report.json")
    settled(qtbot, pane)
    graph = pane.centre.graph
    placed: list[bool] = []
    graph.arranged.connect(lambda: placed.append(True))
    nodes = list(feeds.nodes[812])
    nodes[3] = replace(nodes[3], state="ready", detail="Ready · 40 min")
    feeds.nodes[812] = tuple(nodes)
    pane._tick()
    qtbot.waitUntil(lambda: graph._looks.state(4) == "ready")
    settled(qtbot, pane)
    assert placed == []
    assert pane.node is not None
    assert pane.node.id == 6
    current = pane.centre.outputs.current
    assert current is not None
    assert current.relative == "report.json"
    row = pane.list.rows()[0]
    assert row.states["ready"] == 5


def test_outputs_come_by_themselves_when_a_node_is_ready(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    pane.show_feed(812, 4)
    settled(qtbot, pane, 4)
    assert not pane.centre.outputs.top
    assert ("outputs", 4) not in feeds.calls
    nodes = list(feeds.nodes[812])
    nodes[3] = replace(nodes[3], state="ready", detail="Ready · 40 min")
    feeds.nodes[812] = tuple(nodes)
    pane._tick()
    qtbot.waitUntil(lambda: len(pane.centre.outputs.top) == 6)


def test_a_new_node_appears_without_moving_the_highlight(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, make: Any
) -> None:
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    new = make.node(11, "pl-new", "1.0", parents=[3], state="queued", detail="Queued")
    feeds.nodes[812] = (*feeds.nodes[812], new)
    pane._tick()
    qtbot.waitUntil(lambda: 11 in pane.centre.graph.shown)
    settled(qtbot, pane, 3)
    assert pane.centre.graph.selected == 3


def test_a_change_of_a_job_makes_it_look(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any, make: Any
) -> None:
    settled(qtbot, pane)
    before = len(feeds.called("open"))
    fakes.jobs.put(make.job(812, 4, phase=Phase.RUNNING))
    qtbot.waitUntil(lambda: len(feeds.called("open")) > before)
    settled(qtbot, pane)


def test_the_log_is_plain_text(qtbot: QtBot, pane: FeedsPane, feeds: Any) -> None:
    feeds.log = "<h1>big</h1> <a href='x'>link</a>\n& more"
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    box = pane.inspector.findChild(QPlainTextEdit, "inspector.log")
    assert box is not None
    assert box.toPlainText() == feeds.log
    assert box.isReadOnly()
    pane.inspector.show_log()
    assert box.isVisible()
    feeds.log += "\nlater"
    pane.refresh()
    qtbot.waitUntil(lambda: box.toPlainText().endswith("later"))


def test_a_title_with_markup_is_shown_as_it_is(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, make: Any
) -> None:
    feeds.hold(make.row(900, "<b>bold</b> & co"), feeds.nodes[812][:1])
    pane.show_feed(900)
    settled(qtbot, pane)
    title = pane.centre.head._title
    assert title.accessibleName() == "<b>bold</b> & co, Feed 900"
    assert "&lt;b&gt;" in title.toolTip()


def test_an_output_is_previewed_and_opened(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, ctx: ViewContext
) -> None:
    places: list[Any] = []
    ctx.navigator.requested.connect(places.append)
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    outputs = pane.centre.outputs
    assert outputs.reveal("brain.png")
    qtbot.waitUntil(lambda: ("fetch", "brain.png") in feeds.calls)
    assert outputs.preview.open_button.isEnabled()
    outputs.view.setFocus()
    QTest.keyClick(outputs.view, Qt.Key.Key_E)
    qtbot.waitUntil(lambda: bool(places))
    assert isinstance(places[0], OpenViewer)
    assert places[0].content.kind == "image"
    assert places[0].content.title == "brain.png"
    settled(qtbot, pane)


def test_images_of_one_folder_open_as_a_series(
    qtbot: QtBot, pane: FeedsPane, ctx: ViewContext
) -> None:
    places: list[Any] = []
    ctx.navigator.requested.connect(places.append)
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    outputs = pane.centre.outputs
    assert outputs.reveal("anat")
    QTest.mouseClick(outputs.preview.open_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(places))
    assert places[0].content.kind == "dicom"
    assert places[0].content.title == "anat"
    assert len(places[0].content.paths) == 2
    settled(qtbot, pane)


def test_outputs_are_saved_in_the_chosen_folder(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any, posted: list[Any]
) -> None:
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    get = pane.centre.outputs.get_button
    QTest.mouseClick(get, Qt.MouseButton.LeftButton)
    settled(qtbot, pane)
    assert not feeds.called("download")
    fakes.dialogs.folder = Path("/there/results")
    QTest.mouseClick(get, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(feeds.called("download")))
    assert feeds.called("download")[0][2] == Path("/there/results")
    qtbot.waitUntil(lambda: bool(posted))
    assert "results" in posted[0].detail
    pane.centre.outputs.reveal("volumes.csv")
    pane.actions_.outputs.get_entries(pane.centre.outputs.selected)
    qtbot.waitUntil(lambda: len(feeds.called("download")) == 2)
    assert [e.relative for e in feeds.called("download")[1][1]] == ["volumes.csv"]
    settled(qtbot, pane)


def test_cancel_asks_and_says_how_many(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any
) -> None:
    pane.show_feed(812, 4)
    settled(qtbot, pane, 4)
    cancel = pane.inspector.cancel_button
    assert cancel.text() == "Cancel 3 nodes …"
    fakes.dialogs.answer = False
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: fakes.dialogs.asked == ["Cancel 3 nodes?"])
    settled(qtbot, pane)
    assert not feeds.called("cancel")
    fakes.dialogs.answer = True
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: feeds.called("cancel") == [("cancel", 4)])
    settled(qtbot, pane)
    pane._open_feed.choose(1)
    settled(qtbot, pane, 1)
    assert cancel.isHidden()


def test_a_refused_title_stays_as_typed(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    settled(qtbot, pane)
    pane.actions_.rename()
    sheet = pane.window().findChild(TextSheet)
    assert sheet is not None
    line = sheet.findChild(QLineEdit, "feeds.text")
    assert line is not None
    line.setText("Another title")

    async def refuse(_feed_id: int, _title: str) -> None:
        raise ChrislibError("The server refused.", hint="Try again.")

    feeds.rename = refuse
    sheet.next_button.click()
    qtbot.waitUntil(lambda: "refused" in sheet._note.text())
    assert line.text() == "Another title"
    assert sheet.isVisible()
    sheet.reject()


def test_no_feeds_yet_says_how_to_make_one(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    settled(qtbot, pane)
    feeds.scopes = {"mine": [], "shared": [], "public": []}
    pane.refresh()
    qtbot.waitUntil(lambda: pane.list.model.rowCount() == 0)
    settled(qtbot, pane)


def test_an_answer_that_never_comes_leaves_what_was_there(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    settled(qtbot, pane)
    feeds.error = ChrislibError("No answer from chris.example.org.")
    pane.refresh()
    qtbot.waitUntil(pane.centre.banner.isVisible)
    assert "You see what was there at" in pane.centre.banner.text
    assert pane.centre.shows_feed
    assert pane.list.model.rowCount() == 4
    feeds.error = None
    pane.refresh()
    qtbot.waitUntil(lambda: not pane.centre.banner.isVisible())
    settled(qtbot, pane)


def test_a_late_answer_for_another_feed_is_dropped(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    settled(qtbot, pane)
    feeds.gate = asyncio.Event()
    pane.show_feed(790)
    pane.show_feed(771)
    feeds.gate.set()
    qtbot.waitUntil(lambda: pane.feed is not None and pane.feed.row.id == 771)
    settled(qtbot, pane)
    assert pane.feed is not None
    assert pane.feed.row.id == 771


def test_hidden_panes_do_not_look(qtbot: QtBot, pane: FeedsPane, feeds: Any) -> None:
    settled(qtbot, pane)
    assert feeds.calls.count(("watch", 812)) >= 1
    pane.hide()
    assert feeds.calls[-1] == ("watch", None)
    assert not pane._poll.isActive()
    pane.show()
    assert pane._poll.isActive()
    settled(qtbot, pane)


def test_inspector_folds_by_size_and_by_hand(qtbot: QtBot, pane: FeedsPane) -> None:
    settled(qtbot, pane)
    head = pane.centre.head
    assert not pane.folded("right")
    assert head.add_button.isHidden()
    pane.window().resize(1200, 712)
    qtbot.waitUntil(lambda: pane.folded("right"))
    assert not head.add_button.isHidden()
    QTest.mouseClick(head.fold_button, Qt.MouseButton.LeftButton)
    assert not pane.folded("right")


def test_the_graph_zooms_at_the_pointer_and_fits_again(
    qtbot: QtBot, pane: FeedsPane
) -> None:
    settled(qtbot, pane)
    graph = pane.centre.graph
    fitted = graph.zoom
    graph.zoom_in()
    assert graph.zoom > fitted
    pane.window().resize(1500, 900)
    qtbot.wait(50)
    assert graph.zoom > fitted
    graph.fit()
    assert graph.zoom <= 1.0
    assert graph.node_at(QPoint(4, 4)) is None


def test_every_control_has_a_name(qtbot: QtBot, pane: FeedsPane) -> None:
    settled(qtbot, pane)
    for piece in pane.findChildren(QPushButton):
        assert piece.objectName()
        assert piece.accessibleName() or not piece.text()


def words_of(menu: QMenu) -> list[str]:
    words = [action.text().split("\t")[0] for action in menu.actions()]
    return [word for word in words if word]


def test_rows_and_nodes_have_menus(qtbot: QtBot, pane: FeedsPane) -> None:
    pane.show_feed(812, 4)
    settled(qtbot, pane, 4)
    graph = pane.centre.graph
    wanted: list[QPoint] = []
    graph.menu_wanted.disconnect()
    graph.menu_wanted.connect(wanted.append)
    at = graph.node_center(8).toPoint()
    spot = graph.viewport().mapToGlobal(at)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, spot)
    QApplication.sendEvent(graph.viewport(), event)
    assert wanted == [spot]
    settled(qtbot, pane, 8)
    node = pane.node
    assert node is not None
    always = [
        "Add node …",
        "Run again …",
        "Get all outputs …",
        "Copy command",
        "Log",
        "Collect results …",
        "Compare with …",
        "Track this",
    ]
    always += ["Run again, same values", "Split …", "Join …", "Provenance …"]
    words = words_of(pane.actions_.node_menu(node))
    assert set(words) >= {*always, "Delete 2 nodes …"}
    pane._open_feed.choose(4)
    settled(qtbot, pane, 4)
    node = pane.node
    assert node is not None
    words = words_of(pane.actions_.node_menu(node))
    assert set(words) >= {*always, "Delete 2 nodes …"}
    assert words[-1] == "Cancel 3 nodes …"
    assert words_of(pane.actions_.feed_menu()) == [
        "Rename …",
        "Note and comments …",
        "Tags …",
        "Share …",
        "Pipelines …",
        "Look again",
    ]
    settled(qtbot, pane)


def test_before_the_server_is_there_it_waits_without_an_error(
    qtbot: QtBot, feeds: Any, ctx: ViewContext, fakes: Any, at_rest: Any
) -> None:
    states = type(fakes.session.state)
    fakes.session.state = states.CONNECTING
    pane = FeedsPane(ctx)
    qtbot.addWidget(pane)
    pane.resize(1440, 852)
    pane.show()
    qtbot.wait(50)
    assert not pane._tasks.pending
    assert not pane.list.loaded
    fakes.session.become(states.CONNECTED)
    qtbot.waitUntil(lambda: pane.feed is not None)
    settled(qtbot, pane)
    pane.shutdown()
    at_rest()


def client_of(uuid: str) -> Any:
    return SimpleNamespace(server=SimpleNamespace(uuid=uuid), username="alex")


def test_another_server_has_other_feeds(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any, make: Any
) -> None:
    settled(qtbot, pane)
    fakes.session.client = client_of("one")
    fakes.session.become(fakes.session.state)
    assert pane.feed is not None
    settled(qtbot, pane)
    nodes = feeds.nodes[812][:1]
    feeds.scopes["mine"] = []
    feeds.hold(make.row(3, "Elsewhere"), nodes)
    fakes.session.client = client_of("two")
    fakes.session.become(fakes.session.state)
    assert pane.here == ShowFeed()
    assert pane.list.model.rowCount() == 0
    qtbot.waitUntil(lambda: pane.feed is not None and pane.feed.row.id == 3)
    settled(qtbot, pane)
    assert pane.list.model.rowCount() == 1


def test_a_folder_without_images_is_unfolded(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, make: Any
) -> None:
    inside = make.file("tables/a.csv", 10, "table", 31)
    folder = replace(inside, relative="tables", is_folder=True, file_id=None)
    folder = replace(folder, kind="folder", children=(inside,))
    feeds.entries = [folder, make.file("b.json", 10, "json", 32)]
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    outputs = pane.centre.outputs
    outputs.reveal("tables")
    assert not outputs.model.is_open(outputs.view.currentIndex())
    outputs.view.setFocus()
    QTest.keyClick(outputs.view, Qt.Key.Key_Return)
    assert outputs.model.is_open(outputs.view.currentIndex())
    settled(qtbot, pane)


def test_more_is_asked_once_the_graph_of_a_large_feed_is_there(
    qtbot: QtBot,
    pane: FeedsPane,
    feeds: Any,
    make: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled(qtbot, pane)
    nodes = [make.node(number, "pl-copy", "1.0") for number in range(5_001, 5_501)]
    feeds.hold(make.row(900, "the large one"), nodes)
    asked: dict[str, bool] = {}

    def noted(name: str) -> None:
        ask = getattr(feeds, name)

        def noting(*args: Any) -> Any:
            if 900 in args or name == "of":
                asked[name] = pane.centre.graph.arranging
            return ask(*args)

        monkeypatch.setattr(feeds, name, noting)

    for name in ("watch", "details", "of"):
        noted(name)
    pane.show_feed(900)
    qtbot.waitUntil(lambda: len(asked) == 3)
    assert asked == {"watch": False, "details": False, "of": False}
    assert 5_001 in pane.centre.graph.shown
