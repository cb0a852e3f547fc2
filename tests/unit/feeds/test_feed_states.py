"""From what a server says to the words of the window."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.types import (
    Feed,
    FeedId,
    InstanceId,
    PluginId,
    PluginInstance,
    StoragePath,
)
from chrislib.feeds.details import Looks, details_of
from chrislib.feeds.model import STATES
from chrislib.feeds.nodes import descendants, nodes_of, ready_node, to_cancel
from chrislib.feeds.states import (
    REASONS,
    SENTENCES,
    WORDS,
    duration,
    feed_words,
    reason_for,
    state_of,
    states_of_feed,
    steps,
)
from chrislib.jobs.model import Job, JobKey, Kind, Phase, RunIntent
from chrislib.views.feeds.graph_paint import node_words

START = datetime(2026, 11, 22, 14, 1, 8, tzinfo=UTC)


def instance(
    node_id: int = 2,
    status: str = "started",
    *,
    previous: int | None = 1,
    code: str = "",
    seconds: float = 0,
    kind: str = "ds",
) -> PluginInstance:
    return PluginInstance(
        id=InstanceId(node_id),
        title="",
        previous_id=None if previous is None else InstanceId(previous),
        plugin_id=PluginId(node_id),
        plugin_name=f"pl-{node_id}",
        plugin_version="1.0",
        plugin_type=kind,
        feed_id=FeedId(1),
        workflow_id=None,
        start_date=START,
        end_date=START + timedelta(seconds=seconds),
        output_path=StoragePath("home/alex/feeds/feed_1/x/data"),
        status=status,
        active=status not in {"finishedSuccessfully", "finishedWithError", "cancelled"},
        error_code=code,
        owner_username="alex",
        compute_resource_name="host",
        cpu_limit=2000,
        memory_limit=1000,
        number_of_workers=1,
        gpu_limit=0,
        size=0,
        deletion_status="inactive",
    )


@pytest.mark.parametrize(
    ("status", "code", "parents", "phase", "state"),
    [
        ("created", "", (), None, "queued"),
        ("waiting", "", ("running",), None, "queued"),
        ("copying", "", (), None, "preparing"),
        ("scheduled", "", (), None, "queued"),
        ("started", "", (), None, "running"),
        ("uploading", "", (), None, "registering"),
        ("registeringFiles", "", (), None, "registering"),
        ("finishedSuccessfully", "", (), None, "ready"),
        ("finishedSuccessfully", "CODE12", (), None, "ready"),
        ("finishedWithError", "", (), None, "errors"),
        ("cancelled", "CODE01", (), None, "failed"),
        ("cancelled", "CODE99", (), None, "failed"),
        ("cancelled", "CODE12", (), None, "cancelled"),
        ("cancelled", "", ("ready",), None, "cancelled"),
        ("cancelled", "", ("failed",), None, "upstream"),
        ("cancelled", "", ("errors",), None, "upstream"),
        ("cancelled", "", ("cancelled",), Phase.CANCELLED, "cancelled"),
        ("cancelled", "", ("cancelled",), None, "upstream"),
        ("cancelled", "", ("failed",), Phase.CANCELLED, "upstream"),
        ("cancelled", "", ("ready",), Phase.CANCELLED_UPSTREAM, "upstream"),
        ("started", "", (), Phase.GONE, "gone"),
        ("somethingNew", "", (), None, "running"),
    ],
)
def test_state(
    status: str, code: str, parents: tuple[str, ...], phase: Phase | None, state: str
) -> None:
    assert state_of(status, code, parents=parents, phase=phase) == state


def test_every_code_has_words_and_says_what_to_do() -> None:
    assert {f"CODE{n:02}" for n in range(1, 20)} == set(REASONS)
    for reason in REASONS.values():
        assert len(reason.short) <= 26
        assert reason.text.endswith(".")
        assert reason.hint.endswith(".")
    assert reason_for("") is None
    assert reason_for("CODE12") is None
    assert reason_for("CODE77") is not None
    assert set(WORDS) == set(SENTENCES) == set(STATES)


def test_a_list_in_words() -> None:
    assert feed_words({}) == "no nodes yet"
    assert feed_words({"ready": 7}) == "7 nodes · ready"
    assert feed_words({"ready": 1}) == "1 node · ready"
    assert feed_words({"ready": 4, "errors": 1}) == "5 nodes · ready, with errors"
    assert feed_words({"queued": 4}) == "4 nodes · queued"
    assert feed_words({"ready": 8, "failed": 1, "running": 1}) == (
        "10 nodes · 1 running, 1 failed"
    )
    counts = {"finished": 2, "started": 1, "copying": 1, "errored": 1, "new": 1}
    feed = Feed(
        id=FeedId(1),
        name="",
        owner_username="",
        creation_date=None,
        public=False,
        folder_path=StoragePath(""),
        jobs=counts,
    )
    assert states_of_feed(feed) == {
        "ready": 2,
        "errors": 1,
        "running": 2,
        "preparing": 1,
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (48, "48 s"),
        (72, "1 min 12 s"),
        (120, "2 min"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
        (-3, "0 s"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("status", "above", "copies_first", "words"),
    [
        ("waiting", "started", False, "Waits for pl-1"),
        ("waiting", "finishedSuccessfully", False, "Waits for its turn"),
        ("scheduled", "finishedSuccessfully", False, "Handed over to host"),
        ("copying", "finishedSuccessfully", True, "Copying its input"),
        ("scheduled", "finishedSuccessfully", True, "Handed over to host"),
        ("created", "finishedSuccessfully", True, "Queued"),
    ],
)
def test_what_a_node_waits_for_is_told_by_words(
    status: str, above: str, copies_first: bool, words: str
) -> None:
    rows = [instance(1, above, previous=None), instance(2, status, previous=1)]
    nodes = nodes_of(rows, joins={}, jobs={}, now=START, copies_first=copies_first)
    assert nodes[1].detail == words
    # to a screen reader as well, with its state
    spoken = node_words(nodes[1])
    assert words in spoken
    assert WORDS[nodes[1].state] in spoken


def test_a_join_says_of_how_many_it_waits_for() -> None:
    rows = [
        instance(1, "started", previous=None),
        instance(2, "started", previous=1),
        instance(3, "waiting", previous=1, kind="ts"),
    ]
    nodes = nodes_of(rows, joins={3: (1, 2)}, jobs={}, now=START)
    assert nodes[2].detail == "Waits for pl-1 and 1 more"


def test_nodes_of_a_feed_with_a_failure() -> None:
    rows = [
        instance(1, "finishedSuccessfully", previous=None, seconds=9),
        instance(2, "cancelled", code="CODE13"),
        instance(3, "cancelled", previous=2),
        instance(4, "waiting", previous=1),
        instance(5, "waiting", previous=3, kind="ts"),
        instance(1, "finishedSuccessfully", previous=None, seconds=9),
    ]
    nodes = nodes_of(rows, joins={5: (3, 4)}, jobs={}, now=START)
    assert [n.id for n in nodes] == [1, 2, 3, 4, 5]
    states = {n.id: n.state for n in nodes}
    assert states == {
        1: "ready",
        2: "failed",
        3: "upstream",
        4: "queued",
        5: "queued",
    }
    by_id = {n.id: n for n in nodes}
    assert by_id[InstanceId(1)].detail == "Ready · 9 s"
    assert by_id[InstanceId(2)].detail == "Time limit reached"
    assert "Run it again" in by_id[InstanceId(2)].reason
    assert by_id[InstanceId(3)].detail == "pl-2 failed"
    assert by_id[InstanceId(5)].parents == (3, 4)
    assert by_id[InstanceId(5)].detail == "Waits for pl-4"
    assert [n.id for n in descendants(nodes, 2)] == [2, 3, 5]
    assert to_cancel(nodes, 1) == 2
    assert to_cancel(nodes, 4) == 2


@given(
    st.lists(
        st.builds(
            instance,
            st.integers(1, 6),
            st.sampled_from(["finishedSuccessfully", "cancelled", "started", "new"]),
            previous=st.none() | st.integers(1, 6),
            kind=st.sampled_from(["ds", "ts", "fs"]),
            seconds=st.integers(0, 9_000),
        )
    ),
    st.dictionaries(st.integers(1, 6), st.just((1, 2))),
    st.dictionaries(st.integers(1, 6), st.sampled_from(Phase)),
)
def test_nodes_made_early_are_those_made_in_the_end(
    rows: list[PluginInstance],
    joins: dict[int, tuple[int, ...]],
    phases: dict[int, Phase],
) -> None:
    run = RunIntent(1, "pl-1", "1.0", "ds", {})
    jobs = {
        number: Job(JobKey(f"{number}"), Kind.RUN, phase, run, "")
        for number, phase in phases.items()
    }
    unique = {row.id: row for row in rows}.values()
    early = {row.id: node for row in unique if (node := ready_node(row)) is not None}
    made = partial(nodes_of, unique, joins=joins, jobs=jobs, now=START)
    assert made(early=early) == made()


def test_steps_of_a_run_that_was_watched() -> None:
    base = START.timestamp()
    seen = {"queued": base, "preparing": base + 9, "running": base + 40}
    found = steps("running", seen, instance=instance(), now=base + 100)
    assert [(s.word, s.status) for s in found] == [
        ("queued", "past"),
        ("preparing", "past"),
        ("running", "now"),
        ("registering", "next"),
        ("ready", "next"),
    ]
    assert [s.seconds for s in found] == [9, 31, 60, None, None]


def test_steps_nobody_watched_invent_nothing() -> None:
    base = START.timestamp()
    run = instance(status="finishedSuccessfully", seconds=250)
    found = steps("ready", {}, instance=run, now=base + 900)
    assert all(s.status == "past" for s in found)
    times = {s.word: s.at for s in found}
    assert times["running"] == base
    assert times["ready"] == base + 250
    assert times["queued"] is times["preparing"] is times["registering"] is None


def test_the_server_knows_better_when_nobody_looked() -> None:
    base = START.timestamp()
    run = instance(status="finishedSuccessfully", seconds=4)
    seen = {"queued": base - 3, "running": base + 1, "registering": base + 3}
    seen["ready"] = base + 600  # the window was closed
    found = steps("ready", seen, instance=run, now=base + 900)
    times = {s.word: s.at for s in found}
    assert times["ready"] == base + 4
    assert times["running"] == base
    # a server whose clock is ahead
    ahead = steps("ready", seen, instance=run, now=base + 900, skew=2)
    assert {s.word: s.at for s in ahead}["running"] == base - 2
    # a time before the step that came before is not believed
    late = steps("ready", seen, instance=run, now=base + 900, skew=100)
    assert {s.word: s.at for s in late}["ready"] == base + 600


def test_waiting_for_a_slot_after_the_copy_is_no_step_back() -> None:
    base = START.timestamp()
    seen = {"queued": base, "preparing": base + 3}
    found = steps("queued", seen, instance=instance(status="scheduled"), now=base + 9)
    assert [s.status for s in found][:3] == ["past", "now", "next"]


@given(
    st.sampled_from(STATES),
    st.dictionaries(
        st.sampled_from(["queued", "preparing", "running", "registering", "ready"]),
        st.floats(0, 2e9),
    ),
)
def test_steps_are_always_five_in_order(state: str, seen: dict[str, float]) -> None:
    found = steps(state, seen, instance=instance(), now=2e9)
    order = {"past": 0, "now": 1, "failed": 1, "next": 2}
    ranks = [order[s.status] for s in found]
    assert len(found) == 5
    assert ranks == sorted(ranks)
    assert ranks.count(1) <= 1
    assert all(s.seconds is None or s.seconds >= 0 for s in found)


def test_a_slot_waited_for_after_the_copy_is_still_preparation() -> None:
    assert state_of("scheduled", "", copies_first=True) == "preparing"
    row = instance(status="scheduled")
    (node,) = nodes_of([row], joins={}, jobs={}, copies_first=True, now=START)
    base = START.timestamp()
    details = details_of(
        node,
        row,
        values={},
        parameters=(),
        log="",
        phases=(
            (Phase.SUBMITTING, base),
            (Phase.STAGING_IN, base + 1),
            (Phase.QUEUED, base + 3),
            (Phase.RUNNING, base + 4),
        ),
        seen={},
        siblings=(node,),
        now=base + 9,
    )
    times = [step.at for step in details.steps if step.at is not None]
    assert times == [base, base + 1]
    assert [step.seconds for step in details.steps][:2] == [1.0, 3.0]


def test_only_a_change_that_was_watched_is_a_time() -> None:
    looks = Looks()
    rows = [instance(1, "started", previous=None)]
    nodes = nodes_of(rows, joins={}, jobs={}, now=START)
    looks.see(nodes, at=10)
    assert looks.of(1) == {}
    done = nodes_of(
        [replace(rows[0], status="finishedSuccessfully", active=False)],
        joins={},
        jobs={},
        now=START,
    )
    looks.see(done, at=20)
    looks.see(done, at=30)
    assert looks.of(1) == {"ready": 20}


def test_details_show_no_token_and_no_terminal_codes() -> None:
    token = "0123456789abcdef0123456789abcdef01234567"
    row = instance(1, "finishedSuccessfully", previous=None, seconds=5)
    (node,) = nodes_of([row], joins={}, jobs={}, now=START)
    log = f"\x1b[32mCHRIS_USER_TOKEN={token}\x1b[0m\n<b>10%</b>\r<b>99%</b>\n"
    details = details_of(
        node,
        row,
        values={"key": f"CHRIS_USER_TOKEN={token}"},
        parameters=(),
        log=log,
        phases=((Phase.SUBMITTED, 1.0), (Phase.RUNNING, 2.0)),
        seen={},
        siblings=(node,),
        now=START.timestamp(),
    )
    assert token not in details.log + details.command + str(details.parameters)
    assert details.log.splitlines()[1] == "<b>99%</b>"
    assert "\x1b" not in details.log
    assert details.run_facts["Compute"] == "host · 2 CPU · 1,000 MiB"
    assert details.steps[0].at == 1.0
