"""The inspector in the window: the log, several nodes, what is done with them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import Refused
from chrislib.cube.types import ComputeResource
from chrislib.errors import ChrislibError
from chrislib.feeds.acts import Deleted, DeletePlan
from chrislib.feeds.logs import PIECE, clean
from chrislib.feeds.model import FeedView, Node, NodeDetails
from chrislib.feeds.provenance import Card, Origin, ancestors
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import AddNodeSheet
from chrislib.views.feeds.collect_cover import Cover
from chrislib.views.feeds.inspector_join import JoinSheet
from chrislib.views.feeds.inspector_log import LogView
from chrislib.views.feeds.inspector_origin import OriginSheet
from chrislib.views.feeds.inspector_split import SplitSheet
from chrislib.views.feeds.pane import FeedsPane

LEFT = Qt.MouseButton.LeftButton


class MemoryActs:
    """What is done with nodes, written down."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.calls: list[tuple[Any, ...]] = []
        self.error: ChrislibError | None = None
        self.able = True

    async def again(self, node: Node, *, feed_id: int) -> Any:
        if self.error is not None:
            raise self.error
        self.calls.append(("again", int(node.id), feed_id))
        return self.make.job(feed_id, 5)

    async def split(
        self, node: Node, lines: Sequence[str], *, compute: str
    ) -> tuple[int, ...]:
        wanted = [one for one in lines if one]
        self.calls.append(("split", int(node.id), wanted, compute))
        if self.error is not None:
            raise self.error
        return (41, 42)

    async def split_places(self) -> tuple[ComputeResource, ...] | None:
        if not self.able:
            return None
        return (ComputeResource("host", "", -1), ComputeResource("titan", "GPUs", -1))

    async def delete(self, plan: DeletePlan, _purges: Any) -> Deleted:
        self.calls.append(("delete", [int(node.id) for node in plan.nodes]))
        return Deleted(len(plan.nodes))


class MemoryProvenance:
    """A card made of what the graph knows."""

    async def card(self, view: FeedView, node: Node) -> Card:
        return Card(
            node=node,
            feed_id=int(view.row.id),
            feed_title=view.row.title,
            server="Main",
            url="https://chris.example.org/api/v1/",
            uuid="0b0c",
            user="alex",
            made_at=datetime(2026, 11, 22, 14, tzinfo=UTC),
            origins=tuple(
                Origin(
                    row,
                    image=f"fnndsc/{row.plugin_name}:{row.plugin_version}",
                    plugin_title="A step",
                    values=(("--dir", "home/alex/Doe"), ("--threads", "8")),
                    defaults=(("--verbose", "off"),),
                    paths=frozenset({"--dir"}),
                    cpu=2000,
                    memory=4000,
                    owner="alex",
                )
                for row in ancestors(view.nodes, node)
            ),
        )


@pytest.fixture
def acts(feeds: Any, make: Any) -> MemoryActs:
    """The fakes of this topic, attached to the service."""
    feeds.acts = MemoryActs(make)
    feeds.provenance = MemoryProvenance()
    plain = feeds.details

    async def details(feed_id: int, node_id: int) -> NodeDetails:
        found: NodeDetails = await plain(feed_id, node_id)
        log = clean(found.log)
        return replace(
            found,
            log=log.text,
            log_lines=log.lines,
            defaults=(("--interpolation", "Linear"), ("--verbose", "off")),
            container="docker run --rm fnndsc/pl-ants_reg:2.3.1 ants_reg --fixed "
            "MNI152_T1_1mm.nii.gz /incoming /outgoing",
            container_seen=True,
            plugin_facts={"Name": "pl-ants_reg", "Image": "fnndsc/pl-ants_reg:2.3.1"},
            waits="It waits for pl-fastsurfer 1.3.8 (running); it starts when that is "
            "ready."
            if found.node.state == "queued"
            else "",
            log_kept=found.node.state == "ready",
        )

    feeds.details = details
    made: MemoryActs = feeds.acts
    return made


def settled(qtbot: QtBot, pane: FeedsPane, node_id: int) -> None:
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == node_id)
    qtbot.waitUntil(lambda: pane.centre.shows_feed)
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def shown(qtbot: QtBot, pane: FeedsPane, node_id: int) -> None:
    pane.show_feed(812, node_id)
    settled(qtbot, pane, node_id)


def log_view(qtbot: QtBot, ctx: ViewContext) -> LogView:
    view = LogView(ctx.theme, ctx.tasks("log test"), ctx.messages)
    qtbot.addWidget(view)
    view.resize(420, 360)
    view.show()
    return view


