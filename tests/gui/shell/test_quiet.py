"""Garbage is collected on the window's thread, and on no other."""

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from chrislib import garbage
from chrislib.jobs.loading import undisturbed
from chrislib.views.shell.quiet import Quiet

THINGS = 50


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count from nothing: a window of another test may not have ended yet."""
    monkeypatch.setattr(garbage, "_held", 0)


def circles(ended: list[int]) -> None:
    """Make timers that only a collection ends; note the thread they end on."""
    for _ in range(THINGS):
        timer = QTimer()
        timer.setProperty("name", "in a circle")
        timer.itself = timer  # type: ignore[attr-defined]
        weakref.finalize(timer, lambda: ended.append(threading.get_ident()))


def work() -> None:
    """Make a lot, as a thread does that reads a long list."""
    kept = [[number] for number in range(300_000)]
    assert len(kept) == 300_000


@pytest.mark.parametrize("kept", [False, True], ids=["by Python", "by us"])
def test_what_a_thread_makes_ends_no_timer_of_the_window(
    qtbot: QtBot, *, kept: bool
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    quiet = Quiet(window)
    ended: list[int] = []
    gc.enable()
    if kept:
        quiet.start()
    try:
        circles(ended)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if not kept:
            # that is how it was
            assert len(ended) == THINGS
            assert set(ended) == {thread.ident}
            return
        assert not ended
        spare = [[number] for number in range(5_000)]
        quiet.look()
        assert spare
        assert len(ended) == THINGS
        assert set(ended) == {threading.get_ident()}
    finally:
        quiet.stop()
    assert gc.isenabled()


def test_a_loading_that_ends_later_does_not_switch_it_on(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    quiet = Quiet(window)
    gc.enable()
    with undisturbed():  # the jobs are loaded while the window comes up
        quiet.start()
    try:
        assert not gc.isenabled()
        with undisturbed():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        quiet.stop()
    assert gc.isenabled()
