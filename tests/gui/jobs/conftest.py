"""Jobs for the tests of the Jobs pane."""

from collections.abc import Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from chrislib.jobs.model import (
    InboxRow,
    Job,
    JobKey,
    Kind,
    Phase,
    Progress,
    PullIntent,
    ResultState,
    RunIntent,
)
from chrislib.views.context import ViewContext
from chrislib.views.jobs.job_rows import ACTIONS
from chrislib.views.jobs.jobs_pane import JobsPane

Fakes = Any
RUN = RunIntent(1, "pl-a", "1", "ds", {"level": 3})
PULL = PullIntent("P", "1", "2", 192, "t", "item-1")


def run(key: str, phase: Phase, **more: Any) -> Job:
    return Job(
        JobKey(key),
        Kind.RUN,
        phase,
        more.pop("intent", RUN),
        more.pop("title", f"Run {key}"),
        feed_id=more.pop("feed_id", 12),
        remote_id=more.pop("remote_id", 34),
        created_at=more.pop("created_at", 100.0),
        **more,
    )


def pull(key: str, phase: Phase, **more: Any) -> Job:
    return Job(JobKey(key), Kind.PULL, phase, PULL, f"Pull {key}", **more)


def outcome(key: str, job: str, kind: str = "READY", **more: Any) -> InboxRow:
    return InboxRow(
        key,
        kind,
        JobKey(job),
        12,
        34,
        f"Outcome {key}",
        "64 files.",
        100.0,
        more.get("seen"),
        more.get("acted"),
    )


def end(pane: Any) -> None:
    """Shut a pane down, then delete it (qtbot would delete it first)."""
    pane.shutdown()
    pane.hide()
    shiboken6.delete(pane)


def titles(pane: JobsPane) -> dict[str, list[str]]:
    groups = ("attention", "running", "finished")
    return {group: [str(k) for k in pane.model.keys_of(group)] for group in groups}


def press(pane: JobsPane, key: str, word: str) -> None:
    """Click the painted button `word` of a row, where it is."""
    index = pane.model.index_of(JobKey(key)).siblingAtColumn(ACTIONS)
    rect = pane.view.visualRect(index)
    job = pane.model.read(JobKey(key))
    assert job is not None
    for verb, box in pane.view._delegate.buttons(job, rect):
        if verb.word == word:
            QTest.mouseClick(
                pane.view.viewport(), Qt.MouseButton.LeftButton, pos=box.center()
            )
            return
    raise AssertionError(word)


def child(parent: QWidget, kind: type[Any], name: str) -> Any:
    found = parent.findChild(kind, name)
    assert isinstance(found, kind), name
    return found


@pytest.fixture
def pane(ctx: ViewContext, fakes: Fakes, qtbot: QtBot) -> Iterator[JobsPane]:
    fakes.jobs.checked_at = fakes.now - 12
    for job in (
        run("failed", Phase.FAILED, detail="Out of memory.", hint="Ask for more."),
        run("ready", Phase.FINISHED, result=ResultState.READY, terminal_at=200.0),
        pull("moving", Phase.RUNNING, progress=Progress(132, 192, "images")),
    ):
        fakes.jobs.rows[job.key] = job
    fakes.jobs.inbox_rows = [
        outcome("f", "failed", "FAILED"),
        outcome("r", "ready"),
    ]
    made = JobsPane(ctx)
    made.resize(1064, 850)
    made.show()
    qtbot.waitUntil(lambda: made._arranger._problems is not None, timeout=2000)
    yield made
    end(made)
