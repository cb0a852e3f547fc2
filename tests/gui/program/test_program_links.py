"""A ``chris:`` link given to a second start opens exactly the thing in the first."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chrislib.desktop import instance
from chrislib.jobs.adopting import links
from chrislib.jobs.model import Job, RunIntent
from chrislib.views.navigation import ShowFeed

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]


@pytest.fixture
def program(program_factory: ProgramFactory, station: Station) -> Iterator[Program]:
    """Return the program, listening as the first of its user."""
    made = program_factory(station)
    listener = made.run(
        instance.listen(made.services.paths.state, made.window.open_link)
    )
    yield made
    made.run(listener.close())


def run_of(program: Program) -> Job:
    """Make a run on the station."""
    client = program.services.session.client
    folder = f"home/local/uploads/links-{time.monotonic_ns()}"
    local = program.services.paths.cache / "a.txt"
    local.write_text("hello", encoding="utf-8")

    async def make() -> Job:
        await client.files.upload(local, f"{folder}/a.txt")
        async for plugin in client.plugins.list(name_exact="pl-dircopy"):
            intent = RunIntent(
                plugin_id=plugin.id,
                plugin_name=plugin.name,
                plugin_version=plugin.version,
                plugin_type="fs",
                parameters={"dir": folder},
                title="a feed",
            )
            made: Job = await program.services.jobs.submit_now(intent)
            return made
        raise AssertionError("no plugin")

    made: Job = program.run(make())
    return made


def start_again(program: Program, link: str) -> int:
    """Start a second program with a link (process); returns how it ended."""
    home = program.services.paths.state.parent
    env = dict(os.environ, CHRISLIB_HOME=str(home), QT_QPA_PLATFORM="offscreen")
    process = subprocess.Popen([sys.executable, "-m", "chrislib", "run", link], env=env)
    try:
        # the first one answers on this very event loop
        program.wait(lambda: process.poll() is not None, 30_000)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    return process.returncode


@pytest.mark.qt_log_ignore("does not support raise")
def test_a_second_start_with_a_link_opens_that_node(program: Program) -> None:
    job = run_of(program)
    session = program.services.session
    link = links.make(
        feed_id=job.feed_id,
        node_id=job.remote_id,
        host=links.host_of(session.url),
        server_uuid=session.client.server.uuid,
    )
    assert start_again(program, link) == 0
    there = ShowFeed(job.feed_id, job.remote_id)
    program.wait(lambda: program.window.shell._here == there)
    program.wait_to_read("a feed")


@pytest.mark.qt_log_ignore("does not support raise")
def test_a_link_of_another_server_is_told_and_not_followed(program: Program) -> None:
    before = program.window.shell._here
    assert start_again(program, "chris://evil.example/feed/1") == 0
    program.wait_to_read("evil.example", "nothing was sent")
    assert program.window.shell._here == before
