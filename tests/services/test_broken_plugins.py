"""Plug-ins that do not load, do not work or do not answer harm only themselves."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chrislib.errors import ChrislibError
from chrislib.jobs.extensions import BACKENDS, HANDLERS, SINKS
from chrislib.jobs.model import (
    JobKey,
    OpaqueIntent,
    Phase,
    ProgramIntent,
    Reach,
    ServiceIntent,
)
from tests.services.bench import Desk, ServiceProcess, Site

RAISES_AT_IMPORT = 'raise RuntimeError("no such library here")\n'
EXITS_AT_IMPORT = "import sys\n\nsys.exit(3)\n"
NO_BACKEND = "def make(context):\n    return object()\n"
OTHER_NAME = """
from chrislib.jobs.protocols import Manner, Place

class Odd:
    name = "somebody-else"
    place = Place("here")
    manner = Manner()

def make(context):
    return Odd()
"""
RAISES_EVERYWHERE = """
from chrislib.jobs.protocols import JobStatus, Manner, Place
from chrislib.jobs.model import Phase

class Bad:
    name = "bad"
    place = Place("bad")
    manner = Manner(timeout=5)
    taken = False

    async def submit(self, order):
        if Bad.taken:
            raise ZeroDivisionError("submit")
        Bad.taken = True
        return JobStatus("token-1", Phase.RUNNING)

    async def observe(self, tokens):
        raise {error}

    async def list_jobs(self):
        raise ZeroDivisionError("list")
        yield

    async def cancel(self, token):
        raise ZeroDivisionError("cancel")

def make(context):
    return Bad()
"""
SAYS_NONSENSE = """
from chrislib.jobs.protocols import Manner, Place

class Odd:
    name = "bad"
    place = Place("bad")
    manner = Manner(timeout=5)

    async def submit(self, order):
        return {"token": 7}

    async def find(self, order):
        return "nothing"

def make(context):
    return Odd()
"""
FAILING_HANDLER = """
class Handler:
    def accepts(self, job):
        raise ZeroDivisionError("accepts")

    async def apply(self, job, files, base, *, replace=False):
        raise ZeroDivisionError("apply")

def make(context):
    return Handler()
