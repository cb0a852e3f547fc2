"""The invariants I1 to I20 of the job manager, asked of the catalog and the server.

Each function is called after every step and raises with the number of what was broken.
I20 is that all of them hold whatever was killed in between.
"""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from chrislib.jobs.fsm import NOTICE_OF_PHASE
from chrislib.jobs.model import Phase
from tests.invariants.world import World

_TERMINAL = {phase.value for phase in Phase if phase.terminal}
_TOLD = {
    phase.value: NOTICE_OF_PHASE[phase]
    for phase in (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS, Phase.FAILED)
}
_POSTED = re.compile(r"plugins/\d+/instances/")
BUCKET = 60 + 10 + 10
"""Looks in any 60 s: the rate, the burst, and those a person asked for."""
_LOOKS = re.compile(r"plugins/instances/.*|\d+/plugininstances/|search/")


def check(world: World) -> None:
    """Check everything that holds at any moment."""
    assert world.complaints.said == [], f"I20: {world.complaints.said}"
    assert world.reached == [], world.reached[0]
    tokens(world)
    submissions(world)
    histories(world)
    inbox(world)
    toasts(world)
    results(world)
    watermark(world)
    budget(world)
    stranger(world)


def tokens(world: World) -> None:
    """I1, I2: a committed token stays in one row, and in no other."""
    rows = world.ask(
        "SELECT account_id, coalesce(server_uuid,''), backend, remote_id, job_key "
        "FROM job WHERE remote_id IS NOT NULL"
    )
    count = Counter(row[:2] + row[3:4] for row in rows)
    twice = [token for token, number in count.items() if number > 1]
    assert not twice, f"I2: {twice} in several rows"
    found = {row[:4]: row[4] for row in rows}
    for token, key in world.tokens.items():
        assert found.get(token) == key, f"I1: {token} was in {key}, {found.get(token)}"
    world.tokens |= found


def submissions(world: World) -> None:
    """I3: as many POSTs and as many runs as were meant, at most."""
    meant = Counter(world.meant)
    made = Counter(
        row[0]
        for row in world.server.store.rows(
            "SELECT title FROM instances WHERE title LIKE 'run %'"
        )
    )
    for title, number in made.items():
        assert number <= meant[_plain(title)] or _shared(made, meant, title), (
            f"I3: {number} runs “{title}” were made, {meant[_plain(title)]} were meant"
        )
    journaled = Counter(
        row[0] for row in world.ask("SELECT title FROM job WHERE kind='run'")
    )
    posts = sum(
        1
        for asked in world.server.log
        if asked.method == "POST" and _POSTED.fullmatch(asked.path)
    )
    assert posts <= sum(meant.values()), f"I3: {posts} POSTs for {len(world.meant)}"
    for title in made:
        assert journaled[title] or journaled[_plain(title)], (
            f"I3: “{title}” was sent and is in no journal"
        )


def _plain(title: str) -> str:
    """Return a title without the mark that exact recovery adds."""
    return " ".join(title.split()[:2])


def _shared(made: Counter[str], meant: Counter[str], title: str) -> bool:
    plain = _plain(title)
    return sum(n for t, n in made.items() if _plain(t) == plain) <= meant[plain]


def histories(world: World) -> None:
    """I4, I5, I10: events without gaps, whose fold is the job's state."""
    jobs = {row[0]: row[1:] for row in world.ask(
        "SELECT job_key, seq, phase, epoch FROM job")}  # fmt: skip
    events: dict[str, list[Any]] = {key: [] for key in jobs}
    for row in world.ask(
        "SELECT job_key, seq, kind, from_phase, to_phase, detail_json "
        "FROM job_event ORDER BY job_key, seq"
    ):
        assert row[0] in events, f"I4: an event of no job: {row}"
        events[row[0]].append(row[1:])
    for key, (seq, phase, epoch) in jobs.items():
        numbers = [event[0] for event in events[key]]
        assert numbers == list(range(1, seq + 1)), f"I4: {key} {numbers} at {seq}"
        now, turn = None, 0
        for _, kind, before, after, detail in events[key]:
            assert before == now, f"I5: {key} from {before}, it was {now}"
            told = json.loads(detail).get("epoch") if detail else None
            if now in _TERMINAL and after != now:
                assert kind in ("reopen", "adopted"), f"I10: {key} {now} by {kind}"
                assert told == turn + 1, f"I10: {key} reopened in epoch {told}"
            if told is not None:
                turn = told
            now = after
        assert now == phase, f"I5: {key} is {phase}, its events say {now}"
        assert turn == epoch, f"I5: {key} is in epoch {epoch}, its events say {turn}"


