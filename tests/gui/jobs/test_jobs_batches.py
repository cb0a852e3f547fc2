"""A batch is looked into; the highlight stays on what it was put on."""

from typing import Any

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from chrislib.jobs.model import JobKey, Phase
from chrislib.views.context import ViewContext
from chrislib.views.jobs.job_menus import menu_for_batch
from chrislib.views.jobs.jobs_pane import JobsPane
from chrislib.views.navigation import ShowJobs
from tests.gui.job_fakes import FakeBatch
from tests.gui.jobs.conftest import run, titles

Fakes = Any


def test_the_highlight_goes_with_its_job(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    for name in "abc":
        fakes.jobs.put(run(name, Phase.RUNNING))
    qtbot.waitUntil(lambda: len(titles(pane)["running"]) == 4, timeout=5000)
    view = pane.view
    assert view.show_job(JobKey("b"))

    # what ends moves to another group: a key pressed now is meant for it still
    fakes.jobs.put(run("b", Phase.FAILED))
    qtbot.waitUntil(lambda: "b" in titles(pane)["attention"], timeout=5000)
    assert view.selected_keys() == ["b"]
    current = view.current_job()
    assert current is not None
    assert current.key == "b"

    # of several that are highlighted, one that moves stays so
    select = QItemSelectionModel.SelectionFlag.Select
    rows = QItemSelectionModel.SelectionFlag.Rows
    view.selectionModel().select(pane.model.index_of(JobKey("a")), select | rows)
    fakes.jobs.put(run("a", Phase.FAILED))
    qtbot.waitUntil(lambda: "a" in titles(pane)["attention"], timeout=5000)
    assert set(view.selected_keys()) == {"a", "b"}

    # into a group that is closed: onto its head, never onto another job
    pane.model.toggle(pane.model.row_of("head:finished"))
    assert view.show_job(JobKey("c"))
    fakes.jobs.put(run("c", Phase.FINISHED, terminal_at=300.0))
    qtbot.waitUntil(lambda: pane.model.row_of("c") < 0, timeout=5000)
    assert view.current_job() is None
    assert view.selected_keys() == []
    head = pane.model.row_of("head:finished")
    assert view.currentIndex().row() == head


def test_a_batch_is_opened_by_mouse_and_menu(
    ctx: ViewContext, pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    key = "01970000-0000-7000-8000-0000000000b2"
    for name in ("in-1", "in-2"):
        fakes.jobs.put(run(name, Phase.RUNNING, batch_key=key))
    fakes.jobs.batches.put(FakeBatch(key, "Both", "RUNNING", 4, 2, 0, 0, 0))
    name, view = f"head:batch:{key}", pane.view
    pane.head.choose_group("batch")
    pane.refresh()
    qtbot.waitUntil(lambda: pane.model.row_of(name) >= 0, timeout=5000)
    qtbot.waitUntil(lambda: pane.model.row_of("in-2") >= 0, timeout=5000)
    gone: list[object] = []
    ctx.navigator.requested.connect(gone.append)

    def spot() -> QPoint:
        return view.visualRect(pane.model.index(pane.model.row_of(name), 0)).center()

    # the first of its two clicks folds: what stands under it is as it was
    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(view.viewport(), left, pos=spot())
    assert pane.model.row_of("in-1") < 0
    QTest.mouseDClick(view.viewport(), left, pos=spot())
    assert gone == [ShowJobs(batch_key=key)]
    assert pane.model.row_of("in-1") >= 0

    pane.show_job(None, key)
    assert {str(one) for one in pane.model.shown_keys()} == {"in-1", "in-2"}
    assert str(view.current_job().key) == "in-1"  # type: ignore[union-attr]
    # a filter goes first, then the batch
    pane.head.filter.setText("nothing like it")
    assert pane.escape()
    assert pane.head.batch == key
    assert pane.escape()
    assert gone[-1] == ShowJobs()
    pane.show_job(None)
    assert len(set(pane.model.shown_keys())) == 5
    assert pane.model.name_at(view.currentIndex().row()) == name

    words = [one.text() for one in menu_for_batch(view, key).actions()]
    expected = ["Pause\tX", "Cancel the rest\tDel", "Show\tReturn", "By subject …"]
    assert words == expected
