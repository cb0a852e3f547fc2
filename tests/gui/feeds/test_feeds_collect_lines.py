"""Collect results with a row for each line of the files."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from chrislib.feeds.collect_model import Listing, Source
from chrislib.feeds.collect_table import to_csv
from chrislib.views.context import ViewContext
from chrislib.views.feeds import collect_shown
from chrislib.views.feeds.collect_choice import FeedChoice
from chrislib.views.feeds.collect_page import CollectPage
from chrislib.views.navigation import OpenViewer
from tests.gui.feeds.conftest import file_entry
from tests.gui.feeds.test_feeds_collect import (
    PICTURES,
    MemoryCollecting,
    arranged,
    collect,
    column,
    wait,
)

IDS = (801, 802, 803)


class Regions(MemoryCollecting):
    """Three feeds, each with a table of four regions; one of them is broken."""

    def __init__(self) -> None:
        super().__init__()
        for number in range(4):
            lines = ["region,volume,side"]
            lines += [
                f"{name},{100 * number + place}.5 mm,{'left' if place % 2 else 'right'}"
                for place, name in enumerate(("Amygdala", "Caudate", "Pons", "Vermis"))
            ]
            self.contents[1000 + number] = "\n".join(lines).encode()
        self.contents[1003] = b"region,volume\n"

    async def _listing(self, client: Any, source: Source) -> Listing:
        number = source.feed_id - 800
        return Listing(
            source, (file_entry("regions.csv", 120, "table", 1000 + number),)
        )


@pytest.fixture
def page(
    qtbot: QtBot, feeds: Any, ctx: ViewContext, at_rest: Callable[[], None]
) -> Iterator[CollectPage]:
    feeds.collecting = Regions()
    made = CollectPage(ctx, [FeedChoice("3 feeds highlighted", IDS)])
    made.resize(1440, 850)
    qtbot.addWidget(made)
    made.show()
    wait(qtbot, lambda: made.choice.pattern == "regions.csv")
    yield made
    made.shutdown()
    at_rest()


def choose_each(page: CollectPage, each: str) -> None:
    """Choose what becomes a row, as a person does."""
    box = page.choice.each
    box.setCurrentIndex(box.findData(each))
    box.activated.emit(box.currentIndex())


def test_a_line_of_a_table_is_a_row(
    qtbot: QtBot, page: CollectPage, ctx: ViewContext, feeds: Any
) -> None:
    collect(qtbot, page)
    shown = page.shown
    assert shown.model.rowCount() == 3
    assert column(page, "Pons.volume")[0] == "102.5 mm"
    choose_each(page, "line")
    collect(qtbot, page)
    assert column(page, "region")[:5] == [
        "Amygdala", "Caudate", "Pons", "Vermis", "Amygdala",
    ]  # fmt: skip
    assert shown.model.columns[:3] == ["@subject", "@problem", "region"]
    assert column(page, "@problem")[8] == "The table has a head and no rows."
    assert shown.summary.text() == "9 rows · 3 columns · 1 without values"
    assert page.subtitle.text().startswith(
        "regions.csv of pl-fastsurfer · 3 feeds · one row per line"
    )
    # types, order, filter and plot are those of any table
    shown.table.head_pressed.emit("volume")
    shown.table.head_pressed.emit("volume")
    arranged(qtbot, page)
    assert column(page, "volume")[0] == "203.5 mm"
    shown.filter.setText("region = pons; volume > 150")
    wait(qtbot, lambda: shown.model.rowCount() == 1)
    arranged(qtbot, page)
    shown.plot.restore({"kind": "box", "up": "volume", "group": "region"})
    wait(qtbot, lambda: page.shown.plot.settled)
    heads = [words.partition(":")[0] for _, _, words in shown.plot.view.marks]
    assert heads == ["Pons"]
    # a line opens the images of its node, and is told from the others
    went: list[Any] = []
    ctx.navigator.requested.connect(went.append)
    shown.table.choose([6], scroll=False)
    assert "line 4" in page.taking._words.text()
    QTest.keyClick(shown.table, Qt.Key.Key_E)
    wait(qtbot, lambda: bool(went))
    assert isinstance(went[0], OpenViewer)
    # the broken one, mended, has its lines where it stood
    feeds.collecting.contents[1003] = feeds.collecting.contents[1001]
    shown.filter.clear()
    page.taking.retry()
    wait(qtbot, lambda: len(page.shown.rows) == 12)
    wait(qtbot, lambda: not page.work.isVisible() and not page._tasks.pending)
    # the next time it is offered again, with what came out
    again = CollectPage(ctx, [FeedChoice("3 feeds", IDS)])
    qtbot.addWidget(again)
    again.show()
    wait(qtbot, lambda: again.table is not None)
    arranged(qtbot, again)
    assert again.choice.wanted.each == "line"
    assert len(again.shown.rows) == 12
    again.shutdown()


def test_pictures_of_lines(qtbot: QtBot, page: CollectPage, ctx: ViewContext) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    choose_each(page, "line")
    collect(qtbot, page)
    page.shown.plot.restore({"kind": "box", "up": "volume", "group": "region"})
    wait(qtbot, lambda: page.shown.plot.settled)
    for theme in ("dark", "light"):
        ctx.theme.choose(theme)
        arranged(qtbot, page)
        assert page.grab().save(str(PICTURES / f"collect-lines-{theme}.png"))
    # with the smallest window it still fits
    assert page.minimumSizeHint().width() <= 1200


def test_titles_are_hidden_with_patients_names(
    qtbot: QtBot, page: CollectPage, ctx: ViewContext, feeds: Any
) -> None:
    collect(qtbot, page)
    assert column(page, "@subject")[0] == "Chiari pilot, subject 01"
    ctx.settings.set("hide_names", True)
    page.update()
    wait(qtbot, lambda: column(page, "@subject")[0] == "Feed 801")
    arranged(qtbot, page)
    table, shown = page.table, page.shown
    assert table is not None
    assert "Chiari" not in to_csv(table, shown.shown_rows, shown.shown_columns)
    # what is read meanwhile comes back under its name
    feeds.collecting.contents[1003] = feeds.collecting.contents[1001]
    page.taking.retry()
    wait(qtbot, lambda: not any(row.problem for row in page.shown.rows))
    arranged(qtbot, page)
    assert column(page, "@subject")[2] == "Feed 803"
    ctx.settings.set("hide_names", False)
    page.update()
    wait(qtbot, lambda: column(page, "@subject")[2] == "Chiari pilot, subject 03")
    arranged(qtbot, page)


def test_lines_that_wait_to_be_shown_are_kept_when_it_is_cancelled(
    qtbot: QtBot, page: CollectPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_each(page, "line")
    collect(qtbot, page)
    shown, table = page.shown, page.table
    assert table is not None
    waiting = [replace(row, values={}, line=0) for row in table.rows[:9:4]]
    monkeypatch.setattr(collect_shown, "_MOST_LIVE", 1)
    shown.begin(waiting, waiting)
    shown.replace({0: table.rows[:4]})
    assert len(shown.rows) == 3
    kept = shown.stopped()
    assert [row.line for row in kept] == [2, 3, 4, 5, 0, 0]
    assert kept[-2].problem == "It was not read."