def test_a_long_log_is_shown_from_its_end_and_searched_as_a_whole(
    qtbot: QtBot, ctx: ViewContext, at_rest: Any
) -> None:
    view = log_view(qtbot, ctx)
    lines = [f"line {n} \U0001f9e0 <b>not bold</b>" for n in range(120_000)]
    lines[10] = "the needle is here \U0001f9e0 needle"
    text = clean("\n".join(lines)).text
    view.show_log(text, live=False)
    shown = view.box.toPlainText()
    assert len(shown) <= 2 * PIECE
    assert shown.endswith("line 119999 \U0001f9e0 <b>not bold</b>")
    assert not view.earlier.isHidden()
    assert view.later.isHidden()
    view.words.setText("NEEDLE")
    qtbot.waitUntil(lambda: view.count.text() == "2 of 2")
    qtbot.waitUntil(lambda: len(view.box.extraSelections()) == 2)
    marks = view.box.extraSelections()
    assert marks[1].cursor.selectedText() == "needle"
    QTest.keyClick(view.words, Qt.Key.Key_Return)
    assert view.count.text() == "1 of 2"
    assert not view.later.isHidden()
    assert "line 9 " in view.box.toPlainText()
    view.words.setText("line")
    qtbot.waitUntil(lambda: view.count.text().endswith("of 10,000+"))
    # only what is in sight is colored, however often it is found
    qtbot.waitUntil(lambda: bool(view.box.extraSelections()))
    assert 0 < len(view.box.extraSelections()) <= 80
    view.words.setText("nowhere at all")
    qtbot.waitUntil(lambda: view.count.text() == "none")
    assert not view.after.isEnabled()
    view.go_to_end()
    assert view.later.isHidden()
    QTest.mouseClick(view.earlier, LEFT)
    assert len(view.box.toPlainText()) > len(shown)
    at_rest()


def test_a_log_that_grows_is_followed_until_somebody_reads(
    qtbot: QtBot, ctx: ViewContext, posted: list[Any], at_rest: Any
) -> None:
    view = log_view(qtbot, ctx)
    lines = [f"line {n}" for n in range(400)]
    view.show_log("\n".join(lines), live=True)
    bar = view.box.verticalScrollBar()
    assert bar.value() == bar.maximum()
    lines.append("newer")
    view.show_log("\n".join(lines), live=True)
    assert bar.value() == bar.maximum()
    bar.triggerAction(bar.SliderAction.SliderToMinimum)
    assert not view.follow.isChecked()
    lines.append("newest")
    view.show_log("\n".join(lines), live=True)
    assert bar.value() == bar.minimum()
    assert view.box.toPlainText().endswith("newest")
    view.box.selectAll()
    marked = view.box.textCursor().selectedText()
    view.show_log("another log altogether", live=True)
    assert view.box.textCursor().selectedText() == marked
    view.copy.click()
    assert QGuiApplication.clipboard().text().endswith("newest")
    assert posted[-1].title == "The marked part is on the clipboard."
    cursor = view.box.textCursor()
    cursor.clearSelection()
    view.box.setTextCursor(cursor)
    qtbot.waitUntil(lambda: view.box.toPlainText() == "another log altogether")
    view.show_log("", live=True)
    assert view.note.text() == "Nothing was said yet."
    at_rest()


def test_details_can_be_copied_and_say_what_is_a_default(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs
) -> None:
    shown(qtbot, pane, 3)
    inspector = pane.inspector
    assert inspector._parameter_section._head.note == "2 of 4 set"
    assert "Show 2 values left at the default" in inspector._values.more.text()
    inspector.copy_values()
    text = QGuiApplication.clipboard().text()
    assert "--transform SyN" in text.splitlines()
    assert "--verbose off  (default)" in text
    inspector.copy_container()
    assert QGuiApplication.clipboard().text().startswith("docker run")
    assert inspector.log_view.note.text().startswith("Kept here")
    shown(qtbot, pane, 7)
    assert "pl-fastsurfer" in inspector._waits.text()
    assert inspector._sentence.isHidden()
    settled(qtbot, pane, 7)


def test_run_again_is_one_press_and_says_where_it_is(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs, posted: list[Any],
    ctx: ViewContext,
) -> None:  # fmt: skip
    shown(qtbot, pane, 3)
    places: list[Any] = []
    ctx.navigator.requested.connect(places.append)
    QTest.mouseClick(pane.inspector.again_button, LEFT)
    QTest.mouseClick(pane.inspector.again_button, LEFT)
    qtbot.waitUntil(lambda: bool(posted))
    assert acts.calls == [("again", 3, 812)]
    assert posted[-1].title == "pl-bet 1.0.4 runs again."
    label, show = posted[-1].action
    assert label == "Show"
    show()
    assert (places[-1].feed_id, places[-1].node_id) == (812, 5)
    acts.error = ChrislibError("It is not there.", hint="Choose another.")
    QTest.mouseClick(pane.inspector.again_button, LEFT)
    qtbot.waitUntil(lambda: posted[-1].kind == "error")
    settled(qtbot, pane, 3)


