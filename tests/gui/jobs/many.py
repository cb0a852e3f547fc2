"""Many jobs as a busy group has them: for measuring, and for the picture."""

import random
from collections.abc import Iterator

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
    UploadFile,
    UploadIntent,
)

PLUGINS = (
    ("pl-dcm2niix", "1.0.1", 65),
    ("pl-fastsurfer", "1.3.8", 2340),
    ("pl-mri_deface", "1.1", 160),
    ("pl-ants_reg", "2.3.1", 250),
    ("pl-fs_stats", "1.2.0", 40),
    ("pl-leg_length", "2.0.3", 75),
    ("pl-covidnet", "0.3.2", 30),
)
_FEEDS = (
    "Chiari pilot",
    "Fetal MR 2026-11",
    "Leg length",
    "Spine CT crop",
    "DTI atlas",
)
_PHASES = (
    (Phase.RUNNING, 30),
    (Phase.REGISTERING, 6),
    (Phase.QUEUED, 8),
    (Phase.WAITING, 20),
    (Phase.FINISHED, 420),
    (Phase.FINISHED_WITH_ERRORS, 12),
    (Phase.FAILED, 14),
    (Phase.CANCELLED, 10),
    (Phase.CANCELLED_UPSTREAM, 8),
)
_SINCE = {
    Phase.RUNNING: 0.3,
    Phase.REGISTERING: 0.05,
    Phase.QUEUED: 0.1,
    Phase.WAITING: 0.3,
}
_REASONS = (
    "Out of memory: it asked for 8 GB and the node gave 4 GB. Its inputs are safe.",
    "The run took longer than the compute resource allows.",
    "Some output files did not arrive.",
)


def many_jobs(count: int, now: float, seed: int = 1) -> Iterator[Job]:
    """Yield jobs of the last weeks, newest first."""
    dice = random.Random(seed)
    phases = [phase for phase, weight in _PHASES for _ in range(weight)]
    for number in range(count):
        created = now - 60 - number * 55 - dice.random() * 40
        kind = dice.choices(("run", "pull", "upload"), (90, 8, 2))[0]
        phase = dice.choice(phases)
        if number < 60 and number % 7 == 0:
            phase = Phase.RUNNING
        if kind == "pull":
            yield _pull(number, phase, created, dice, now)
        elif kind == "upload":
            yield _upload(number, phase, created)
        else:
            yield _run(number, phase, created, dice, now)


def many_outcomes(
    jobs: list[Job], now: float, *, hours: float = 24.0
) -> list[InboxRow]:
    """Return outcomes nobody has dealt with: those of the last hours."""
    kinds = {Phase.FAILED: "FAILED", Phase.FINISHED_WITH_ERRORS: "ERRORS"}
    return [
        InboxRow(
            f"{job.key}:{kinds[job.phase]}:0",
            kinds[job.phase],
            job.key,
            job.feed_id,
            job.remote_id,
            job.title,
            job.detail,
            job.terminal_at or now,
            None,
            None,
        )
        for job in jobs
        if job.phase in kinds and (job.terminal_at or 0) > now - hours * 3600
    ]


def _key(number: int) -> JobKey:
    return JobKey(f"01970000-0000-7000-8000-{number:012d}")


def _run(
    number: int, phase: Phase, created: float, dice: random.Random, now: float
) -> Job:
    name, version, usual = dice.choice(PLUGINS)
    feed = 900 - number // 24
    ended = phase.terminal
    spent = usual * dice.uniform(0.6, 1.6)
    detail = ""
    if phase is Phase.FAILED:
        detail = dice.choice(_REASONS)
    elif phase is Phase.WAITING:
        detail = "Waits for the node before it"
    elif ended:
        detail = f"{dice.randrange(2, 900):,} files · {dice.uniform(0.1, 9):.1f} GB"
    result = ResultState.NONE
    if phase is Phase.FINISHED:
        result = ResultState.READY if number < 120 else ResultState.FETCHED
    if phase is Phase.FINISHED_WITH_ERRORS:
        result = ResultState.READY
    terminal = min(created + spent, now - 1) if ended else None
    since = now - _SINCE.get(phase, 0.0) * spent
    asked = now - dice.uniform(20, 3000)
    return Job(
        _key(number),
        Kind.RUN,
        phase,
        RunIntent(
            7, name, version, "ds", {"level": number % 5}, compute_resource="gpu"
        ),
        f"{name} {version} · {_FEEDS[feed % len(_FEEDS)]}",
        feed_id=feed,
        remote_id=100_000 - number,
        detail=detail,
        result=result,
        created_at=created if ended else min(asked, since),
        changed_at=terminal if terminal is not None else since,
        terminal_at=terminal,
        checked_at=now - 12,
        batch_key="01970000-0000-7000-8000-0000000000b1" if feed > 880 else "",
    )


def _pull(
    number: int, phase: Phase, created: float, dice: random.Random, now: float
) -> Job:
    total = dice.randrange(20, 400)
    wrong = phase in {Phase.FAILED, Phase.CANCELLED, Phase.FINISHED_WITH_ERRORS}
    ended = phase.terminal
    phase = phase if wrong or not ended else Phase.FINISHED
    done = total if phase is Phase.FINISHED else dice.randrange(5, total)
    return Job(
        _key(number),
        Kind.PULL,
        phase if phase is not Phase.WAITING else Phase.QUEUED,
        PullIntent("Main PACS", "1.2", f"1.2.{number}", total, "t", f"item{number}"),
        f"AX T2 FSE {number % 90} · Main PACS",
        detail="The PACS closed the connection." if phase is Phase.FAILED else "",
        progress=Progress(done, total, "images"),
        created_at=created,
        changed_at=created + 30 if ended else now - 20,
        terminal_at=created + 60 if ended else None,
    )


def _upload(number: int, phase: Phase, created: float) -> Job:
    ended = phase.terminal
    return Job(
        _key(number),
        Kind.UPLOAD,
        Phase.FINISHED if ended else Phase.RUNNING,
        UploadIntent("home/alex/uploads", (UploadFile("a", "b", 1),), "sub-07"),
        f"sub-{number % 60:02d} · 412 files",
        progress=Progress(412 if ended else 120, 412, "files"),
        created_at=created,
        changed_at=created + 20,
        terminal_at=created + 90 if ended else None,
    )
