"""What is done in one turn of the window's thread, counted: rows, dots, calls."""

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QMainWindow, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from chrislib.feeds import collect_table
from chrislib.feeds.collect_model import Listing, Source
from chrislib.feeds.collect_plot import plot_of
from chrislib.feeds.markdown import Span, blocks
from chrislib.views.context import ViewContext
from chrislib.views.feeds import (
    collect_shown,
    log_places,
    plot_panel,
    plot_picture,
    plot_view,
)
from chrislib.views.feeds.collect_choice import FeedChoice
from chrislib.views.feeds.collect_page import CollectPage
from chrislib.views.feeds.collect_rows import ResultModel
from chrislib.views.feeds.feed_list import FeedList
from chrislib.views.feeds.inspector_log import LogView
from chrislib.views.feeds.inspector_log_sheet import LogSheet
from chrislib.views.feeds.log_places import units
from chrislib.views.feeds.note_panel import NotePanel
from chrislib.views.feeds.note_sheet import NoteSheet
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.markdown_view import MarkdownView, pieces
from tests.gui.feeds.conftest import file_entry
from tests.gui.feeds.test_feeds_collect import (
    MemoryCollecting,
    arranged,
    collect,
    wait,
)

LINES = 1_500


class LongTables(MemoryCollecting):
    """Two feeds with long tables."""

    def __init__(self) -> None:
        super().__init__()
        lines = ["name,first,second"]
        lines += [f"R{n},{n * 7919 % 1009},{n * 31 % 997}" for n in range(LINES // 2)]
        self.contents = dict.fromkeys((1000, 1001), "\n".join(lines).encode())

    async def _listing(self, client: Any, source: Source) -> Listing:
        file_id = 1000 + source.feed_id % 2
        return Listing(source, (file_entry("long.csv", 120, "table", file_id),))


@pytest.fixture
def page(
    qtbot: QtBot, feeds: Any, ctx: ViewContext, at_rest: Callable[[], None]
) -> Iterator[CollectPage]:
    feeds.collecting = LongTables()
    made = CollectPage(ctx, [FeedChoice("2 feeds highlighted", (800, 801))])
    made.resize(1440, 850)
    qtbot.addWidget(made)
    made.show()
    wait(qtbot, lambda: made.choice.pattern == "long.csv")
    made.choice.show_each("line")
    yield made
    made.shutdown()
    at_rest()


def test_thousands_of_lines_are_worked_out_in_a_thread_and_shown_in_one_step(
    qtbot: QtBot, page: CollectPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect_shown, "_MOST_LIVE", 100)
    threads: list[threading.Thread] = []

    def noted(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            threads.append(threading.current_thread())
            return work(*given, **named)

        return call

    monkeypatch.setattr(collect_shown, "arrange", noted(collect_table.arrange))
    monkeypatch.setattr(plot_panel, "plot_of", noted(plot_of))
    shown = page.shown
    shown.plot.kinds.choose("scatter")
    filled: list[int] = []
    shown.model.modelReset.connect(lambda: filled.append(shown.model.count()))
    collect(qtbot, page)
    assert filled == [2, LINES], "waiting files, then all of their lines at once"
    told: list[int] = []
    shown.highlighted.connect(lambda: told.append(len(shown.table.chosen)))
    shown.table.choose(range(0, LINES, 2), scroll=False)
    filled.clear()
    told.clear()
    calls: list[int] = []
    count = ResultModel.count

    def asked(self: ResultModel) -> int:
        calls.append(1)
        return count(self)

    monkeypatch.setattr(ResultModel, "count", asked)
    shown.table.head_pressed.emit("first")
    arranged(qtbot, page)
    assert filled == [LINES]
    assert told == [LINES // 2], "hundreds of parts are highlighted again at once"
    assert 0 < len(calls) < LINES, "and the model is not asked about each of them"
    shown.filter.setText("first > 500")
    wait(qtbot, lambda: shown.model.count() < LINES)
    arranged(qtbot, page)
    assert len(filled) == 2
    assert threads
    assert threading.main_thread() not in threads


def test_dots_of_a_plot_are_painted_some_in_a_turn(
    qtbot: QtBot, page: CollectPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = page.shown
    shown.plot.kinds.choose("scatter")
    collect(qtbot, page)
    painted: list[int] = []
    here: dict[str, int] = {"dots": 0}
    stamp, go_on = plot_picture.stamp, plot_picture.Slowly._paint_some

    def counted(*given: Any) -> None:
        here["dots"] += 1
        stamp(*given)

    def turn(self: plot_picture.Slowly) -> None:
        here["dots"] = 0
        go_on(self)
        painted.append(here["dots"])

    view = shown.plot.view
    monkeypatch.setattr(plot_view, "stamp", counted)
    monkeypatch.setattr(plot_picture, "_SECONDS", 0.0)
    monkeypatch.setattr(plot_picture.Slowly, "_paint_some", turn)
    view._picture._turn.timeout.disconnect()
    view._picture._turn.timeout.connect(view._picture._paint_some)
    before = view.grab().toImage()
    shown.table.choose(range(LINES), scroll=False)
    assert not view.painted
    assert view.grab().toImage() == before, "what was there stays until all is there"
    arranged(qtbot, page)
    assert sum(painted) >= LINES
    assert max(painted) <= 100
    assert view.grab().toImage() != before
    # what is clicked is found among its neighbors, not among all of them
    rect, rows, words = view.marks[700]
    looked: list[int] = []
    at = plot_picture.Scale.at

    def seen(self: plot_picture.Scale, x: float, y: float) -> tuple[float, float]:
        looked.append(1)
        return at(self, x, y)

    monkeypatch.setattr(plot_picture.Scale, "at", seen)
    found = view._mark_at(rect.center())
    assert len(looked) < LINES / 4
    assert view._rect(view._plot.marks[found]).intersects(rect)
    assert len(rows) == 1
    assert "first: " in words


def test_the_large_log_comes_piece_by_piece(
    qtbot: QtBot, ctx: ViewContext, at_rest: Callable[[], None]
) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1200, 760)
    window.show()
    text = "".join(f"\u884c {n} \U0001f9e0 done\n" for n in range(5_000))
    sheet = LogSheet(window, ctx, "pl-dircopy 2.1.2")
    sheet.show_log(text, live=False, kept=False)
    sheet.open()
    assert sheet.isVisible()
    assert sheet.findChild(LogView) is None
    sheet._turns._timer.stop()
    said: list[str] = []
    while sheet._turns._waiting:
        sheet._turns._next()
        view = sheet.findChild(LogView)
        assert view is not None, "the sheet is there before what is in it"
        said.append(view.box.toPlainText()[-5:])
    assert said == ["", "done\n"], "and its text comes in a turn of its own"
    assert view is not None
    wait(qtbot, lambda: window.focusWidget() is view.words)
    # a hit that is far away: the text, the way to it and the marks are three turns
    view.words.setText("done")
    wait(qtbot, lambda: bool(view.box.extraSelections()))
    view.walk(1)
    wait(qtbot, lambda: len(view.box.extraSelections()) > 1)
    before = view.box.toPlainText()
    hit = view._hits.places.index(text.index("done"))
    view._go_to(hit)
    assert view.box.toPlainText() != before
    assert view.box.textCursor().position() == 0
    assert not view.box.updatesEnabled(), "its top is not seen on the way"
    view._mark()
    assert not any(m.cursor.hasSelection() for m in view.box.extraSelections())
    wait(qtbot, view.box.updatesEnabled)
    assert view.box.textCursor().position() == units(text, text.index("done"))
    wait(qtbot, lambda: any(m.cursor.hasSelection() for m in marks(view)))
    assert {m.cursor.selectedText() for m in marks(view)} == {"done"}
    sheet.reject()
    at_rest()


def marks(view: LogView) -> list[QTextEdit.ExtraSelection]:
    return view.box.extraSelections()


def test_places_of_many_hits_are_counted_from_one_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "\U0001f9e0 done \u884c " * 200
    places = [at for at in range(len(text)) if text.startswith("done", at)]
    wanted = [units(text, at) for at in places]
    seen: list[int] = []

    def counted(piece: str, at: int) -> int:
        seen.append(len(piece))
        return units(piece, at)

    monkeypatch.setattr(log_places, "units", counted)
    assert log_places.all_units(text, places) == wanted
    assert sum(seen) <= len(text)


def test_a_list_of_thousands_is_laid_out_without_asking_for_each_row(
    qtbot: QtBot, ctx: ViewContext, make: Any
) -> None:
    view = FeedList(ctx)
    qtbot.addWidget(view)
    view.resize(280, 700)
    view.show()
    rows = [make.row(number, f"feed {number}") for number in range(2_000, 0, -1)]
    scopes = {"mine": rows, "shared": [], "public": []}
    calls: list[str] = []

    def note(frame: Any, event: str, _what: object) -> None:
        if event == "call" and "chrislib" in frame.f_code.co_filename:
            calls.append(frame.f_code.co_name)

    view.set_scopes(scopes)
    wait(qtbot, lambda: view.view.verticalScrollBar().maximum() > 0)
    view.select(1_500)
    sys.setprofile(note)
    try:
        # one of them changed, and one more came
        view.view.doItemsLayout()
    finally:
        sys.setprofile(None)
    assert len(calls) < 50
    # the row that is highlighted keeps its place through rows that come and go
    view.set_scopes({**scopes, "mine": [make.row(2_001, "newest"), *rows]})
    view.drop([1_600, 1_700])
    assert [row.id for row in view.highlighted] == [1_500]
    assert view.model.rowCount() == 1_999
    assert len(view.model.feeds_at(range(5_000))) == 1_999
    view.shutdown()


class Untouched(list[Any]):
    """A list that is counted and begun with, never gone through."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("thousands are looked at")


def test_the_menu_of_thousands_of_outputs_looks_at_the_first(
    pane: FeedsPane, qtbot: QtBot
) -> None:
    pane.show_feed(812, 3)
    acts = pane.actions_.outputs
    wait(qtbot, lambda: pane.feed is not None and pane.node is not None)
    outputs = pane.centre.outputs
    wait(qtbot, lambda: outputs.loader.complete and outputs.model.count() > 5)
    entry = file_entry("0001.dcm", 120, "dicom", 1)
    menu = acts.menu(Untouched([entry] * 20_000))
    words = [action.text() for action in menu.actions()]
    menu.close()
    assert "Get …\tD" in words
    assert "Compare with that of another node …" in words


def test_a_long_text_is_put_piece_by_piece_whatever_its_blocks_are(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "".join(f"line {n} of an example\n" for n in range(400))
    table = "".join(f"| row {n} | `value` | words |\n" for n in range(200))
    long = "".join(f"word **{n}** " for n in range(400))
    text = f"# Title\n\n```\n{code}```\n\n{table}\n\n{long}\n\nThe end.\n"
    view = MarkdownView(theme, name="text", label="Text")
    qtbot.addWidget(view)
    view.show()
    put: list[int] = []
    turns: list[int] = []
    write, more = MarkdownView._write, MarkdownView._more

    def written(self: MarkdownView, cursor: Any, span: Span, base: Any) -> None:
        put.append(len(span.text))
        write(self, cursor, span, base)

    def turn(self: MarkdownView) -> None:
        put.clear()
        more(self)
        turns.append(sum(put) + 35 * len(put))

    monkeypatch.setattr(MarkdownView, "_write", written)
    monkeypatch.setattr(view, "_more", lambda: turn(view))
    view._turn.timeout.disconnect()
    view._turn.timeout.connect(view._more)
    view.show_text(text, blocks(text))
    wait(qtbot, lambda: view.toPlainText().endswith("The end."))
    assert max(turns) < 16_000
    assert len(turns) > 5
    shown = view.toPlainText()
    assert code.rstrip() in shown, "its lines stay lines"
    assert table.replace("`", "").rstrip() in shown.replace("\u2028", "\n")
    assert shown.split().count("word") == 400
    # a line is broken only where nobody means it to be read as one
    (usual,) = blocks("word **7** " * 80)
    assert list(pieces(usual)) == [(usual, False)]
    (endless,) = blocks(long)
    found = list(pieces(endless))
    assert [goes_on for _, goes_on in found] == [False, *[True] * (len(found) - 1)]
    assert 1 < len(found) < 8
    assert not any(piece.spans[0].text.startswith(" ") for piece, _ in found)
    # the same text is not put again
    before = len(turns)
    view.show_text(text)
    assert len(turns) == before


def holds_keys(widget: QWidget) -> bool:
    held = widget.window().focusWidget()
    return held is not None and widget.isAncestorOf(held)


def test_note_and_comments_come_after_their_sheet(
    qtbot: QtBot, pane: FeedsPane
) -> None:
    wait(qtbot, lambda: pane.feed is not None and pane.centre.shows_feed)
    wait(qtbot, lambda: not pane._tasks.pending)
    pane.centre.head.note_button.click()
    (sheet,) = pane.window().findChildren(NoteSheet)
    assert sheet.isVisible()
    assert sheet.findChild(NotePanel) is None
    sheet._turns._timer.stop()
    sheet._turns._next()
    assert sheet.findChild(NotePanel) is sheet.note
    assert not sheet.complete, "each is made in a turn of its own"
    # closed before all of it is there, nothing is left to be said
    sheet.reject()
    again = pane.centre.head.note_button
    again.click()
    last = pane.window().findChildren(NoteSheet)[-1]
    wait(qtbot, lambda: last.complete and not last._tasks.pending)
    wait(qtbot, lambda: holds_keys(last.body))
    last.reject()
    wait(qtbot, lambda: not pane._tasks.pending)
