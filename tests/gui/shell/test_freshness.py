"""How old what one sees is, in the top bar, the banner and on the health page."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from chrislib.jobs.extensions import Broken
from chrislib.jobs.history.estimate import Sort
from chrislib.jobs.model import JobChange, Phase, Progress, Reach
from chrislib.jobs.polling.health import HealthRow
from chrislib.jobs.polling.overview import AccountLook
from chrislib.views.dialogs.accounts_health import AccountsSheet
from chrislib.views.dialogs.health_rows import plugin_rows, report, rows_of, summary
from chrislib.views.shell.freshness import age_of, stale_words
from chrislib.views.shell.status import Activity
from chrislib.views.widgets.banner import Banner
from tests.gui.jobs.conftest import child, pull, run

NOW = 1_795_300_000.0
HERE = AccountLook(1, "chris.example.org", "alex", True, Reach.FRESH, NOW - 12, 15.0)
THERE = AccountLook(2, "lab.example.net", "alex", False, Reach.FRESH, NOW - 20, 15.0)


@pytest.mark.parametrize(
    ("change", "words", "old"),
    [
        ({}, "Checked 12 s ago", False),
        ({"checked_at": None}, "Not checked yet", False),
        (
            {"reach": Reach.STALE, "checked_at": NOW - 360},
            "Not checked for 6 min",
            True,
        ),
        ({"checked_at": NOW - 170}, "Checked 2 min 50 s ago", False),
        ({"reach": Reach.AUTH_REQUIRED}, "Sign in again", True),
    ],
)
def test_the_age_is_said_in_words(
    change: dict[str, Any], words: str, old: bool
) -> None:
    age = age_of(replace(HERE, **change), NOW)
    assert (age.words, age.old) == (words, old)


def test_offline_says_when_it_was_last_known() -> None:
    words = age_of(replace(HERE, reach=Reach.OFFLINE), NOW).words
    assert words.startswith("Offline, last known ")


def test_the_banner_names_accounts_that_are_too_old_and_no_others() -> None:
    assert stale_words([HERE, THERE], NOW) == ""
    late = replace(HERE, reach=Reach.STALE, checked_at=NOW - 400)
    words = stale_words([late, THERE], NOW)
    assert words.startswith("chris.example.org: not checked for 6 min 40 s. You see")
    assert "lab" not in words
    # the present account's line and sign-in have a banner of their own
    assert stale_words([replace(HERE, reach=Reach.OFFLINE)], NOW) == ""
    assert "lab" in stale_words([HERE, replace(THERE, reach=Reach.OFFLINE)], NOW)


def test_activity_is_counted_change_by_change() -> None:
    counted = Activity()
    moving = pull("a", Phase.RUNNING, progress=Progress(1, 4, "images"))
    counted.start([moving, run("b", Phase.RUNNING), run("c", Phase.FINISHED)])
    assert (counted.count, counted.share) == (2, 0.25)
    counted.take(replace(moving, progress=Progress(3, 4, "images")))
    assert (counted.count, counted.share) == (2, 0.75)
    counted.take(replace(moving, phase=Phase.FINISHED))
    assert (counted.count, counted.share) == (1, None)
    assert JobChange(None, moving).before is None


def test_the_top_bar_counts_the_seconds(window: Any, fakes: Any, qtbot: QtBot) -> None:
    label = child(window, QLabel, "shell.checked")
    fakes.jobs.looks = (replace(HERE, checked_at=fakes.now - 12),)
    fakes.jobs.put(run("live", Phase.RUNNING))
    status = window.shell._status
    qtbot.waitUntil(lambda: status._activity.count == 1, timeout=2000)
    fresh = window.shell._status._fresh
    fresh.show_age()
    assert label.text() == "Checked 12 s ago"
    fakes.now += 5
    fresh.show_age()
    assert label.text() == "Checked 17 s ago"
    assert label.accessibleName() == "Checked 17 s ago"
    assert fresh.timer.interval() == 1_000
    fakes.jobs.put(run("live", Phase.FINISHED))
    qtbot.waitUntil(lambda: status._activity.count == 0, timeout=2000)
    fresh.show_age()
    # nothing runs: nobody counts seconds, and no timer does
    assert label.text() == "Checked under 1 min ago"
    assert fresh.timer.interval() == 15_000


def test_a_stale_account_raises_the_banner_and_looking_lowers_it(
    window: Any, fakes: Any, qtbot: QtBot
) -> None:
    banner = child(window, Banner, "connection.banner")
    status = window.shell._status
    late = replace(HERE, reach=Reach.STALE, checked_at=fakes.now - 400)
    fakes.jobs.looks = (late,)
    status._show_stale()
    assert banner.isVisible()
    child(banner, QPushButton, "banner.action").click()
    qtbot.waitUntil(lambda: ("refresh",) in fakes.jobs.calls, timeout=2000)
    fakes.jobs.looks = (replace(late, reach=Reach.FRESH, checked_at=fakes.now),)
    status._show_stale()
    assert banner.isHidden()


def test_the_health_page_says_what_is_well_and_what_is_not(
    window: Any, fakes: Any, qtbot: QtBot
) -> None:
    broken = Broken("opal", "chrislib.jobs.backends", "A library is missing.")
    fakes.jobs.looks = (HERE, replace(THERE, reach=Reach.AUTH_REQUIRED, why="Ended."))
    fakes.jobs.extensions.broken = (broken,)
    fakes.jobs.health.found = (
        HealthRow("loop", "Following", 1, "restarting", "It fell.", 2, NOW - 5),
    )
    fakes.jobs.durations.rows = [(Sort("pl-a", "1", ""), {"RUNNING": (65.0, 9)})]
    window.shell.show_sheet("health")
    sheet = child(window, AccountsSheet, "health.sheet")
    said = [(row.title, row.verdict) for row in sheet.table.rows]
    assert said == [
        ("chris.example.org", "Good"),
        ("lab.example.net", "Sign in again"),
        ("Following: Following", "Started again"),
        ("Plug-in opal", "Set aside"),
    ]
    assert "opal: Set aside" in sheet.table.accessibleDescription()
    child(sheet, QPushButton, "health.check").click()
    qtbot.waitUntil(lambda: ("refresh",) in fakes.jobs.calls, timeout=2000)
    child(sheet, QPushButton, "health.copy").click()
    from PySide6.QtGui import QGuiApplication

    assert "pl-a 1\t9\t1 min 5 s" in QGuiApplication.clipboard().text()
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert fakes.jobs.health.listeners == []


def test_few_runs_give_no_medians() -> None:
    few = plugin_rows([(Sort("pl-a", "1", "gpu"), {"RUNNING": (60.0, 4)})])
    assert few == [("pl-a 1 on gpu", "4", "", "", "Too few runs")]
    assert summary([]) == ("info", "No server has been asked yet.")
    rows = rows_of([HERE], [], [], broken=(), now=NOW)
    assert summary(rows) == ("ready", "Everything answers.")
    assert report(rows, few).splitlines()[-1].rstrip() == "pl-a 1 on gpu\t4"
