"""Services of plug-ins: a person sets them up and finds jobs again by their queue."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QScrollArea

from chrislib.jobs.model import Phase, Reach
from chrislib.views.dialogs.accounts_health import AccountsSheet
from chrislib.views.dialogs.answer_times import AnswerPanel
from tests.gui.program.conftest import texts_of
from tests.gui.program.person import Person
from tests.services.bench import SECRET, ServiceProcess

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def ask_for(service: ServiceProcess, title: str) -> str:
    """Submit a job past chrislib; returns its token."""
    body = {
        "operation": "measure",
        "title": title,
        "values": {"text": "the quick brown fox"},
        "files": [],
        "reference": "",
    }
    return str(service.ask("POST", "/jobs", body)["token"])


def health(person: Person) -> AccountsSheet:
    """Open Accounts and health."""
    sheet = AccountsSheet(person.window, person.program.context)
    sheet.open()
    return sheet


def press(person: Person, sheet: AccountsSheet, name: str) -> None:
    """Press a button of the sheet by its name, once it is there."""

    def found() -> list[QAbstractButton]:
        return [
            one
            for one in sheet.findChildren(QAbstractButton, name)
            if one.isVisible() and one.isEnabled()
        ]

    person.wait(found, name)
    button = found()[-1]
    # it may lie further down
    scroll = sheet.findChild(QScrollArea, "health.scroll")
    assert scroll is not None
    scroll.ensureWidgetVisible(button)
    person.click(button)


def fill(person: Person, name: str, words: str) -> None:
    """Type into a field."""
    field = person.window.findChild(QLineEdit, name)
    assert isinstance(field, QLineEdit)
    field.clear()
    QTest.keyClicks(field, words)


def test_a_service_is_set_up_and_its_jobs_are_found_again(
    program_factory: ProgramFactory,
    station: Station,
    service: ServiceProcess,
    textworks: Callable[[], None],
) -> None:
    del textworks
    tokens = {ask_for(service, title) for title in ("first text", "second text")}
    person = Person(program_factory(station))
    jobs = person.program.services.jobs
    sheet = health(person)
    person.wait(lambda: "It has no address yet" in texts_of(sheet), "not set up")

    press(person, sheet, "service.options.textworks")
    options = person.sheet("service.sheet")
    fill(person, "service.password", SECRET)
    person.press("Save", within=options)
    person.wait(lambda: "Fill in the address too" in texts_of(options), "refused")
    fill(person, "service.option.url", service.url)
    fill(person, "service.option.user", "ada")
    person.press("Save", within=options)
    person.no_sheet("service.sheet")
    person.wait(lambda: f"{service.url}, ada" in texts_of(sheet), "set up")
    # there is no key ring in a test, and that is said
    person.program.wait_to_read("kept until the program ends")

    def followed() -> bool:
        rows = {row.name: row for row in jobs.services.rows()}
        return "textworks" in rows and rows["textworks"].reach is Reach.FRESH

    press(person, sheet, "service.follow.textworks")
    person.wait(lambda: "2 jobs of textworks are followed" in texts_of(sheet), "found")
    mine = [job for job in jobs.jobs() if job.backend == "textworks"]
    assert {job.token for job in mine} == tokens
    person.wait(followed, "looked at")
    person.wait(
        lambda: all(jobs.get(job.key).phase is Phase.FINISHED for job in mine), "ended"
    )
    press(person, sheet, "service.follow.textworks")
    person.wait(lambda: "Nothing new: all 2 jobs" in texts_of(sheet), "nothing new")
    person.press("Close", within=sheet)
    person.wait(
        lambda: all(person.state(job.key) == "Ready" for job in mine), "in the list"
    )


@pytest.mark.logs("plug-in", "textworks")
def test_a_service_that_does_not_answer_is_said(
    program_factory: ProgramFactory,
    station: Station,
    service: ServiceProcess,
    textworks: Callable[[], None],
) -> None:
    del textworks
    person = Person(program_factory(station))
    settings = person.program.services.jobs.service_settings
    person.program.run(person.program.services.jobs.services.ready())
    person.program.run(
        settings.save("textworks", {"url": service.url, "user": "ada"}, password="no")
    )
    sheet = health(person)
    press(person, sheet, "service.follow.textworks")
    person.wait(lambda: "The text service does not know you" in texts_of(sheet), "said")
    service.kill()
    press(person, sheet, "service.follow.textworks")
    person.wait(lambda: "The text service is not reached" in texts_of(sheet), "said")
    person.press("Close", within=sheet)


def test_how_fast_the_server_answers_is_shown_and_can_be_read_aloud(
    program_factory: ProgramFactory, station: Station
) -> None:
    person = Person(program_factory(station))
    jobs = person.program.services.jobs
    person.wait(lambda: jobs.answers(jobs.account_id).count > 1, "answers")
    sheet = health(person)
    panel = sheet.findChild(AnswerPanel, "health.answers")
    assert panel is not None
    assert panel.accessibleName().startswith("Answer times of 127.0.0.1")
    said = panel.accessibleDescription()
    assert re.fullmatch(r"Median [\d.]+ s, worst .* in the last hour", said)
    assert said in texts_of(sheet)
    person.press("Close", within=sheet)
