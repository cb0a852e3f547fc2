"""The window tells whether anybody looks at it."""

from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from chrislib.views.shell.main_window import MainWindow


@pytest.fixture
def told(qtbot: QtBot) -> tuple[MainWindow, list[tuple[bool, bool]]]:
    """Return an empty window and what it has told."""
    window = MainWindow()
    qtbot.addWidget(window)
    heard: list[tuple[bool, bool]] = []
    window.attention_changed.connect(lambda *args: heard.append(args))
    return window, heard


def test_hiding_minimizing_and_coming_back_are_told(
    told: tuple[MainWindow, list[tuple[bool, bool]]], qtbot: QtBot
) -> None:
    window, heard = told
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.waitUntil(lambda: not heard or heard[-1] == (True, True))
    window.hide()
    qtbot.waitUntil(lambda: bool(heard) and heard[-1] == (False, False))
    # without a window manager nothing gives the focus back
    window.show()
    qtbot.waitUntil(lambda: heard[-1][1])
    window.showMinimized()
    qtbot.waitUntil(lambda: heard[-1] == (False, False))
    # nothing is told twice
    assert all(one != two for one, two in pairwise(heard))


def test_another_window_in_front_takes_the_focus_only(
    told: tuple[MainWindow, list[tuple[bool, bool]]], qtbot: QtBot
) -> None:
    window, heard = told
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    other = MainWindow()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: bool(heard) and heard[-1] == (False, True))
    window.activateWindow()
    qtbot.waitUntil(lambda: heard[-1] == (True, True))
