"""Scenarios 56 to 64: what is told, once, in time, and never too much."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from chrislib.aio import spawn
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.inbox import InboxQuery
from chrislib.cube.client import CubeClient
from chrislib.desktop.notify import KeptNotifier
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import RunIntent
from chrislib.jobs.notices.policy import Quiet
from chrislib.views.navigation import ShowFeed, parse_link
from tests.conftest import Station
from tests.notices.bus import Service, environment, private_bus
from tests.notices.desk import FAILED, Lag, NoticeDesk
from tests.sim.virtual import VirtualClock

QUICK = 0.3
"""Base period that makes a minute of the product 1.2 s."""


async def until(condition: Callable[[], object], seconds: float) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.05)


async def killed_while_showing(folder: Path, when: str) -> NoticeDesk:
    """Return a desk started on the catalog a killed process has left."""
    command = [sys.executable, "-m", "tests.scenarios.notice_child", str(folder), when]
    done = await asyncio.to_thread(
        subprocess.run, command, timeout=60, check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    desk = NoticeDesk(folder, base=QUICK)
    assert desk.states() == {"CLAIMED": 1}
    return await desk.start()


async def test_s56_killed_between_claim_and_toast(tmp_path: Path) -> None:
    desk = await killed_while_showing(tmp_path, "before")
    await desk.until(lambda: desk.states() == {"UNKNOWN": 1})
    assert (await desk.jobs.notices.counts()).unread == 1, "the badge counts it"
    await desk.end(await desk.runs(feed=13), **FAILED)
    await desk.until(lambda: bool(desk.sink.shown))
    assert desk.sink.titles == ["Feed 13: run failed"], "the other never again"
    await desk.stop()


async def test_s57_killed_after_the_toast_before_noting_it(tmp_path: Path) -> None:
    desk = await killed_while_showing(tmp_path, "after")
    on_screen = (tmp_path / "screen.txt").read_text(encoding="utf-8").splitlines()
    assert on_screen == ["Feed 12: run failed"]
    await desk.end(await desk.runs(feed=13), **FAILED)
    await desk.until(lambda: bool(desk.sink.shown))
    assert desk.sink.titles == ["Feed 13: run failed"], "the first not again"
    await desk.until(lambda: desk.states() == {"UNKNOWN": 1, "SHOWN": 1})
    await desk.stop()


async def test_s58_five_thousand_failures_in_a_minute(tmp_path: Path) -> None:
    base = 1.0
    minute = 4 * base
    desk = await NoticeDesk(tmp_path, base=base).start()
    keys = await desk.runs(5_000, feed=1, feeds=500)
    lag = Lag()
    spawn(lag.watch(), name="lag")
    began, pages = time.perf_counter(), 50
    for page in range(pages):
        # a page of polling has 100 rows; each feed's failures come a few at a time
        await desk.end(keys[page::pages], **FAILED)
        left = began + minute * (page + 1) / pages - time.perf_counter()
        await asyncio.sleep(max(left, 0))
    worst = lag.stop()
    at = [when - desk.sink.shown[0][0] for when, _ in desk.sink.shown]
    toasts = desk.sink.toasts
    measured = f"loop held {worst * 1000:.0f} ms, {lag.wall * 1000:.0f} ms by the wall"
    assert toasts[0].title.endswith(("run failed", "failed")), "one at once"
    in_minute = [when for when in at if when <= minute]
    assert len(in_minute) <= 3, "one at once and at most two a minute"
    assert all(b - a >= 2 * base - 0.05 for a, b in pairwise(at))
    assert worst < 0.2, measured
    await desk.until(lambda: desk.states().keys() == {"SHOWN"}, 4 * minute)
    told = [key for toast in desk.sink.toasts for key in toast.keys]
    assert len(told) == len(set(told)) == 5_000, "each is told of once"
    assert (await desk.jobs.notices.counts()).problems == 5_000
    await desk.stop()


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the computer's clock show the time of Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[NoticeDesk]:
    """Return a desk in virtual time, quiet from 22 to 7 o'clock."""
    desk = await NoticeDesk(tmp_path, clock=VirtualClock()).start()
    account = desk.account.account_id
    policy = desk.jobs.notices.policy(account)
    await desk.jobs.notices.set_policy(account, replace(policy, quiet=Quiet(on=True)))
    yield desk
    await desk.stop()


