"""Runs nobody here started: a lost catalog, another computer, a pasted address."""

import pytest

from chrislib.errors import ChrislibError
from chrislib.jobs.adopting.links import ForeignLink, LinkRefused
from chrislib.jobs.model import JobKey, Phase, ResultState, RunIntent
from chrislib.jobs.submission.preferences import Adopt
from tests.sim import faults
from tests.sim.desk import SimDesk
from tests.sim.faults import Fault

pytestmark = pytest.mark.virtual_time


async def search(sim: SimDesk) -> tuple[JobKey, ...]:
    """Scan now."""
    return await sim.jobs.adoption.search()


async def started(sim: SimDesk) -> int:
    """Start a program that has followed a run of this account; returns its feed."""
    feed = sim.server.add_feed()
    own = sim.server.add_run(feed, status="started")
    # The program was here before: what it knows was not lost.
    account = await first_start(sim)
    await sim.catalog.adoption.scanned(account, 1.0)
    await sim.follow(own)
    await sim.jobs.refresh()
    return feed


async def first_start(sim: SimDesk) -> int:
    """Start without looking around; returns the account."""
    sim.adopts = False
    await sim.start()
    await sim.jobs.refresh()
    await sim.stop()
    sim.adopts = True
    await sim.restart()
    return (await sim.catalog.accounts.known())[0].account_id


@pytest.fixture(autouse=True)
def _adopts(sim: SimDesk) -> None:
    sim.adopts = True


def by_run(sim: SimDesk) -> dict[int, JobKey]:
    """Return the jobs by their runs; none has two."""
    found = {job.remote_id: job.key for job in sim.jobs.jobs()}
    assert len(found) == len(sim.jobs.jobs())
    return {run: key for run, key in found.items() if run is not None}


async def test_a_lost_catalog_is_rebuilt_from_the_server(sim: SimDesk) -> None:
    feeds = [sim.server.add_feed() for _ in range(3)]
    live = [sim.server.add_run(feed, status="started") for feed in feeds]
    done = sim.server.add_run(feeds[0], status="finishedSuccessfully", ended=3600)
    wrong = sim.server.add_run(feeds[1], status="finishedWithError", ended=7200)
    old = sim.server.add_run(
        feeds[2], status="finishedSuccessfully", started=90 * 86400, ended=89 * 86400
    )
    guest = sim.server.add_run(feeds[0], status="started", owner="guest")
    await sim.start()
    await sim.until(lambda: len(sim.jobs.jobs()) == 5)
    runs = by_run(sim)
    assert set(runs) == {*live, done, wrong}
    assert old not in runs
    assert guest not in runs
    assert all(sim.job(runs[n]).tracked for n in runs)
    # What had ended before is offered, not announced.
    assert sim.job(runs[done]).result is ResultState.READY
    await sim.sleep(300)
    assert await sim.inbox() == ()
    assert sim.sink.toasts == []
    # What ends from now on is news.
    sim.server.set(live[0], "finishedSuccessfully")
    await sim.until(lambda: sim.job(runs[live[0]]).phase is Phase.FINISHED)
    assert [row.job_key for row in await sim.inbox()] == [runs[live[0]]]
    # It is rebuilt once: a finished run of somebody's web page is not offered later.
    sim.server.add_run(feeds[2], status="finishedSuccessfully", ended=60)
    await sim.restart()
    await sim.sleep(1200)
    assert set(by_run(sim)) == set(runs)


async def test_a_rebuild_that_is_cut_off_goes_on(sim: SimDesk) -> None:
    feed = sim.server.add_feed()
    runs = [sim.server.add_run(feed, status="started") for _ in range(130)]
    sim.server.faults.append(Fault(faults.status(500), where="min_end_date", times=9))
    await sim.start()
    await sim.until(lambda: len(sim.jobs.jobs()) >= 100)
    await sim.restart()
    await sim.until(lambda: set(by_run(sim)) == set(runs))


