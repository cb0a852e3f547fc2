"""An answer that was lost, and two runs that may be the one: a person says which."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QRadioButton

from chrislib.jobs.model import Job, Phase, RunIntent
from chrislib.views.jobs.verbs import AMBIGUOUS
from tests.gui.program.person import Person, child_intent, feed, submit
from tests.scenarios.proxy import Passing, Proxy

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

pytestmark = [
    pytest.mark.qt_log_ignore("This plugin does not support"),
    pytest.mark.logs("outcome of a submission unknown"),
]


@dataclass
class Line:
    """A connection to a station that loses the answers to new runs while `loses`."""

    url: str
    username: str
    password: str
    loses: bool = False
    lost: int = 0

    def lose(self, passing: Passing) -> None:
        """Let nobody hear of what the server has done."""
        if self.loses and passing.method == "POST":
            self.lost += 1
            passing.drop()


@pytest.fixture
def line(station: Station) -> Iterator[Line]:
    """Return a connection to the station that loses answers when it is told to."""
    made = Line("", station.username, station.password)
    with Proxy(station.url, after=made.lose) as proxy:
        made.url = proxy.url
        yield made


@pytest.fixture
def person(program_factory: ProgramFactory, line: Line) -> Person:
    """Return a person at a program on the other end of that connection."""
    return Person(program_factory(line))


def same_elsewhere(station: Station, intent: RunIntent) -> int:
    """Start the very same run beside the program; returns its id."""
    values = {
        "previous_id": intent.previous_id,
        "title": intent.title,
        **intent.parameters,
    }
    request = urllib.request.Request(
        f"{station.url}plugins/{intent.plugin_id}/instances/",
        data=json.dumps(values).encode(),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Token {station.token}",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(json.load(answer)["id"])


def uncertain(person: Person, station: Station, line: Line) -> tuple[Job, int]:
    """Lose an answer while the same run is started elsewhere; job and other run."""
    _, root = feed(person.program, "Lost")
    person.wait(lambda: person.job(root.key).phase is Phase.FINISHED, "the root")
    intent = child_intent(person.program, root, "the same")
    other = same_elsewhere(station, intent)
    line.loses = True
    job = submit(person.program, intent)
    line.loses = False
    assert line.lost == 1
    assert job.phase is Phase.SUBMIT_UNCERTAIN
    person.wait(lambda: person.job(job.key).error_code == AMBIGUOUS, "two candidates")
    return job, other


def test_a_person_says_which_of_two_runs_it_is(
    person: Person, station: Station, line: Line
) -> None:
    job, other = uncertain(person, station, line)
    person.press_inbox("SUBMIT_UNCERTAIN", job.key, "Which run …")
    sheet = person.sheet("which.sheet")
    choices = {one.objectName(): one for one in sheet.findChildren(QRadioButton)}
    assert f"which.{other}" in choices
    assert len(choices) == 3
    person.press("This one", within=sheet)
    note = sheet.findChild(QLabel, "sheet.note")
    assert note is not None
    assert note.text() == "Choose one of them first."
    (mine,) = choices.keys() - {f"which.{other}", "which.none"}
    choices[mine].click()
    person.press("This one", within=sheet)
    person.no_sheet("which.sheet")
    number = int(mine.removeprefix("which."))
    person.wait(lambda: person.job(job.key).remote_id == number, "it is that one")
    person.wait(lambda: person.job(job.key).phase is Phase.FINISHED, "followed")
    person.wait(
        lambda: all(
            row.acted_at is not None
            for row in person.inbox_rows()
            if row.kind == "SUBMIT_UNCERTAIN"
        ),
        "the question is answered",
    )
    jobs = person.program.services.jobs.jobs()
    assert len([one for one in jobs if one.remote_id == number]) == 1


def test_a_person_says_that_it_is_none_of_them(
    person: Person, station: Station, line: Line
) -> None:
    job, _ = uncertain(person, station, line)
    person.press_row(job.key, "Which run …")
    sheet = person.sheet("which.sheet")
    none = sheet.findChild(QRadioButton, "which.none")
    assert none is not None
    none.click()
    person.press("None of them", within=sheet)
    person.no_sheet("which.sheet")
    person.wait(lambda: person.job(job.key).phase is Phase.NOT_SUBMITTED, "not sent")
    assert line.lost == 1, "nothing was sent again"
