"""History on screen: rows keep their place, and say what is missing."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, QPersistentModelIndex, Qt
from PySide6.QtGui import QPainter
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton, QApplication

from chrislib.catalog.rows import HistoryRow
from chrislib.cube.errors import ServerUnreachable
from chrislib.jobs.model import Phase
from chrislib.library.history_model import HistoryListing
from chrislib.library.model import EntryId, EntryKind, HistoryEntry
from chrislib.views.library.history_list import HistoryList
from chrislib.views.library.history_model import (
    HistoryModel,
    Rows,
    action_of,
    steps_between,
)
from chrislib.views.library.overview import Overview
from chrislib.views.widgets.banner import Banner

_ROWS = st.lists(
    st.one_of(
        st.sampled_from("abcdefgh").map(lambda name: (name, float(ord(name)))),
        st.integers(1, 3).map(lambda day: ("", float(day))),
    ),
    max_size=12,
    unique=True,
)


def _listing(rows: Rows) -> HistoryListing:
    return HistoryListing(rows=rows, shown=sum(bool(one) for one, _ in rows))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(_ROWS, _ROWS)
def test_rows_become_others_and_what_stays_keeps_its_index(
    qapp: QApplication, old: list[Any], new: list[Any]
) -> None:
    before, after = tuple(old), tuple(new)
    model = HistoryModel()
    tester = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    model.show(_listing(before), now=0.0)
    kept = {
        row: QPersistentModelIndex(model.index(at, 0)) for at, row in enumerate(before)
    }
    steps = steps_between(before, after)
    model.show(_listing(after), now=0.0, steps=steps)
    assert model.rows == after
    in_order = [one for one in before if one in after]
    if in_order == [one for one in after if one in before]:
        for row in in_order:
            assert after[kept[row].row()] == row
    del tester


def fill(stage: Any, aio: Any, number: int) -> None:
    """Let the catalog know so many entries of the server."""
    now = time.time()
    rows = [
        HistoryRow(
            entry_id=f"m{at}",
            kind=("lookup", "upload", "reference")[at % 3],
            title=f"Thing number {at}",
            at=now - 4000.0 * at,
            state="ready",
            account_key="uuid-1|alex",
        )
        for at in range(1, number + 1)
    ]
    table = stage.ctx.history._catalog.history
    aio.run(table.put_found([(r, r.title) for r in rows], replace=False), 30_000)
    stage.ctx.history._tell(grown=True)


def a_new_one(name: str) -> HistoryEntry:
    return HistoryEntry(
        EntryId(name), EntryKind.LOOKUP, name, "", time.time(), "nomatch"
    )


def test_nothing_moves_while_others_come(stage: Any, aio: Any) -> None:
    stage.pane.show_section("overview")
    fill(stage, aio, 3000)
    history = stage.find(HistoryList, "overview.history")
    page = stage.find(Overview, "library.overview")
    model: Any = history.model()
    stage.until(lambda: model.shown == 3000)
    bar = page.verticalScrollBar()
    stage.until(lambda: bar.maximum() > 100_000)
    bar.setValue(bar.maximum() // 2)
    row = page._rows_seen()[8]
    row += not model.id_at(row)
    chosen = model.id_at(row)
    history.selectRow(row)
    place = history.mapTo(page, history.row_rect(row).topLeft()).y()
    for name in ("one", "two"):
        aio.run(stage.library.journal.put(a_new_one(name)))
    stage.until(lambda: model.shown == 3002)
    assert [entry.entry_id for entry in history.highlighted()] == [chosen]
    stage.until(
        lambda: (
            history.mapTo(page, history.row_rect(model.row_of(chosen)).topLeft()).y()
            == place
        )
    )
    news = stage.find(QAbstractButton, "overview.history.new")
    assert news.text() == "2 new, show"
    news.click()
    assert bar.value() < 400
    # what is seen is read in pages, and no more
    assert len(model._entries) < 400
    # by key alone, over the heads of days
    history.setFocus()
    for key in (Qt.Key.Key_End, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Home):
        QTest.keyClick(history, key)
        assert model.id_at(history.currentIndex().row()) is not None
    assert model.id_at(history.currentIndex().row()) == "two"
    assert isinstance(model, QAbstractItemModel)


def test_rows_that_are_put_in_place_look_as_if_drawn_anew(
    stage: Any, aio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.pane.show_section("overview")
    fill(stage, aio, 400)
    history = stage.find(HistoryList, "overview.history")
    page = stage.find(Overview, "library.overview")
    model: Any = history.model()
    stage.until(lambda: model.shown == 400)
    bar = page.verticalScrollBar()
    stage.until(lambda: bar.maximum() > 10_000)
    bar.setValue(3000)

    def all_there() -> bool:
        rows = [row for row in page._rows_seen() if model.id_at(row)]
        return all(model.entry(model.index(row, 0)) is not None for row in rows)

    stage.until(all_there)
    drawn: list[int] = []
    draw = history._pictures._draw

    def noted(painter: QPainter, row: int) -> None:
        drawn.append(row)
        draw(painter, row)

    monkeypatch.setattr(history._pictures, "_draw", noted)

    def same() -> None:
        history.viewport().repaint()
        put = history.grab(history.visibleRegion().boundingRect()).toImage()
        history._pictures.clear()
        anew = history.grab(history.visibleRegion().boundingRect()).toImage()
        assert put == anew

    same()
    drawn.clear()
    history.viewport().repaint()
    assert drawn == []
    # other words for the same rows, another row under the same number
    row = next(row for row in page._rows_seen() if model.id_at(row))
    entry = model.entry(model.index(row, 0))
    model.take({entry.entry_id: replace(entry, title="Called otherwise")})
    history.viewport().repaint()
    assert drawn == [row]
    same()
    model.set_busy(entry.entry_id, True)
    history.selectRow(row + 2)
    same()
    model.set_busy(entry.entry_id, False)
    aio.run(stage.library.journal.put(a_new_one("on top")))
    stage.until(lambda: model.shown == 401)
    stage.until(all_there)
    same()


def test_what_is_missing_is_said(stage: Any) -> None:
    stage.pane.show_section("overview")
    page = stage.find(Overview, "library.overview")
    banner = page.findChild(Banner)
    stage.until(lambda: stage.ctx.history.state.connected)
    stage.until(lambda: not banner.isVisible())

    def fail(**_filters: object) -> Any:
        raise ServerUnreachable("No answer from chris.example.org.")

    stage.session.fake.pacs.stored = fail
    page.refresh()
    stage.until(lambda: banner.isVisible() and "was not read. No answer" in banner.text)
    stage.session.client = None
    stage.session.tell()
    stage.until(lambda: banner.text.startswith("Not connected."))


def test_again_says_when_the_files_are_elsewhere(
    stage: Any, aio: Any, tmp_path: Path, posted: list[Any]
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a.txt").write_text("x")
    (item,) = aio.run(stage.library.upload(aio.run(stage.library.scan([folder]))))
    stage.jobs.move(item.job_key, Phase.FINISHED, done=1, total=1)
    stage.pane.show_section("overview")
    history = stage.find(HistoryList, "overview.history")
    model: Any = history.model()
    stage.until(lambda: model.shown == 1 and model.entry(model.index(1, 0)))
    stage.until(lambda: action_of(model.entry(model.index(1, 0))) == "Again")
    (folder / "a.txt").unlink()
    folder.rmdir()
    history.entry_acted.emit(model.entry(model.index(1, 0)))
    stage.until(lambda: bool(posted))
    assert posted[-1].title.endswith("cannot be found on this computer")
    assert not any(one.section == "upload" for one in stage.places)
