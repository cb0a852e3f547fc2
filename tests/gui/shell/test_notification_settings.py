"""Settings, Notifications: every wish is kept at once and shown as it is."""

from collections.abc import Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from chrislib.catalog.inbox import Mute
from chrislib.jobs.notices.policy import KINDS, Delivery, Policy, Quiet
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.notification_settings import (
    KIND_WORDS,
    NotificationSettings,
)

Fakes = Any


@pytest.fixture
def page(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> Iterator[NotificationSettings]:
    fakes.jobs.notices.muted = [
        Mute(1, "feed", "12", None),
        Mute(1, "batch", "b", fakes.now + 60, "Night run"),
        Mute(2, "feed", "99", None),
    ]
    tasks = ctx.tasks("settings")
    made = NotificationSettings(
        ctx.theme,
        fakes.jobs.notices,
        account=(1, "alex on chris.example.org"),
        tasks=tasks,
        now=ctx.now,
    )
    made.resize(600, 900)
    made.show()
    qtbot.waitUntil(
        lambda: bool(made.findChildren(QPushButton, "notices.unmute.feed.12"))
    )
    yield made
    tasks.cancel_all()
    made.hide()
    shiboken6.delete(made)


def find(page: NotificationSettings, kind: type[Any], name: str) -> Any:
    found = page.findChild(kind, name)
    assert isinstance(found, kind), name
    return found


def press(page: NotificationSettings, name: str) -> None:
    kind = QToolButton if page.findChild(QToolButton, name) else QPushButton
    QTest.mouseClick(find(page, kind, name), Qt.MouseButton.LeftButton)


def policy(fakes: Fakes) -> Policy:
    kept: Policy = fakes.jobs.notices.policy(1)
    return kept


def test_every_kind_has_words() -> None:
    assert set(KINDS) == set(KIND_WORDS)


def test_a_preset_changes_the_kinds_and_a_kind_the_preset(
    page: NotificationSettings, fakes: Fakes, qtbot: QtBot
) -> None:
    press(page, "notices.preset.problems")
    qtbot.waitUntil(lambda: policy(fakes).preset == "problems")
    ready = find(page, QToolButton, "notices.kind.READY.inbox")
    qtbot.waitUntil(ready.isChecked)
    press(page, "notices.kind.FAILED.off")
    qtbot.waitUntil(lambda: policy(fakes).delivery("FAILED") is Delivery.OFF)
    qtbot.waitUntil(find(page, QToolButton, "notices.preset.own").isChecked)
    press(page, "notices.preset.all")
    qtbot.waitUntil(lambda: policy(fakes).preset == "all")
    press(page, "notices.preset.own")
    assert find(page, QToolButton, "notices.preset.all").isChecked()


def test_quiet_hours(page: NotificationSettings, fakes: Fakes, qtbot: QtBot) -> None:
    start = find(page, QComboBox, "notices.quiet.from")
    assert start.currentText() == "22:00"
    assert not start.isEnabled()
    find(page, QCheckBox, "notices.quiet").click()
    qtbot.waitUntil(lambda: policy(fakes).quiet.on)
    qtbot.waitUntil(start.isEnabled)
    start.setCurrentText("21:30")
    qtbot.waitUntil(lambda: policy(fakes).quiet.start == 21 * 60 + 30)
    find(page, QCheckBox, "notices.quiet.day.6").click()
    qtbot.waitUntil(lambda: policy(fakes).quiet.days == frozenset(range(6)))


def test_a_minute_of_ones_own_is_shown_too(
    page: NotificationSettings, fakes: Fakes
) -> None:
    fakes.jobs.notices.policies[1] = Policy(quiet=Quiet(on=True, end=6 * 60 + 50))
    page._fill()
    assert find(page, QComboBox, "notices.quiet.to").currentText() == "06:50"


def test_snooze_and_back(
    page: NotificationSettings, fakes: Fakes, qtbot: QtBot
) -> None:
    end = find(page, QPushButton, "notices.snooze.end")
    assert end.isHidden()
    fakes.jobs.notices.policies[1] = Policy()
    press(page, "notices.snooze.3600")
    qtbot.waitUntil(lambda: ("snooze", "3600.0") in fakes.jobs.calls)
    fakes.jobs.notices.policies[1] = policy(fakes).snoozed(fakes.now, 3600)
    page._fill()
    assert find(page, QLabel, "notices.snoozed").text().startswith("No messages until")
    press(page, "notices.snooze.end")
    qtbot.waitUntil(lambda: policy(fakes).snooze_until is None)
    qtbot.waitUntil(end.isHidden)


@pytest.mark.parametrize("name", ["per_node", "desktop", "names", "snooze_errors"])
def test_switches(
    page: NotificationSettings, fakes: Fakes, qtbot: QtBot, name: str
) -> None:
    before = getattr(Policy(), name)
    box = find(page, QCheckBox, f"notices.{name}")
    assert box.isChecked() is before
    box.click()
    qtbot.waitUntil(lambda: getattr(policy(fakes), name) is not before)


def test_names_are_off_and_say_what_they_mean(page: NotificationSettings) -> None:
    assert not find(page, QCheckBox, "notices.names").isChecked()
    said = " ".join(label.text() for label in page.findChildren(QLabel))
    assert "patients' names" in said


def test_mutes_are_listed_per_account_and_removed(
    page: NotificationSettings, fakes: Fakes, qtbot: QtBot
) -> None:
    said = " ".join(label.text() for label in page.findChildren(QLabel))
    assert "Batch Night run, until" in said
    assert "99" not in said
    press(page, "notices.unmute.feed.12")
    qtbot.waitUntil(lambda: [m.ref for m in fakes.jobs.notices.muted] == ["b", "99"])
    press(page, "notices.unmute.batch.b")
    qtbot.waitUntil(lambda: bool(page.findChildren(QLabel, "notices.no-mutes")))
