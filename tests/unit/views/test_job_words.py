"""How jobs read: words, groups, verbs. No window needed."""

from dataclasses import replace

import pytest

from chrislib.jobs.model import (
    DownloadIntent,
    Job,
    JobKey,
    Kind,
    Phase,
    Progress,
    PullIntent,
    ResultState,
    RunIntent,
)
from chrislib.library.words import roughly
from chrislib.views.jobs.verbs import verbs_of
from chrislib.views.jobs.words import (
    ATTENTION,
    FINISHED,
    RUNNING,
    checked_text,
    duration,
    group_of,
    look_of,
    time_text,
    when,
)
from chrislib.views.theme.tokens import STATES

NOW = 1_795_300_000.0
RUN = RunIntent(1, "pl-a", "1", "ds", {})
PULL = PullIntent("P", "1", "2", 192, "t", "i")


def a_job(phase: Phase, kind: Kind = Kind.RUN, progress: Progress | None = None) -> Job:
    intent = RUN if kind is Kind.RUN else PULL
    return Job(
        JobKey("k"),
        kind,
        phase,
        intent,
        "t",
        progress=progress,
        feed_id=1,
        remote_id=2,
        created_at=NOW - 160,
        changed_at=NOW - 60,
        terminal_at=NOW if phase.terminal else None,
    )


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_phase_has_words_a_group_and_verbs(phase: Phase, kind: Kind) -> None:
    job = a_job(phase, kind)
    look = look_of(job, NOW)
    assert look.key in STATES
    assert look.text
    assert "done" not in look.text.casefold()
    assert group_of(job, settled=False) in {ATTENTION, RUNNING, FINISHED}
    words = [verb.word for verb in verbs_of(job)]
    assert words
    assert len(words) <= 3


def test_progress_is_counted_not_percent() -> None:
    job = a_job(Phase.RUNNING, Kind.PULL, Progress(1907, 4290, "images"))
    look = look_of(job, NOW)
    assert look.text == "1,907 of 4,290 images"
    assert (look.done, look.total) == (1907, 4290)
    stopped = replace(job, phase=Phase.FAILED, terminal_at=NOW)
    assert look_of(stopped, NOW).text == "Stopped at 1,907 of 4,290"


def test_registering_is_never_called_ready() -> None:
    job = a_job(Phase.REGISTERING, progress=Progress(64, 64, "files"))
    assert look_of(job, NOW).text == "Registering files"
    assert look_of(job, NOW).key == "registering"


def test_estimates_need_five_samples() -> None:
    few = a_job(Phase.RUNNING, Kind.PULL, Progress(4, 192, "images"))
    some = a_job(Phase.RUNNING, Kind.PULL, Progress(96, 192, "images"))
    assert time_text(few, NOW) == ""
    assert time_text(some, NOW) == "about 2 min"


def test_trouble_stays_in_front_until_it_was_dealt_with() -> None:
    failed = a_job(Phase.FAILED)
    assert group_of(failed, settled=False) == ATTENTION
    assert group_of(failed, settled=True) == FINISHED
    unsure = a_job(Phase.SUBMIT_UNCERTAIN)
    assert group_of(unsure, settled=True) == ATTENTION


def test_verbs_follow_the_state() -> None:
    ready = replace(a_job(Phase.FINISHED), result=ResultState.READY)
    assert [v.name for v in verbs_of(ready)] == ["get", "later", "discard"]
    snoozed = replace(ready, result=ResultState.SNOOZED)
    assert [v.name for v in verbs_of(snoozed)] == ["get", "discard"]
    failed = a_job(Phase.FAILED)
    assert verbs_of(failed)[0].word == "Run again"
    pull = a_job(Phase.FAILED, Kind.PULL)
    assert verbs_of(pull)[0].word == "Retry"
    saved = replace(
        a_job(Phase.FINISHED, Kind.DOWNLOAD), intent=DownloadIntent((), "/tmp", "t")
    )
    assert [v.word for v in verbs_of(saved)] == ["Open folder"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (160, "2 min 40 s"),
        (600, "10 min"),
        (1560, "26 min"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
        (400_000, "4 d"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_rough_spans_have_no_false_precision() -> None:
    assert roughly(3) == "5 s"
    assert roughly(62) == "1 min"
    assert roughly(4000) == "1 h"


def test_moments_in_lists() -> None:
    assert len(when(NOW, NOW)) == 5
    assert when(NOW - 86_400, NOW) == "Yesterday"
    assert when(NOW - 40 * 86_400, NOW)[4] == "-"


def test_an_old_look_is_said_to_be_old() -> None:
    assert checked_text(NOW - 12, NOW)[2] == "All followed, checked 12 s ago"
    icon, token, words = checked_text(NOW - 360, NOW)
    assert (icon, token) == ("clock", "state.errors")
    assert words == "Not checked for 6 min"
    assert checked_text(None, NOW)[2] == "Not checked yet"