async def sleep_until(desk: NoticeDesk, hour: int, minute: int = 0) -> None:
    """Let virtual time pass until the local clock shows this."""
    now = datetime.fromtimestamp(desk.clock.time())
    seconds = (hour * 60 + minute) * 60 - (
        now.hour * 3600 + now.minute * 60 + now.second + now.microsecond / 1e6
    )
    await asyncio.sleep(seconds % 86400)


@pytest.mark.virtual_time
async def test_s59_one_digest_at_the_end_of_quiet_hours(
    berlin: None, night: NoticeDesk
) -> None:
    desk = night
    keys = await desk.runs(40, feed=1, feeds=40)
    await sleep_until(desk, 22, 10)
    for number, key in enumerate(keys):
        # one every 13 minutes, from 22:10 to 06:37
        await desk.end([key], **(FAILED if number % 20 == 7 else {}))
        await asyncio.sleep(13 * 60)
    assert datetime.fromtimestamp(desk.clock.time()).hour == 6
    assert desk.sink.shown == []
    assert desk.states() == {"PENDING": 40}
    assert (await desk.jobs.notices.counts()).unread == 40, "the inbox has them"
    await sleep_until(desk, 7)
    await asyncio.sleep(300)
    ((at, digest),) = desk.sink.shown
    assert f"{datetime.fromtimestamp(at):%H:%M:%S}" in {"07:00:00", "07:00:01"}
    assert digest.title == "38 ready, 2 failed since yesterday 22:10"
    assert digest.target == f"inbox/toast/{digest.id}"
    told = await desk.jobs.notices.page(InboxQuery(toast=digest.id))
    assert len(told) == 40, "a click shows exactly these"
    await sleep_until(desk, 12)
    await desk.end(await desk.runs(feed=99))
    await asyncio.sleep(60)
    assert desk.sink.titles[1:] == ["Feed 99: run finished"], "as always by day"


@pytest.mark.virtual_time
async def test_closed_in_quiet_hours_and_started_in_the_morning(
    berlin: None, night: NoticeDesk
) -> None:
    desk = night
    await sleep_until(desk, 22, 30)
    await desk.end(await desk.runs(3, feed=1, feeds=3))
    await desk.stop()
    await sleep_until(desk, 8)
    desk._make()
    await desk.start()
    await asyncio.sleep(300)
    assert desk.sink.titles == ["3 ready since yesterday 22:30"]


@pytest.mark.virtual_time
async def test_s62_seen_by_sweep_and_by_point_at_once(tmp_path: Path) -> None:
    desk = await NoticeDesk(tmp_path, clock=VirtualClock()).start()
    (key,) = await desk.runs()
    await asyncio.gather(
        desk.end([key], source="window"),
        desk.end([key], source="point"),
        desk.end([key], source="feed"),
    )
    await asyncio.sleep(120)
    assert len(desk.ask("SELECT dedupe_key FROM inbox")) == 1
    assert desk.sink.titles == ["Feed 12: run finished"]
    events = desk.ask("SELECT count(*) FROM job_event WHERE to_phase='FINISHED'")
    assert events == [(1,)]
    await desk.stop()