def inbox(world: World) -> None:
    """I6, I8: one row per first entry into a notifying phase; none is ever lost."""
    rows = {row[0] for row in world.ask("SELECT dedupe_key FROM inbox")}
    lost = world.outcomes - rows
    assert not lost, f"I8: {lost} are gone from the inbox"
    world.outcomes |= rows
    tracked = {
        row[0]
        for row in world.ask(
            "SELECT job_key FROM job WHERE tracked=1 AND job_key NOT IN (SELECT "
            "job_key FROM job_event WHERE kind IN ('tracked', 'untracked', 'adopted'))"
        )
    }
    for key, before, after, detail in world.ask(
        "SELECT job_key, from_phase, to_phase, detail_json FROM job_event"
    ):
        if before == after or after not in _TOLD or key not in tracked:
            continue
        turn = json.loads(detail).get("epoch", 0) if detail else 0
        name = f"{key}:{_TOLD[after]}:{turn}"
        assert name in rows, f"I6: {name} has no row in the inbox"


def toasts(world: World) -> None:
    """I7: nobody is told of an outcome twice."""
    told = Counter(key for toast in world.toasts for key in toast.keys)
    twice = [key for key, number in told.items() if number > 1]
    assert not twice, f"I7: told twice: {twice}"


def results(world: World) -> None:
    """I12, I13: READY only with output; PURGED only when the server has it no more."""
    wrong = world.ask(
        "SELECT job_key, phase FROM job WHERE result='READY' "
        "AND phase NOT IN ('FINISHED', 'FINISHED_WITH_ERRORS')"
    )
    assert not wrong, f"I12: {wrong} are READY"
    for key, remote in world.ask(
        "SELECT job_key, remote_id FROM job WHERE retention='PURGED'"
    ):
        there = world.server.store.value("SELECT 1 FROM instances WHERE id=?", remote)
        assert there is None, f"I13: {key} is PURGED and still there"


def watermark(world: World) -> None:
    """I9: `low` stays behind the last full window and behind what registers files."""
    now = world.server.now()
    for account, text in world.ask("SELECT account_id, low FROM watermark"):
        if not text:
            continue
        low = _time(text)
        limit = now - timedelta(seconds=29)
        assert low <= limit, f"I9: low {low} of {account} is past {limit}"
        for key, end in world.ask(
            "SELECT job_key, end_date FROM job WHERE account_id=? AND phase="
            "'REGISTERING' AND end_date<>''", account,
        ):  # fmt: skip
            ended = _time(end)
            young = now - ended < timedelta(minutes=15)
            assert not young or low <= ended, f"I9: low {low} passed {key} at {ended}"


def budget(world: World) -> None:
    """I15: no life of the program polls more than its bucket allows."""
    lives = [*(life.began for life in world.lives), float("inf")]
    for begin, end in pairwise(lives):
        times = [
            asked.sent
            for asked in world.server.log
            if asked.method == "GET"
            and begin <= asked.sent < end
            and _LOOKS.fullmatch(asked.path)
        ]
        first = 0
        for number, at in enumerate(times):
            while times[first] <= at - 60:
                first += 1
            polls = number - first + 1
            assert polls <= BUCKET, f"I15: {polls} requests within 60 s"


def stranger(world: World) -> None:
    """I18: the job of another time is as it was."""
    rows = world.ask("SELECT kind, phase, intent_json, seq FROM job WHERE job_key='x'")
    assert rows in ([], [("of the future", "DREAMING", '{"a": 1}', 1)]), f"I18: {rows}"


def at_rest(world: World) -> None:
    """I16: all that ended on the server is known here, minutes after it can be."""
    behind = []
    for job in world.all_jobs():
        if job.remote_id is None or job.phase.terminal:
            continue
        status = world.server.store.value(
            "SELECT status FROM instances WHERE id=?", job.remote_id
        )
        if status in (None, "finishedSuccessfully", "finishedWithError", "cancelled"):
            behind.append((job.title, job.phase.value, status))
    assert not behind, f"I16: {behind}"
    unsure = [j.title for j in world.all_jobs() if j.phase is Phase.SUBMIT_UNCERTAIN
              and j.error_code != "AMBIGUOUS"]  # fmt: skip
    assert not unsure, f"I16: still not known whether {unsure} were sent"


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
