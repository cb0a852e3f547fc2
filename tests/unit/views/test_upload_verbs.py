"""Uploads can be paused from the Jobs pane too."""

from dataclasses import replace

from chrislib.jobs.model import Job, JobKey, Kind, Phase, UploadIntent
from chrislib.views.jobs.verbs import (
    CANCEL,
    PAUSE,
    RESUME,
    SHOW,
    more_verbs_of,
    verbs_of,
)

RUNNING = Job(
    JobKey("k"), Kind.UPLOAD, Phase.RUNNING, UploadIntent("home/x", (), "t"), "t"
)


def test_an_upload_is_paused_and_goes_on() -> None:
    assert verbs_of(RUNNING) == (CANCEL, SHOW)
    assert PAUSE in more_verbs_of(RUNNING)
    paused = replace(RUNNING, phase=Phase.QUEUED, paused=True)
    assert verbs_of(paused) == (RESUME, CANCEL, SHOW)
    assert PAUSE not in more_verbs_of(paused)
    assert PAUSE not in more_verbs_of(replace(RUNNING, phase=Phase.FINISHED))
    assert PAUSE not in more_verbs_of(replace(RUNNING, kind=Kind.RUN))
