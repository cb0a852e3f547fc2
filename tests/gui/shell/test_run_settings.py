"""Settings, Runs: what becomes of runs started elsewhere, and of lost answers."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from chrislib.jobs.submission.preferences import Adopt
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.run_settings import RunSettings

Fakes = Any


@pytest.fixture
def page(ctx: ViewContext, fakes: Fakes) -> Iterator[RunSettings]:
    fakes.jobs.adoption.proposed = (
        SimpleNamespace(key="a"),
        SimpleNamespace(key="b"),
    )
    tasks = ctx.tasks("settings")
    made = RunSettings(
        ctx.theme,
        fakes.jobs.preferences,
        fakes.jobs.adoption,
        account_id=1,
        tasks=tasks,
    )
    made.show()
    yield made
    tasks.cancel_all()
    made.hide()
    shiboken6.delete(made)


def press(page: RunSettings, name: str) -> None:
    piece = page.findChild(QAbstractButton, name)
    assert piece is not None, name
    QTest.mouseClick(piece, Qt.MouseButton.LeftButton)


def found(page: RunSettings) -> str:
    label = page.findChild(QLabel, "runs.found")
    assert label is not None
    return label.text() if label.isVisibleTo(page) else ""


def test_what_was_found_can_be_tracked_at_once(
    page: RunSettings, fakes: Fakes, qtbot: QtBot
) -> None:
    assert found(page) == "2 are under way and not tracked."
    press(page, "runs.track")
    qtbot.waitUntil(lambda: ("follow", "a", "b") in fakes.jobs.calls)
    fakes.jobs.adoption.proposed = ()
    press(page, "runs.adopt.ask")
    qtbot.waitUntil(lambda: fakes.jobs.preferences.policy is Adopt.ASK)
    qtbot.waitUntil(lambda: found(page) == "")


def test_each_choice_is_kept_at_once(
    page: RunSettings, fakes: Fakes, qtbot: QtBot
) -> None:
    press(page, "runs.adopt.all")
    qtbot.waitUntil(lambda: fakes.jobs.preferences.policy is Adopt.ALL)
    qtbot.waitUntil(lambda: found(page) == "")
    box = page.findChild(QCheckBox, "runs.nonce")
    assert box is not None
    assert not box.isChecked()
    box.click()
    qtbot.waitUntil(lambda: fakes.jobs.preferences.nonce)


def test_without_an_account_there_is_nothing_to_choose(
    ctx: ViewContext, fakes: Fakes
) -> None:
    tasks = ctx.tasks("settings")
    parts = (fakes.jobs.preferences, fakes.jobs.adoption)
    page = RunSettings(ctx.theme, *parts, account_id=0, tasks=tasks)
    assert not page.isEnabled()
    assert found(page) == ""
    shiboken6.delete(page)