def test_several_nodes_are_joined_fetched_and_deleted_together(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs, feeds: Any, fakes: Any
) -> None:
    shown(qtbot, pane, 3)
    graph, several = pane.centre.graph, pane.inspector.several
    ctrl = Qt.KeyboardModifier.ControlModifier
    for node in (5, 4):
        at = graph.node_center(node).toPoint()
        QTest.mouseClick(graph.viewport(), LEFT, ctrl, at)
    assert pane.node_acts.picks.ids == (3, 5, 4)
    assert several.isVisible()
    assert several.delete_button.text() == "Delete 8 nodes …"
    fakes.dialogs.answer = True
    QTest.keyClick(graph, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bool(acts.calls))
    assert acts.calls == [("delete", [3, 4, 5, 6, 7, 8, 9, 10])]
    assert "Delete 8 nodes on the server?" in fakes.dialogs.asked
    qtbot.waitUntil(lambda: not several.isVisible())
    settled(qtbot, pane, 3)
    pane.node_acts.picks.set([3, 5, 8])
    assert not several.join_button.isEnabled()
    assert "did not end well" in several.join_button.toolTip()
    fakes.dialogs.folder = Path("/there/results")
    pane.node_acts.picks.set([3, 5, 7])
    QTest.mouseClick(several.get_button, LEFT)
    qtbot.waitUntil(lambda: len(feeds.called("download")) == 2)
    QTest.mouseClick(several.join_button, LEFT)
    join = pane.window().findChild(JoinSheet)
    assert join is not None
    assert [node.id for node in join.ticked()] == [3, 5, 7]
    QTest.mouseClick(join.next_button, LEFT)
    sheet = pane.window().findChild(AddNodeSheet)
    assert sheet is not None
    assert "After pl-bet 1.0.4" in sheet.subtitle.text()
    sheet.reject()
    pane.centre.graph.select(None)
    pane._open_feed.choose(2)
    pane.node_acts.picks.set(())
    settled(qtbot, pane, 2)
    assert not several.isVisible()


def test_several_nodes_are_stopped_and_followed_together(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any
) -> None:
    shown(qtbot, pane, 3)
    several, stops = pane.inspector.several, pane.actions_.stops
    pane.node_acts.picks.set([3, 5])
    assert several.cancel_button.isHidden(), "they have ended"
    assert stops.cancel_words() == ""
    # 7 follows 4, and 9 follows both 6 and 7: each stops once
    pane.node_acts.picks.set([3, 4, 6, 7])
    assert several.cancel_button.text() == "Cancel 4 nodes …"
    assert stops.cancel_words() == "Cancel 4 nodes …"
    fakes.dialogs.answer = False
    QTest.mouseClick(several.cancel_button, LEFT)
    qtbot.waitUntil(lambda: "Cancel 4 nodes?" in fakes.dialogs.asked)
    settled(qtbot, pane, 3)
    assert not feeds.called("cancel")
    # a right click on one of them keeps all
    at = pane.centre.graph.node_center(4).toPoint()
    QTest.mouseClick(pane.centre.graph.viewport(), Qt.MouseButton.RightButton, pos=at)
    assert pane.node_acts.picks.ids == (3, 4, 6, 7)
    fakes.dialogs.answer = True
    QTest.mouseClick(several.cancel_button, LEFT)
    qtbot.waitUntil(lambda: len(feeds.called("cancel")) == 2)
    assert feeds.called("cancel") == [("cancel", 4), ("cancel", 6)]
    settled(qtbot, pane, 3)
    assert stops.track_words() == "Track 4 nodes"
    stops.track()
    told = fakes.jobs.adoption.calls
    qtbot.waitUntil(lambda: ("track", "7") in told)
    assert [call for call in told if call[0] == "track"] == [
        ("track", number) for number in ("3", "4", "6", "7")
    ]
    pane.node_acts.picks.set(())
    settled(qtbot, pane, 3)


def test_looking_again_is_for_the_page_in_front(
    qtbot: QtBot, pane: FeedsPane, ctx: ViewContext
) -> None:
    shown(qtbot, pane, 3)
    looks: list[str] = []

    class Page(Cover):
        def look_again(self) -> None:
            looks.append("page")

    pane._look_again = lambda *, whole=False: looks.append("list")  # type: ignore[method-assign]
    pane.covers.show(Page(ctx, "Over all", name="over"))
    pane.refresh()
    assert looks == ["page"]
    pane.covers.close()
    pane.refresh()
    assert looks == ["page", "list"]
    del pane._look_again
    settled(qtbot, pane, 3)