"""


async def program(desk: Desk, folder: Path) -> JobKey:
    """Start something that needs no plug-in but our own."""
    return await desk.jobs.submit(ProgramIntent(("true",), str(folder), "fine"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (RAISES_AT_IMPORT, "RuntimeError: no such library here"),
        (EXITS_AT_IMPORT, "SystemExit: 3"),
        (NO_BACKEND, "It is no Backend."),
        (OTHER_NAME, "It calls itself “somebody-else”."),
        ("make = 5\n", "It cannot be called."),
        ("def make(context):\n    raise SystemExit(4)\n", "SystemExit: 4"),
    ],
)
@pytest.mark.logs("plug-in bad does not load")
async def test_one_that_does_not_load_is_set_aside_with_its_reason(
    desk: Desk, site: Site, tmp_path: Path, source: str, reason: str
) -> None:
    site.install_source("bad-plugin", source, {BACKENDS: "bad = bad_plugin:make"})
    await desk.jobs.services.reload()
    (broken,) = desk.jobs.extensions.broken
    assert (broken.name, broken.group, broken.reason) == ("bad", BACKENDS, reason)
    assert broken.distribution == "bad-plugin"
    (row,) = [r for r in desk.jobs.services.rows() if r.name == "bad"]
    assert (row.reach, row.detail) == (Reach.NO_BACKEND, reason)
    with pytest.raises(ChrislibError, match="does not work"):
        await desk.jobs.submit(ServiceIntent("bad", "x", {}))
    await desk.phase(await program(desk, tmp_path), Phase.FINISHED)


@pytest.mark.parametrize(
    "error",
    [
        'ZeroDivisionError("observe")',
        'SystemExit("observe")',
        '__import__("asyncio").CancelledError()',
    ],
)
@pytest.mark.logs("plug-in bad failed", "plug-in bad was set aside")
async def test_one_that_raises_in_every_method_is_set_aside_and_keeps_its_job(
    desk: Desk, site: Site, tmp_path: Path, error: str
) -> None:
    source = RAISES_EVERYWHERE.replace("{error}", error)
    site.install_source("bad-plugin", source, {BACKENDS: "bad = bad_plugin:make"})
    await desk.jobs.services.reload()
    key = await desk.jobs.submit(ServiceIntent("bad", "x", {}, "bad work"))
    await desk.until(lambda: desk.jobs.extensions.broken)
    await desk.until(lambda: desk.job(key).reach is Reach.NO_BACKEND)
    job = desk.job(key)
    assert (job.phase, job.token) == (Phase.RUNNING, "token-1")
    await desk.phase(await program(desk, tmp_path), Phase.FINISHED)
    # Mended and looked for again, it goes on with the same token.
    mended = source.replace(
        f"raise {error}", "return {t: self.done(t) for t in tokens}"
    )
    mended += '\nBad.done = lambda self, t: JobStatus(t, Phase.FINISHED, "ok")\n'
    site.uninstall()
    site.install_source("bad-plugin", mended, {BACKENDS: "bad = bad_plugin:make"})
    await desk.jobs.services.reload()
    assert (await desk.phase(key, Phase.FINISHED)).token == "token-1"


@pytest.mark.logs("outcome of a submission", "plug-in bad failed", "was set aside")
async def test_one_that_answers_nonsense_loses_no_job(desk: Desk, site: Site) -> None:
    site.install_source(
        "bad-plugin", SAYS_NONSENSE, {BACKENDS: "bad = bad_plugin:make"}
    )
    await desk.jobs.services.reload()
    key = await desk.jobs.submit(ServiceIntent("bad", "x", {}, "bad work"))
    await desk.until(lambda: desk.jobs.extensions.broken)
    assert desk.job(key).phase is Phase.SUBMIT_UNCERTAIN


@pytest.mark.logs("plug-in bad was set aside")
async def test_a_handler_that_fails_when_asked_leaves_the_others(
    desk: Desk, site: Site, tmp_path: Path
) -> None:
    points = {HANDLERS: "bad = bad_plugin:make"}
    site.install_source("bad-plugin", FAILING_HANDLER, points)
    await desk.jobs.services.reload()
    key = await program(desk, tmp_path)
    job = await desk.phase(key, Phase.FINISHED)
    assert desk.jobs.extensions.handlers(job) == ()
    assert [b.group for b in desk.jobs.extensions.broken] == [HANDLERS]


@pytest.mark.logs("its name is taken")
async def test_a_plug_in_cannot_take_the_name_of_another(
    desk: Desk, site: Site, tmp_path: Path
) -> None:
    site.install_source(
        "bad-plugin", RAISES_AT_IMPORT, {BACKENDS: "local = bad_plugin:make"}
    )
    await desk.jobs.services.reload()
    assert desk.jobs.extensions.broken == ()
    await desk.phase(await program(desk, tmp_path), Phase.FINISHED)


async def test_a_job_of_an_unknown_kind_passes_through_untouched(
    served: Desk, service: ServiceProcess
) -> None:
    intent = ServiceIntent("textworks", "measure", {"values": {"hold": True}}, "x")
    key = await served.jobs.submit(intent)
    token = (await served.phase(key, Phase.RUNNING)).token
    await served.stop()
    text = '{"shape": [1, 2], "of": "another time"}'
    with sqlite3.connect(served.path) as database:
        database.execute(
            "UPDATE job SET kind='quantum', intent_json=? WHERE job_key=?", (text, key)
        )
    await served.catalog.open()
    await served.jobs.start()
    assert served.job(key).intent == OpaqueIntent("textworks", "quantum", text, "x")
    service.release(token)
    await served.phase(key, Phase.FINISHED)
    await served.stop()
    with sqlite3.connect(served.path) as database:
        found = database.execute(
            "SELECT kind, intent_json, token FROM job WHERE job_key=?", (key,)
        ).fetchone()
    assert found == ("quantum", text, token)
    await served.catalog.open()
    await served.jobs.start()


async def test_our_own_backends_come_by_entry_points(desk: Desk) -> None:
    assert {"cube", "workflow", "pull", "upload", "download", "local"} <= set(
        desk.jobs.extensions.backends
    )
    assert desk.jobs.extensions.broken == ()


SINK = """
class Sink:
    toasts = []

    async def show(self, toast):
        Sink.toasts.append(toast)

class Broken:
    async def show(self, toast):
        raise ZeroDivisionError("show")

def make(context):
    return Sink()

def broken(context):
    return Broken()
"""


@pytest.mark.logs("plug-in loud was set aside")
async def test_toasts_reach_the_sinks_of_plug_ins(
    desk: Desk, site: Site, tmp_path: Path
) -> None:
    points = {SINKS: "loud = sink_plugin:broken\nquiet = sink_plugin:make"}
    site.install_source("sink-plugin", SINK, points)
    await desk.jobs.services.reload()
    await desk.phase(await program(desk, tmp_path), Phase.FINISHED)
    sink: Any = desk.jobs.extensions.sinks["quiet"]
    await desk.until(lambda: sink.toasts)
    await desk.until(lambda: desk.sink.toasts)
    assert len(sink.toasts) == len(desk.sink.toasts) == 1
    assert [b.name for b in desk.jobs.extensions.broken] == ["loud"]