@pytest.mark.virtual_time
@pytest.mark.parametrize("scope", ["feed", "job", "batch"])
async def test_s63_muted_while_it_waits(tmp_path: Path, scope: str) -> None:
    desk = await NoticeDesk(tmp_path, clock=VirtualClock()).start()
    (muted,) = await desk.runs(feed=12, batch_key="b" if scope == "batch" else "")
    (other,) = await desk.runs(feed=13)
    await desk.end([muted, other])
    assert desk.states() == {"PENDING": 2}
    ref = {"feed": "12", "job": str(muted), "batch": "b"}[scope]
    account = desk.account.account_id
    await desk.jobs.notices.mute(account, scope, ref)
    await asyncio.sleep(120)
    assert desk.sink.titles == ["Feed 13: run finished"]
    assert desk.states() == {"SUPPRESSED": 1, "SHOWN": 1}
    rows = await desk.jobs.notices.page(InboxQuery())
    assert {row.job_key for row in rows} == {muted, other}, "the inbox has both"
    await desk.restart()
    (kept,) = await desk.jobs.notices.mutes()
    assert (kept.scope, kept.ref) == (scope, ref), "also after a restart"
    await desk.jobs.notices.unmute(account, scope, ref)
    await desk.end(await desk.runs(feed=12, batch_key=""))
    await asyncio.sleep(120)
    assert desk.sink.titles[1:] == ["Feed 12: run finished"]
    await desk.stop()


PATIENT = "Müller^Änne 19610304 MRN 4711"


@pytest.mark.virtual_time
async def test_s64_no_patient_in_a_toast_unless_asked(tmp_path: Path) -> None:
    desk = await NoticeDesk(tmp_path, clock=VirtualClock()).start()
    await desk.end(await desk.runs(feed=812, title=PATIENT))
    await asyncio.sleep(60)
    await desk.end(await desk.runs(feed=813, title=PATIENT), **FAILED)
    await asyncio.sleep(60)
    await desk.end(await desk.runs(2, feed=814, title=PATIENT))
    await asyncio.sleep(60)
    said = " ".join(f"{t.title} {t.text} {t.target}" for t in desk.sink.toasts)
    assert desk.sink.titles == [
        "Feed 812: run finished",
        "Feed 813: run failed",
        "Feed 814: run finished",
    ]
    for part in ("Müller", "Änne", "1961", "4711"):
        assert part not in said
    assert "chris.example.org" in said, "it names the server"
    account = desk.account.account_id
    wanted = replace(desk.jobs.notices.policy(account), names=True)
    await desk.jobs.notices.set_policy(account, wanted)
    await desk.end(await desk.runs(feed=815, title=PATIENT))
    await asyncio.sleep(60)
    assert PATIENT in desk.sink.toasts[-1].text
    await desk.stop()


async def test_s60_no_notification_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links: list[str] = []
    monkeypatch.delenv("XDG_CURRENT_DESKTOP", raising=False)
    with private_bus(tmp_path / "bus") as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        notifier = KeptNotifier(links.append, icon=tmp_path, state=tmp_path)
        desk = NoticeDesk(tmp_path, base=QUICK)
        desk.sink = notifier  # type: ignore[assignment]
        desk._make()
        hints: list[int] = []
        await desk.start()
        desk.jobs.notices.on_hint(lambda: hints.append(1))
        await desk.end(await desk.runs(feed=12))
        await desk.until(lambda: desk.states() == {"SUPPRESSED": 1})
        await desk.end(await desk.runs(feed=13), **FAILED)
        await desk.until(lambda: desk.states() == {"SUPPRESSED": 2})
        assert hints == [1], "one hint"
        assert (await desk.jobs.notices.counts()).unread == 2, "the inbox has both"
        await desk.restart()
        desk.jobs.notices.on_hint(lambda: hints.append(2))
        await desk.end(await desk.runs(feed=14))
        await desk.until(lambda: desk.states() == {"SUPPRESSED": 3})
        assert hints == [1], "not again after a restart"
        service = await Service(address).start()
        await desk.end(await desk.runs(feed=15))
        await desk.until(lambda: desk.states().get("SHOWN") == 1)
        assert [shown.title for shown in service.shown] == ["Feed 15: run finished"]
        service.click(service.shown[0].id)
        await desk.until(lambda: bool(links))
        assert parse_link(links[0]) == ShowFeed(15, 1004)
        notifier.close()
        await desk.stop()
        await service.stop()


