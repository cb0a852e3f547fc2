"""Messages where the desktop has no service: at the tray, else in the inbox only."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QLabel, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from chrislib.desktop.toast import Toast
from chrislib.desktop.ways import Ways, Where
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.notification_settings import (
    NotificationSettings,
    where_words,
)
from chrislib.views.shell.tray_messages import TrayMessages

Fakes = Any
Aio = Any

# the offscreen platform has no tray of X11
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged")

FIRST = Toast("1", "Feed 12: run finished", "Click to open it.", "feed/12/node/34")
SECOND = Toast("2", "Feed 13: failed", "Click to open it.", "feed/13")


class NoService:
    """A desktop without a notification service."""

    shows = False

    async def show(self, _toast: Toast) -> bool:
        """Say whether it was shown."""
        return self.shows

    async def disturbed(self) -> bool:
        """Say that nobody minds."""
        return False

    async def there(self) -> bool:
        """Say whether there is one."""
        return self.shows

    def close(self) -> None:
        """Nothing stays behind."""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what an icon of a tray that is there was asked to show."""
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(QSystemTrayIcon, "supportsMessages", lambda: True)

    def show(
        _self: QSystemTrayIcon, title: str, text: str, icon: QIcon, _ms: int
    ) -> None:
        assert not icon.isNull()
        shown.append((title, text))

    monkeypatch.setattr(QSystemTrayIcon, "showMessage", show)
    return shown


@pytest.fixture
def picture() -> Path:
    """Return the program's picture."""
    from chrislib.paths import resources

    return resources() / "icons" / "chrislib.png"


@pytest.fixture
def clicked() -> list[str]:
    """Return the links that were followed."""
    return []


@pytest.fixture
def tray(qtbot: QtBot, picture: Path, clicked: list[str]) -> Iterator[TrayMessages]:
    """Return the messages of a tray."""
    holder = QObject()
    made = TrayMessages(picture, clicked.append, holder)
    yield made
    made.close()
    holder.deleteLater()


def icon_of(tray: TrayMessages) -> QSystemTrayIcon:
    """Return the icon."""
    found = tray.findChild(QSystemTrayIcon)
    assert isinstance(found, QSystemTrayIcon)
    return found


def test_a_click_opens_what_the_last_message_was_about(
    tray: TrayMessages,
    aio: Aio,
    said: list[tuple[str, str]],
    clicked: list[str],
) -> None:
    ways = Ways(NoService())
    ways.tray = tray
    assert tray.findChild(QSystemTrayIcon) is None, "no icon before there is a message"
    assert aio.run(ways.show(FIRST))
    assert aio.run(ways.show(SECOND))
    assert said == [(one.title, one.text) for one in (FIRST, SECOND)]
    icon = icon_of(tray)
    assert icon.isVisible()
    assert icon.toolTip() == "chrislib"
    # Qt does not say which of the two it was
    icon.messageClicked.emit()
    assert clicked == [SECOND.target]
    # it was followed: another click has nothing of its own to open
    icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    icon.activated.emit(QSystemTrayIcon.ActivationReason.Context)
    assert clicked == [SECOND.target, "inbox"]
    assert aio.run(ways.where()) is Where.TRAY
    ways.close()
    assert not icon.isVisible()


def test_the_service_of_the_desktop_comes_first(
    tray: TrayMessages, aio: Aio, said: list[tuple[str, str]]
) -> None:
    service = NoService()
    service.shows = True
    ways = Ways(service)
    ways.tray = tray
    assert aio.run(ways.show(FIRST))
    assert not said
    assert tray.findChild(QSystemTrayIcon) is None
    assert aio.run(ways.where()) is Where.DESKTOP


def test_without_a_tray_nothing_is_pretended(
    tray: TrayMessages,
    aio: Aio,
    said: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Qt says that messages are supported all the same
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    ways = Ways(NoService())
    assert not aio.run(ways.show(FIRST))
    ways.tray = tray
    assert not aio.run(ways.show(FIRST))
    assert not said
    assert aio.run(ways.where()) is Where.NOWHERE


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Where.DESKTOP, ""),
        (Where.TRAY, "at the icon in its tray"),
        (Where.NOWHERE, "in the inbox only"),
    ],
)
def test_settings_say_where_messages_are_shown(
    ctx: ViewContext,
    fakes: Fakes,
    qtbot: QtBot,
    *,
    where: Where,
    words: str,
) -> None:
    fakes.jobs.notices.shown_where = where
    tasks = ctx.tasks("settings")
    page = NotificationSettings(
        ctx.theme, fakes.jobs.notices, account=(1, "alex"), tasks=tasks, now=ctx.now
    )
    qtbot.addWidget(page)
    page.show()
    label = page.findChild(QLabel, "notices.where")
    assert isinstance(label, QLabel)
    wanted: Callable[[], bool] = lambda: label.isVisible() is bool(words)  # noqa: E731
    qtbot.waitUntil(lambda: not tasks.pending and wanted())
    assert words in label.text()
    assert label.text() == where_words(where)[0]
    tasks.cancel_all()
