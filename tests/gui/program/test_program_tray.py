"""A desktop without a notification service: the tray, or the inbox only; it is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QSystemTrayIcon

from chrislib.desktop.toast import Toast
from chrislib.desktop.ways import Where
from chrislib.views.navigation import ShowFeed
from tests.gui.program.person import Person, feed

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

pytestmark = pytest.mark.qt_log_ignore(
    "This plugin does not support", "systemTrayWindowChanged"
)


@pytest.fixture
def person(
    program_factory: ProgramFactory,
    station: Station,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Person:
    """Return a person at a desktop without a session bus."""
    nobody = f"unix:path={tmp_path / 'no-bus'}"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", nobody)
    return Person(program_factory(station))


def test_a_click_at_the_tray_opens_the_run(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(
        QSystemTrayIcon,
        "showMessage",
        lambda _self, title, *_more: shown.append(title),
    )
    program = person.program
    _, root = feed(program, "At the tray")
    desktop = program.services.desktop
    assert program.run(program.services.jobs.notices.where()) is Where.TRAY
    target = f"feed/{root.feed_id}/node/{root.remote_id}"
    toast = Toast("1", f"Feed {root.feed_id}: run finished", "Click.", target)
    assert program.run(desktop.show(toast))
    assert shown == [toast.title]
    icon = program.window.findChild(QSystemTrayIcon)
    assert icon is not None
    icon.messageClicked.emit()
    there = ShowFeed(root.feed_id, root.remote_id)
    person.wait(lambda: program.window.shell._here == there, "the run")


def test_without_either_the_settings_say_that_only_the_inbox_tells(
    person: Person,
) -> None:
    program = person.program
    notices = program.services.jobs.notices
    assert program.run(notices.where()) is Where.NOWHERE
    assert not program.run(program.services.desktop.show(Toast("1", "a", "b", "jobs")))
    program.window.shell.show_sheet("settings")
    sections = person.sheet("settings.sheet").findChild(
        QListWidget, "settings.sections"
    )
    assert sections is not None
    (item,) = sections.findItems("Notifications", Qt.MatchFlag.MatchExactly)
    place = sections.visualItemRect(item).center()
    person.click(sections.viewport(), place)
    program.wait_to_read("neither a service for messages nor a tray")