def started(env: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start the program."""
    return subprocess.Popen(
        [sys.executable, "-m", "chrislib", "run"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def living(home: Path) -> list[int]:
    """Return the pids of the programs of a home that were started with a link."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            env = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        ours = f"CHRISLIB_HOME={home}".encode() in env
        if ours and any(part.startswith(b"chris:") for part in command):
            found.append(int(folder.name))
    return found


async def finished_feeds(station: Station, catalog: Path, count: int) -> list[int]:
    """Have runs made and followed to their end by a program without toasts."""
    client = await CubeClient.sign_in(station.url, station.username, station.password)
    kept = Catalog(catalog)
    await kept.open()
    jobs = JobManager(
        catalog=kept,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        base_period=QUICK,
    )
    await jobs.start()
    (plugin,) = [p async for p in client.plugins.list(name_exact="pl-dircopy")]
    folder = f"home/{station.username}/uploads/toast"
    local = catalog.parent / "a.txt"
    local.write_text("hello", encoding="utf-8")
    await client.files.upload(local, f"{folder}/a.txt")
    made = [
        await jobs.submit_now(
            RunIntent(
                plugin_id=plugin.id,
                plugin_name=plugin.name,
                plugin_version=plugin.version,
                plugin_type="fs",
                parameters={"dir": folder},
                title=f"Feed of a test {number}",
            )
        )
        for number in range(count)
    ]
    deadline = time.monotonic() + 60
    while not all(job.phase.terminal for job in jobs.jobs()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await jobs.stop()
    await kept.close()
    await client.aclose()
    return [job.feed_id or 0 for job in made]


async def test_s61_a_click_starts_the_closed_program_at_that_feed(
    tmp_path: Path, station_factory: Callable[..., Station]
) -> None:
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    settings = home / "config" / "settings.json"
    settings.write_text(f'{{"poll_seconds": {QUICK}}}', encoding="utf-8")
    catalog = home / "state" / "catalog.db"
    station = station_factory(home=home)
    first, second = await finished_feeds(station, catalog, 2)

    def kept(key: str) -> str:
        with closing(sqlite3.connect(catalog)) as db:
            query = "SELECT value FROM keyvalue WHERE key=?"
            row = db.execute(query, (f"layout.{key}",)).fetchone()
        return str(row[0]) if row else ""

    with private_bus(tmp_path / "bus") as address:
        service = await Service(address).start()
        env = environment(
            address, CHRISLIB_HOME=str(home), QT_QPA_PLATFORM="offscreen",
            PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
        )  # fmt: skip
        program = await asyncio.to_thread(started, env)
        try:
            await until(lambda: len(service.shown) == 2, 120)
            titles = {shown.title: shown for shown in service.shown}
            assert set(titles) == {
                f"Feed {first}: run finished",
                f"Feed {second}: run finished",
            }
            program.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(program.wait, 60) == 0
            assert kept("feeds.last") == ""
            service.click(titles[f"Feed {first}: run finished"].id)
            await until(lambda: kept("feeds.last") == str(first), 120)
            await until(lambda: kept("shell.module") == '"feeds"', 30)
            assert living(home), "it was started by the click"
            # one that runs takes the next link, and no other is started
            service.click(titles[f"Feed {second}: run finished"].id)
            await until(lambda: kept("feeds.last") == str(second), 120)
            assert len(living(home)) == 1
            with closing(sqlite3.connect(catalog)) as db:
                states = db.execute("SELECT DISTINCT toast FROM inbox").fetchall()
            assert states == [("SHOWN",)], "nothing is left to be shown"
            assert len(service.shown) == 2, "no new toast"
        finally:
            if program.poll() is None:
                program.kill()
                program.wait()
            for pid in living(home):
                os.kill(pid, signal.SIGTERM)
            await until(lambda: not living(home), 30)
            await service.stop()
