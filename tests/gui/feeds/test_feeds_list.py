"""The list of feeds: thousands of rows, orders, kinds, names of files."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from chrislib.views.feeds.feed_list import FeedList
from chrislib.views.feeds.feed_rows import FeedListModel
from chrislib.views.feeds.pane import FeedsPane


def shown(pane: FeedsPane) -> list[int]:
    model = pane.list.model
    rows = [model.feed_at(model.index(row)) for row in range(model.rowCount())]
    return [int(row.id) for row in rows if row is not None]


def loaded(qtbot: QtBot, pane: FeedsPane) -> None:
    qtbot.waitUntil(lambda: pane.list.loaded and pane.centre.shows_feed)
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def test_orders_and_kinds_are_kept_apart_from_the_words(
    qtbot: QtBot, pane: FeedsPane, ctx: Any
) -> None:
    loaded(qtbot, pane)
    open_feed = pane.feed
    everything = shown(pane)
    pane.list.arrange("order", "old")
    assert shown(pane) == everything[::-1]
    assert ctx.layout.get("feeds.order") == "old"
    bar = pane.list.bar
    orders = [action.text() for action in bar.order_menu().actions()]
    assert {"Newest first", "By tag", "Recently opened"} <= set(orders)
    filters = [action.text() for action in bar.filter_menu().actions()]
    assert {"With problems", "Last 7 days", "Search file names"} <= set(filters)
    pane.list.arrange("kind", "ready")
    assert 771 in shown(pane)
    assert 812 not in shown(pane)
    # Nobody chose another feed: the one that is open stays open.
    assert pane.feed is open_feed
    pane.list.show_all()
    assert shown(pane) == everything[::-1]


def test_names_of_files_are_searched_by_the_server(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    loaded(qtbot, pane)
    feeds.by_files["brain.nii"] = {790}
    QTest.keyClicks(pane.list.search, "brain.nii")
    assert shown(pane) == []
    ask = pane.list.findChild(QPushButton, "feeds.list.note.second")
    assert ask is not None
    assert ask.text() == "Search file names"
    QTest.mouseClick(ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown(pane) == [790])
    QTest.keyClicks(pane.list.search, "x")
    assert shown(pane) == []


def test_all_pages_are_asked_for_once_and_then_the_newest(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any
) -> None:
    loaded(qtbot, pane)
    asked = [name for name, *_ in feeds.calls if name in ("all", "newest")]
    assert asked[0] == "all"
    feeds.calls.clear()
    fakes.now += 61
    pane._tick()
    qtbot.waitUntil(lambda: ("newest", 0) in feeds.calls)
    loaded(qtbot, pane)
    feeds.calls.clear()
    pane.refresh()
    qtbot.waitUntil(lambda: ("all", 0) in feeds.calls)
    loaded(qtbot, pane)


def test_counts_of_what_is_in_sight_are_put_right(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    loaded(qtbot, pane)
    row = next(row for row in pane.list.rows() if row.id == 790)
    feeds.exact[790] = replace(row, states={"ready": 3, "running": 1})
    pane.list.in_sight.emit()
    qtbot.waitUntil(lambda: next(r for r in pane.list.rows() if r.id == 790).nodes == 4)


def test_all_that_is_in_sight_is_counted_anew_and_orders_by_it(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, make: Any
) -> None:
    loaded(qtbot, pane)
    pane.window().resize(1400, 1400)
    # two people share each, so that a list counts twice; some are listed right
    rows = [
        make.row(number, f"shared {number}", ready=2 * number)
        for number in range(1, 61)
    ]
    feeds.scopes["shared"] = rows
    pane.list.set_scopes(feeds.scopes)
    feeds.exact = {
        row.id: row if row.id % 3 else replace(row, states={"ready": row.id})
        for row in rows
    }
    pane.list.tabs.choose("shared")
    pane.list.tabs.chosen.emit("shared")
    pane.list.arrange("order", "nodes")

    def seen() -> list[int]:
        return [row.id for row in pane.list.rows_in_sight()]

    qtbot.waitUntil(lambda: len(seen()) > 12, timeout=60_000)
    right = sorted(rows, key=lambda r: (-(r.nodes if r.id % 3 else r.id), -r.id))
    wanted = [row.id for row in right]
    qtbot.waitUntil(lambda: seen() == wanted[: len(seen())], timeout=60_000)
    # what nobody sees is not asked for
    assert feeds.exact
    order = pane.list.findChild(QPushButton, "feeds.order")
    assert order is not None
    assert "shared feeds" in order.toolTip()


def test_five_thousand_feeds_keep_the_highlight_through_any_order(
    qtbot: QtBot, ctx: Any, make: Any
) -> None:
    view = FeedList(ctx)
    qtbot.addWidget(view)
    view.resize(280, 700)
    view.show()
    opened: list[int] = []
    view.opened.connect(opened.append)
    rows = [make.row(number, f"feed {number % 977}") for number in range(5_000, 0, -1)]
    view.set_scopes({"mine": rows, "shared": [], "public": []})
    view.select(2_500)
    for order in ("name", "old", "new"):
        view.arrange("order", order)
        here = view.model.feed_at(view.view.currentIndex())
        assert here is not None
        assert here.id == 2_500
    QTest.keyClicks(view.search, "97")
    assert 0 < view.model.rowCount() < 500
    assert len(view.rows_in_sight()) < 30
    assert opened == []


def test_a_new_list_moves_the_rows_that_stay(make: Any) -> None:
    model = FeedListModel()
    rows = [make.row(number, f"feed {number}") for number in range(1_000)]
    model.set_rows(rows)
    kept = [model.index(model.row_of(3)), model.index(model.row_of(900))]
    held = [QPersistentModelIndex(index) for index in kept]
    model.set_rows([row for row in rows if row.id != 3][:950])
    assert not held[0].isValid()
    there = model.feed_at(held[1])
    assert there is not None
    assert there.id == 900