@pytest.mark.parametrize("policy", list(Adopt))
async def test_runs_of_another_computer_are_taken_by_policy(
    sim: SimDesk, policy: Adopt
) -> None:
    feed = await started(sim)
    account = (await sim.catalog.accounts.known())[0].account_id
    await sim.jobs.preferences.set_adopt(account, policy)
    theirs = sim.server.add_run(feed, status="started", title="from elsewhere")
    await sim.until(lambda: theirs in by_run(sim), 1200)
    key = by_run(sim)[theirs]
    assert sim.job(key).tracked is (policy is Adopt.ALL)
    proposed = [job.key for job in sim.jobs.adoption.proposals(account)]
    assert proposed == ([] if policy is Adopt.ALL else [key])
    if policy is Adopt.ASK:
        await sim.jobs.adoption.follow(proposed)
        assert sim.job(key).tracked
    sim.server.set(theirs, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    told = [row.job_key for row in await sim.inbox()]
    assert told == ([] if policy is Adopt.HERE else [key])


async def test_ten_thousand_known_runs_cost_one_count(sim: SimDesk) -> None:
    feeds = [sim.server.add_feed() for _ in range(100)]
    runs = [
        sim.server.add_run(feed, status="waiting") for feed in feeds for _ in range(100)
    ]
    sim.adopts = False
    await sim.start()
    await sim.follow_all(runs)
    await sim.jobs.refresh()
    (place,) = sim.jobs._connected()
    report = await sim.jobs.adoption.scan(place.account, place.backend)
    assert (report.requests, report.found) == (1, ())
    # Three more in one feed: the counts say where, and one feed is listed.
    more = {sim.server.add_run(feeds[7], status="waiting") for _ in range(3)}
    report = await sim.jobs.adoption.scan(place.account, place.backend)
    assert {sim.job(key).remote_id for key in report.found} == more
    assert report.requests <= 4


async def test_what_was_forgotten_on_purpose_stays_forgotten(sim: SimDesk) -> None:
    feed = await started(sim)
    ghost = sim.server.add_run(feed, status="started")
    account = (await sim.catalog.accounts.known())[0]
    await sim.catalog._database.write(
        lambda db: db.execute(
            "INSERT INTO tombstone VALUES (?,?,'cube',?,'',0)",
            (account.account_id, account.server_uuid, ghost),
        )
    )
    await search(sim)
    assert ghost not in by_run(sim)
    # Unless the user asks for exactly that one.
    job = await sim.jobs.adoption.track(ghost)
    assert (job.remote_id, job.tracked) == (ghost, True)
    await sim.jobs.adoption.untrack(job.key)
    assert not sim.job(job.key).tracked


async def test_feeds_of_others_are_left_alone(sim: SimDesk) -> None:
    feed = await started(sim)
    shared = sim.server.add_feed(owner="guest")
    sim.server.add_run(shared, status="started", owner="guest")
    beside = sim.server.add_run(feed, status="started", owner="guest")
    sim.server.add_run(feed, status="started", title="mine elsewhere")
    await search(sim)
    known = by_run(sim)
    assert len(known) == 3
    guests = sim.job(known[beside])
    assert not guests.tracked
    assert isinstance(guests.intent, RunIntent)
    assert guests.intent.owner == "guest"


async def test_a_run_that_is_being_sent_is_not_taken_for_anothers(
    sim: SimDesk,
) -> None:
    feed = await started(sim)
    root = next(iter(by_run(sim)))
    intent = RunIntent(
        plugin_id=sim.server.plugin_id(),
        plugin_name="pl-simpledsapp",
        plugin_version="2.1.0",
        plugin_type="ds",
        parameters={"prefix": "a"},
        previous_id=root,
        feed_id=feed,
        title="copy",
    )
    sim.server.set(root, "finishedSuccessfully")
    sim.server.faults.append(
        Fault(faults.late(25, sim.clock.sleep), where="POST /api/v1/plugins/")
    )
    key = await sim.jobs.submit(intent)
    await sim.sleep(10)
    assert sim.job(key).phase is Phase.SUBMITTING
    await search(sim)
    await sim.until(lambda: sim.job(key).remote_id)
    assert sim.job(key).tracked
    by_run(sim)


@pytest.mark.parametrize(
    "form",
    [
        "chris:feed/{feed}/node/{run}",
        "{url}plugins/instances/{run}/",
        "{url}{feed}/",
        "chris:feed/{feed}",
    ],
)
async def test_a_pasted_address_is_tracked(sim: SimDesk, form: str) -> None:
    await started(sim)
    feed = sim.server.add_feed()
    run = sim.server.add_run(feed, status="started")
    text = form.format(feed=feed, run=run, url=sim.server.url)
    job = await sim.jobs.adoption.track_url(text)
    assert (job.remote_id, job.tracked) == (run, True)
    again = await sim.jobs.adoption.track_url(text)
    assert again.key == job.key


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://evil.example/api/v1/plugins/instances/1/", ForeignLink),
        ("chris:inbox", LinkRefused),
        ("chris:jobs/none", LinkRefused),
        ("nonsense", LinkRefused),
        ("chris:feed/999", ChrislibError),
        ("chris:feed/1/node/999", ChrislibError),
    ],
)
async def test_what_cannot_be_tracked_is_said_and_nothing_is_asked_elsewhere(
    sim: SimDesk, text: str, kind: type[ChrislibError]
) -> None:
    await started(sim)
    before = list(by_run(sim))
    with pytest.raises(kind) as refused:
        await sim.jobs.adoption.track_url(text)
    assert refused.value.hint
    assert list(by_run(sim)) == before


async def test_what_was_found_cannot_be_run_again_blindly(sim: SimDesk) -> None:
    feed = await started(sim)
    theirs = sim.server.add_run(feed, status="started")
    job = await sim.jobs.adoption.track(theirs)
    with pytest.raises(ChrislibError, match="values are not known"):
        await sim.jobs.retry(job.key)
