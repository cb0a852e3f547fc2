"""What the job list says of a run that waits."""

from chrislib.jobs.model import Job, JobKey, Kind, Phase, Progress, RunIntent
from chrislib.views.jobs.facts import sentence_of
from chrislib.views.jobs.words import ATTENTION, RUNNING, group_of, look_of, second_line


def held(**changes: object) -> Job:
    intent = RunIntent(9, "pl-dircopy", "2", "fs", {"dir": ""}, waits_for=("a", "b"))
    return Job(
        key=JobKey("k"),
        kind=Kind.RUN,
        phase=Phase.DRAFT,
        intent=intent,
        title="Pilot",
        progress=Progress(1, 2, "items"),
        detail="Starts when 1 more is here.",
        **changes,  # type: ignore[arg-type]
    )


def test_a_run_that_waits_says_what_for() -> None:
    look = look_of(held(), 0.0)
    assert (look.text, look.done, look.total) == ("Waits for its data", 1, 2)
    assert second_line(held()) == "Starts when 1 more is here."
    assert "when it can start" in sentence_of(held())
    assert group_of(held(), settled=False) == RUNNING


def test_what_did_not_arrive_needs_a_person() -> None:
    lost = held(field_errors={"": "1 item did not arrive."})
    assert group_of(lost, settled=False) == ATTENTION
