"""A job for a service whose author waits for the answer: taken, or refused."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from chrislib.cube.errors import Refused, ServerUnreachable
from chrislib.jobs import fsm
from chrislib.jobs.model import Intent, Job, JobChange, JobKey, Phase, ResultState
from chrislib.jobs.steps import Step, Tracked
from chrislib.jobs.store import JobStore

_BEFORE = frozenset({Phase.DRAFT, Phase.SUBMITTING})


async def handed_over(
    intent: Intent,
    store: JobStore,
    *,
    submit: Callable[[Intent], Awaitable[JobKey]],
    now: Callable[[], float],
) -> Job:
    """Journal a job, hand it over and return what became of it (disk, network).

    A lost answer is no error: the job is SUBMIT_UNCERTAIN then and the service is
    being asked. What was not taken is dropped: its author sees the error, and sends
    it again or not.

    Raises
    ------
    Refused
        The service does not take it; nothing was started.
    ServerUnreachable
        It was never sent; nothing was started.
    """
    answers: dict[JobKey, Job] = {}
    heard = asyncio.Event()
    key: JobKey | None = None

    def listen(changes: Sequence[JobChange]) -> None:
        for change in changes:
            before = change.before
            sent = before is not None and before.phase is Phase.SUBMITTING
            if sent or change.after.phase not in _BEFORE:
                answers[change.after.key] = change.after
                heard.set()

    stop = store.subscribe(listen)
    try:
        key = await submit(intent)
        while key not in answers:
            heard.clear()
            await heard.wait()
    except asyncio.CancelledError:
        if key is not None:
            # who went away does not want it sent later
            await asyncio.shield(_drop(store, key, now=now))
        raise
    finally:
        stop()
    job = answers[key]
    if job.phase is not Phase.DRAFT:
        return job
    await _drop(store, key, now=now)
    if job.field_errors:
        raise Refused(
            job.detail or "The server refused it.",
            "Nothing was started.",
            hint=job.hint,
            fields={name: text for name, text in job.field_errors.items() if name},
        )
    raise ServerUnreachable(
        "The server is not reached.",
        "Nothing was started.",
        hint="Try again when it answers.",
        context={"sent": "no"},
    )


async def _drop(store: JobStore, key: JobKey, *, now: Callable[[], float]) -> None:
    """Take a job back that was not sent (disk).

    What is on its way meanwhile stays.
    """

    def drop(tracked: Tracked) -> Step | None:
        if tracked.job.phase is not Phase.DRAFT:
            return None
        return fsm.learn(tracked, "dropped", now=now(), result=ResultState.DISCARDED)

    await store.apply(key, drop)