def test_several_rows_of_the_list_of_nodes(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs
) -> None:
    shown(qtbot, pane, 3)
    pane.centre.set_mode("list")
    rows = pane.centre.nodes
    ctrl = Qt.KeyboardModifier.ControlModifier

    def click(node: int, keys: Qt.KeyboardModifier) -> None:
        index = rows._nodes.index_of(node)
        rows.scrollTo(index)
        QTest.mouseClick(rows.viewport(), LEFT, keys, rows.visualRect(index).center())

    click(5, Qt.KeyboardModifier.NoModifier)
    click(6, ctrl)
    assert set(pane.node_acts.picks.ids) == {5, 6}
    assert pane.inspector.several.isVisible()
    click(2, Qt.KeyboardModifier.NoModifier)
    assert pane.node_acts.picks.ids == ()
    assert not pane.inspector.several.isVisible()
    settled(qtbot, pane, 2)


def test_what_cannot_be_done_says_why(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs, posted: list[Any]
) -> None:
    shown(qtbot, pane, 1)
    node = pane.node
    assert node is not None
    menu = pane.actions_.node_menu(node)
    delete = next(a for a in menu.actions() if a.text().startswith("Delete"))
    assert not delete.isEnabled()
    assert "delete the feed" in delete.toolTip()
    assert menu.toolTipsVisible()
    menu.deleteLater()
    pane.node_acts.delete()
    assert "delete the feed" in posted[-1].title
    pane._open_feed.choose(8)
    pane.node_acts.split()
    assert "did not end well" in posted[-1].title
    settled(qtbot, pane, 8)
    assert acts.calls == []


def test_a_node_is_split_by_kind_of_file(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs
) -> None:
    shown(qtbot, pane, 3)
    acts.able = True
    pane.node_acts.split()
    sheet = pane.window().findChild(SplitSheet)
    assert sheet is not None
    qtbot.waitUntil(sheet.kinds.isEnabled)
    QTest.mouseClick(sheet.next_button, LEFT)
    assert "Enter an expression" in sheet._note.text()
    sheet.lines.setPlainText("a,b")
    QTest.mouseClick(sheet.next_button, LEFT)
    assert "comma" in sheet._note.text()
    sheet.lines.setPlainText("\\.dcm$\n\\.json$")
    assert sheet.next_button.text() == "Split into 2 parts"
    assert sheet._parts._shown == (("\\.dcm$", "2 files"), ("\\.json$", "1 file"))
    # where the parts are made; what is refused is said and nothing typed is lost
    qtbot.waitUntil(sheet.places.isVisible)
    sheet.places.setCurrentIndex(1)
    said = "Plugin 'pl-topologicalcopy' has not been registered with 'titan'."
    acts.error = Refused("Refused.", fields={"compute_resource_name": said})
    QTest.mouseClick(sheet.next_button, LEFT)
    qtbot.waitUntil(lambda: said in sheet._note.text())
    acts.error = None
    sheet.places.setCurrentIndex(0)
    QTest.mouseClick(sheet.next_button, LEFT)
    qtbot.waitUntil(lambda: len(acts.calls) == 2)
    parts = ["\\.dcm$", "\\.json$"]
    assert acts.calls == [("split", 3, parts, "titan"), ("split", 3, parts, "")]
    settled(qtbot, pane, 3)


def test_where_it_comes_from_is_copied_without_names(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs
) -> None:
    shown(qtbot, pane, 3)
    pane.node_acts.show_origin("card")
    sheet = pane.window().findChild(OriginSheet)
    assert sheet is not None
    qtbot.waitUntil(lambda: sheet.card is not None)
    QTest.mouseClick(sheet.copy_text, LEFT)
    text = QGuiApplication.clipboard().text()
    assert "fnndsc/pl-dircopy:2.1.2" in text
    assert "Doe" not in text
    assert "Chiari" not in text
    sheet.nameless.setChecked(False)
    QTest.mouseClick(sheet.copy_text, LEFT)
    assert "home/alex/Doe" in QGuiApplication.clipboard().text()
    sheet.show_page("methods")
    QTest.mouseClick(sheet.copy_words, LEFT)
    words = QGuiApplication.clipboard().text()
    assert words.startswith("The data were processed with ChRIS")
    assert "Doe" not in words
    sheet.accept()
    settled(qtbot, pane, 3)


def test_a_node_that_was_deleted_elsewhere_is_missed(
    qtbot: QtBot, pane: FeedsPane, acts: MemoryActs, feeds: Any, posted: list[Any]
) -> None:
    shown(qtbot, pane, 10)
    pane.refresh()
    settled(qtbot, pane, 10)
    feeds.nodes[812] = feeds.nodes[812][:9]
    pane.refresh()
    qtbot.waitUntil(lambda: bool(posted))
    assert posted[-1].title == "pl-bids_pack 0.9 is not in the feed any more."
    settled(qtbot, pane, 9)
