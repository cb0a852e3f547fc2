"""What the inspector shows and does: logs, reasons, splits, deletions, origins."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube import logs as cube_logs
from chrislib.cube.errors import Forbidden, NotFound
from chrislib.cube.types import InstanceId, Plugin, PluginParameter, StoragePath
from chrislib.errors import ChrislibError
from chrislib.feeds import logs
from chrislib.feeds.acts import (
    NodeActs,
    by_folder,
    by_kind,
    parts_of,
    plan_delete,
    split_problem,
    why_not,
)
from chrislib.feeds.details import Ran, default_values, details_of, given_values
from chrislib.feeds.logs import LogWindow, clean, search
from chrislib.feeds.methods import paragraph
from chrislib.feeds.model import Node
from chrislib.feeds.provenance import (
    Card,
    Origin,
    ancestors,
    to_json,
    to_text,
    without_names,
)
from chrislib.feeds.waiting import waits
from chrislib.jobs.model import Job, JobKey, Kind, Phase, RunIntent
from tests.unit.feeds.test_feed_states import instance

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
TOKEN = "0123456789abcdef0123456789abcdef01234567"


def node(number: int, *parents: int, state: str = "ready", **more: Any) -> Node:
    base = Node(
        id=InstanceId(number),
        title="",
        plugin_id=number,
        plugin_name=f"pl-{number}",
        plugin_version="1.0",
        plugin_type="fs" if not parents else "ts" if len(parents) > 1 else "ds",
        parents=tuple(InstanceId(one) for one in parents),
        state=state,
        detail="Ready · 9 s",
        output_path=StoragePath(f"home/alex/feeds/feed_1/Doe_{number}/data"),
        started=START + timedelta(minutes=number),
        ended=START + timedelta(minutes=number, seconds=30),
        compute="host",
    )
    return replace(base, **more)


def parameter(name: str, **more: Any) -> PluginParameter:
    base = PluginParameter(
        name=name, type="string", optional=True, default="", flag=f"--{name}",
        short_flag=f"-{name[0]}", action="store", help="", ui_exposed=True,
    )  # fmt: skip
    return replace(base, **more)


# -- logs ----------------------------------------------------------------------

_WORDS = st.lists(
    st.sampled_from(
        ["one", "TWO", "\n", "\n", "\r\n", "\x1b[31m", "\x00", "\u202e", "\ud800",
         "\U0001f9e0", "needle", f"CHRIS_USER_TOKEN={TOKEN} ", "x" * 70, "\r"]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pieces so small that a short text has many."""
    for name, value in (
        ("PIECE", 64),
        ("WORK", 64),
        ("LINES", 8),
        ("MOST", 200),
        ("MOST_LINES", 24),
        ("LINE", 50),
    ):
        monkeypatch.setattr(logs, name, value)


@pytest.mark.usefixtures("small")
@given(_WORDS)
def test_a_log_is_harmless_however_it_is_cut(text: str) -> None:
    found = clean(text)
    assert TOKEN not in found.text
    assert not set(found.text) & set("\x00\x1b\r\u202e\ud800")
    assert all(len(line) <= 50 for line in found.text.split("\n"))
    assert found.lines == len(found.text.splitlines())
    found.text.encode("utf-8")


@given(st.lists(st.sampled_from(["a\n", "CHRIS_USER_TOKEN\n", f"{TOKEN}\n", " : "])))
def test_a_token_is_found_over_the_end_of_a_piece(words: list[str]) -> None:
    text = "".join(words)
    whole = cube_logs._redact(text)
    parts = cube_logs.pieces(text, 16)
    assert "".join(cube_logs._redact(text[a:b]) for a, b in parts) == whole


@pytest.mark.usefixtures("small")
@given(_WORDS, st.sampled_from(["needle", "NEEDLE", "one", "("]))
def test_words_are_found_as_in_the_whole(text: str, words: str) -> None:
    shown = clean(text).text
    low, wanted = shown.lower(), words.lower()
    places, at = [], low.find(wanted)
    while at >= 0:
        places.append(at)
        at = low.find(wanted, at + len(wanted))
    assert list(search(shown, words).places) == places


@pytest.mark.usefixtures("small")
@given(
    st.lists(st.text("ab \n", max_size=90), max_size=12),
    st.lists(
        st.tuples(
            st.sampled_from(["earlier", "later", "end", "show", "grow", "slide"]),
            st.integers(0, 500),
        ),
        max_size=12,
    ),
)
def test_a_window_holds_whole_lines_and_never_much(
    blocks: list[str], moves: list[tuple[str, int]]
) -> None:
    text = "\n".join(clean(block).text for block in blocks)
    window = LogWindow(text)
    for move, number in moves:
        before = window.at_end
        if move == "earlier":
            window.earlier()
        elif move == "later":
            window.later()
        elif move == "end":
            window.to_end()
        elif move == "show" and window.text:
            place = number % len(window.text)
            at = window.show(place)
            assert window.shown[at] == window.text[place]
        elif move == "grow":
            window.follow(window.text + "more\n" * (number % 9))
            assert window.at_end == before or number % 9
        elif move == "slide":
            window.follow(window.text[window.text.find("\n") + 1 :] + "new\n")
        start, end, whole = window.start, window.end, window.text
        assert 0 <= start <= end <= len(whole)
        assert start == 0 or whole[start - 1] == "\n"
        assert end == len(whole) or whole[end - 1] == "\n"
        assert end - start <= 200 + 2 * 64 + 2 * 51
        assert window.shown.count("\n") <= 24 + 2 * 8
    window.to_end()
    assert window.at_end
    assert whole_tail(window)


def whole_tail(window: LogWindow) -> bool:
    return window.text.endswith(window.shown)


# -- reasons -------------------------------------------------------------------


def test_a_run_in_the_queue_of_its_compute_is_not_running_yet() -> None:
    row = instance(2, "started")
    one = node(2, 1, state="running", compute="slurm")
    found = details_of(
        one,
        row,
        values={},
        parameters=(),
        log="",
        phases=((Phase.SUBMITTED, 1.0), (Phase.STAGING_IN, 2.0), (Phase.RUNNING, 3.0)),
        seen={},
        siblings=(node(1), one),
        now=START.timestamp(),
        ran=Ran(waits=True),
    )
    assert found.node.state == "queued"
    assert [s.status for s in found.steps] == ["past", "now", "next", "next", "next"]
    assert found.waits == (
        "It was handed to slurm and waits in the queue there. How long that queue is, "
        "the server does not say."
    )


def test_it_counts_those_of_its_feed_that_are_where_it_waits() -> None:
    others = [
        node(1),
        node(3, 1, state="running", compute="slurm"),
        node(4, 1, state="running", compute="slurm"),
        node(5, 1, state="running", compute="elsewhere"),
        node(6, 1, state="queued", compute="slurm"),
    ]
    one = node(2, 1, state="running", compute="slurm")
    there = " 2 more nodes of this feed run or wait there."
    assert there in waits(one, "started", (*others, one), on_compute=True)
    handed = node(2, 1, state="preparing", compute="slurm")
    said = waits(handed, "scheduled", (*others, handed))
    assert said == (
        "Its input files are there. It was handed to a worker of the server and waits "
        f"for slurm.{there}"
    )
    few = waits(handed, "scheduled", (*others[:2], handed))
    assert few.endswith(" 1 more node of this feed runs or waits there.")
    # where the server does not say where, nothing is counted
    unknown = node(2, 1, state="queued", compute="")
    assert "of this feed" not in waits(unknown, "scheduled", (*others, unknown))


@pytest.mark.parametrize(
    ("state", "status", "above", "words"),
    [
        ("queued", "waiting", "running", "It waits for pl-1 1.0 (running)"),
        ("queued", "scheduled", "ready", "It was handed to a worker"),
        ("queued", "waiting", "ready", "What it needs is ready."),
        ("preparing", "copying", "ready", "Its input files are copied to host"),
        ("registering", "registeringFiles", "ready", "enters its files"),
        ("running", "started", "ready", ""),
        ("ready", "finishedSuccessfully", "ready", ""),
    ],
)
def test_it_says_why_it_waits(state: str, status: str, above: str, words: str) -> None:
    nodes = (node(1, state=above), node(2, 1, state=state))
    said = waits(nodes[1], status, nodes)
    assert words in said
    assert bool(said) == bool(words)


def test_while_files_are_registered_it_counts_those_there() -> None:
    one = node(2, 1, state="registering")
    said = waits(one, "registeringFiles", (one,), registered=1052)
    assert "1,052 files are there so far." in said


def test_it_names_the_first_that_stopped() -> None:
    nodes = (
        node(1),
        node(2, 1, state="failed", detail="Time limit reached"),
        node(3, 2, state="upstream"),
        node(4, 3, state="upstream"),
        node(5, 5, state="upstream"),
    )
    said = waits(nodes[3], "cancelled", nodes)
    assert said.startswith("pl-2 1.0, node 2, is why: time limit reached.")
    assert waits(nodes[4], "cancelled", nodes) == ""


def test_values_are_told_from_defaults_and_secrets_are_not_told() -> None:
    parameters = (
        parameter("dir", type="path"),
        parameter("apiToken"),
        parameter("n", default=3),
        parameter("flag", type="boolean", default=False),
    )
    values = {"apiToken": "hunter22", "dir": "home/x\x1b[31m", "gone": "v"}
    shown = given_values(values, parameters)
    assert shown == (
        ("--dir", "home/x"),
        ("--apiToken", "[removed]"),
        ("gone", "v"),
    )
    assert default_values(values, parameters) == (("--n", "3"), ("--flag", "off"))
    one = node(2, 1)
    found = details_of(
        one,
        instance(2),
        values=values,
        parameters=parameters,
        log="",
        phases=(),
        seen={},
        siblings=(one,),
        now=0.0,
        ran=Ran(f"/bin/x --apiToken hunter22 --dir a --token='a b' {TOKEN}", "img:1"),
    )
    told = found.command + found.container
    assert "hunter22" not in told
    assert "a b" not in told
    assert TOKEN not in told
    assert found.container_seen
    assert found.container.startswith("docker run --rm img:1 /bin/x --apiToken [")
    assert found.plugin_facts["Registered"].startswith("not any more")


# -- what is done --------------------------------------------------------------

_TREES = st.lists(st.integers(0, 1000), min_size=1, max_size=25).map(
    lambda picks: [
        node(number + 1, *([pick % number + 1] if number else []))
        for number, pick in enumerate(picks)
    ]
)


@given(_TREES, st.sets(st.integers(1, 30)))
def test_a_deletion_takes_exactly_what_hangs_below(
    nodes: list[Node], chosen: set[int]
) -> None:
    plan = plan_delete(nodes, sorted(chosen))
    parents = {int(one.id): tuple(map(int, one.parents)) for one in nodes}

    def hangs(number: int) -> bool:
        if number in chosen and parents[number]:
            return True
        return any(hangs(parent) for parent in parents[number])

    assert {int(one.id) for one in plan.nodes} == {n for n in parents if hangs(n)}
    tops = {int(one.id) for one in plan.tops}
    assert tops <= chosen
    assert not any(hangs(p) for top in tops for p in parents[top])
    assert [int(one.id) for one in plan.kept] == ([1] if 1 in chosen else [])


def test_a_join_stays_when_another_of_its_parents_goes() -> None:
    nodes = (node(1), node(2, 1), node(3, 1), node(4, 2, 3))
    assert [one.id for one in plan_delete(nodes, [3]).nodes] == [3]
    assert [one.id for one in plan_delete(nodes, [2, 4]).tops] == [2]


def test_what_cannot_be_done_says_why() -> None:
    nodes = (node(1), node(2, 1, state="failed"), node(3, 1, state="running"))
    assert "delete the feed" in why_not("delete", nodes[0], nodes)
    assert "did not end well" in why_not("split", nodes[1], nodes)
    assert "once its files" in why_not("split", nodes[2], nodes)
    assert "all are registered" in why_not("get", nodes[2], nodes)
    assert "has ended" in why_not("cancel", nodes[0], nodes)
    assert "no other node" in why_not("join", nodes[0], nodes[:1])
    assert "deleted" in why_not("again", replace(nodes[0], state="gone"), nodes)
    assert "makes its data itself" in why_not("change", nodes[0], nodes)
    copy = replace(nodes[0], plugin_name="pl-dircopy")
    assert why_not("change", copy, nodes) == why_not("again", nodes[0], nodes) == ""
    assert why_not("add", nodes[2], nodes) == ""


@given(
    st.lists(
        st.text("ab.-(+[ ü", min_size=1, max_size=6).filter(lambda t: t.strip()),
        max_size=6,
    )
)
def test_presets_of_a_split_take_exactly_their_files(names: list[str]) -> None:
    files = [f"{name}/x{index}.nii.gz" for index, name in enumerate(names)]
    files += [f"{index}.csv" for index in range(2)]
    paths = [f"home/a/data/{file}" for file in files]
    folders = {name for name in names if name.strip(".")}
    for line, count in parts_of(by_folder(files), paths):
        assert count >= 1, line
    assert len(by_folder(files)) == len(set(names))
    assert folders <= set(names)
    counted = dict(parts_of(by_kind(files), paths))
    assert counted.pop(r"\.csv$") == 2
    assert sum(counted.values()) == len(names)


def test_expressions_are_checked_before_they_are_sent() -> None:
    assert "Enter an expression" in split_problem(["", " "])
    assert "comma" in split_problem(["a,b"])
    assert "cannot be read" in split_problem(["a", "(b"])
    assert "600 are allowed" in split_problem(["a" * 601])
    assert split_problem([r"\.nii$", "/data/left/"]) == ""


class Client:
    """A server with three nodes, one of which cannot be deleted."""

    base_url = "https://chris.example.org/api/v1/"
    username = "alex"

    def __init__(self) -> None:
        self.there = {2, 3, 4}
        self.asked: list[int] = []
        self.refuses = {4}
        self.instances = self

    async def get(self, number: int) -> Any:
        if number not in self.there:
            raise NotFound("gone")
        status = "failed" if number in self.asked else "inactive"
        return SimpleNamespace(
            id=number, deletion_status=status, deletion_error="disk <b>full</b>\x1b[1m"
        )

    async def delete(self, number: int) -> None:
        self.asked.append(int(number))
        if number not in self.refuses:
            self.there.discard(number)


class Jobs:
    """A job manager that follows node 2."""

    account_id = 1

    def __init__(self) -> None:
        self.purged: list[tuple[str, str]] = []
        self.below = 1

    def jobs(self) -> tuple[Job, ...]:
        intent = RunIntent(2, "pl-2", "1.0", "ds", {})
        job = Job(
            key=JobKey("k"), kind=Kind.RUN, phase=Phase.FINISHED, intent=intent,
            title="", remote_id=2, account_id=1,
        )  # fmt: skip
        return (job,)

    async def purge_plan(self, _key: JobKey) -> Any:
        return SimpleNamespace(nodes=self.below, token="t")

    async def purge(self, key: JobKey, token: str) -> None:
        self.purged.append((key, token))


async def test_deleting_goes_through_the_jobs_that_are_followed() -> None:
    client, jobs = Client(), Jobs()
    server = cast("Any", SimpleNamespace(client=lambda: client))
    acts = NodeActs(server, cast("Any", jobs), plugins=cast("Any", None))
    nodes = (node(1), node(2, 1), node(3, 1), node(4, 1))
    client.there.discard(2)
    found = await acts.delete(plan_delete(nodes, [2, 3, 4]), cast("Any", jobs))
    assert jobs.purged == [("k", "t")]
    assert client.asked == [3, 4]
    assert found.nodes == 2
    ((which, error),) = found.failed
    assert which.id == 4
    assert error.detail == "disk <b>full</b>"
    jobs.below = 3
    found = await acts.delete(plan_delete(nodes, [2]), cast("Any", jobs))
    assert found.nodes == 0
    assert "More hangs on this node" in found.failed[0][1].title


async def test_a_plugin_that_was_removed_is_not_run_again() -> None:
    async def form_again(_node: Node) -> Any:
        raise NotFound("gone")

    server = cast("Any", SimpleNamespace(client=Client))
    plugins = cast("Any", SimpleNamespace(form_again=form_again))
    acts = NodeActs(server, cast("Any", Jobs()), plugins=plugins)
    with pytest.raises(ChrislibError, match=r"pl-2 1\.0 is not on the server any more"):
        await acts.again(node(2, 1), feed_id=1)


@pytest.mark.parametrize(
    ("told", "paths"),
    [
        ({"dir": "/home/a/x/, SERVICES/y,home/a/x"}, ("home/a/x", "SERVICES/y")),
        ({"dir": ""}, ()),
        (NotFound("gone"), ()),
        (Forbidden("no"), ()),
    ],
)
async def test_what_a_feed_was_made_of(told: Any, paths: tuple[str, ...]) -> None:
    async def given(_number: int) -> Any:
        if isinstance(told, Exception):
            raise told
        return {"note": "home/a/z", **told}

    async def takes(_plugin: int) -> Any:
        return [parameter("dir", type="unextpath"), parameter("note")]

    client = SimpleNamespace(instances=SimpleNamespace(parameters=given))
    server = cast("Any", SimpleNamespace(client=lambda: client))
    plugins = cast("Any", SimpleNamespace(parameters=takes))
    acts = NodeActs(server, cast("Any", Jobs()), plugins=plugins)
    if paths:
        assert await acts.data_of(node(1)) == paths
        return
    with pytest.raises(ChrislibError, match="made of") as caught:
        await acts.data_of(node(1))
    assert "Nothing was started" in caught.value.detail


# -- where it comes from -------------------------------------------------------


def card(nodes: Sequence[Node], last: Node, **more: Any) -> Card:
    return Card(
        node=last,
        feed_id=7,
        feed_title="Doe, Jonathan",
        server="Main",
        url="https://chris.example.org/api/v1/",
        uuid="0b",
        user="alex",
        made_at=START,
        origins=tuple(
            Origin(
                one,
                image=f"fnndsc/{one.plugin_name}:1.0",
                values=(("--dir", "home/alex/Doe"), ("--threads", "8")),
                defaults=(("--n", "3"),),
                paths=frozenset({"--dir"}),
                cpu=2000,
                owner="alex",
                **more,
            )
            for one in ancestors(nodes, last)
        ),
    )


def test_a_card_holds_what_came_before_and_nothing_else() -> None:
    nodes = (node(1), node(2, 1), node(3, 1), node(4, 2, 3), node(5, 2))
    made = card(nodes, nodes[3])
    assert [int(one.node.id) for one in made.origins] == [1, 2, 3, 4]
    data = json.loads(to_json(made, {"schema": "chrislib.provenance/1"}))
    assert data["schema"] == "chrislib.node-provenance/1"
    assert data["nodes"][3]["inputs"] == [2, 3]
    assert data["nodes"][0]["compute"]["cpu_millicores"] == 2000
    assert data["jobs"]["schema"] == "chrislib.provenance/1"
    text = to_text(made)
    assert "2026-11-22 14:01:00 to 14:01:30 UTC (30 s)" in text
    assert "home/alex/Doe" in text
    hidden = without_names(made)
    for shown in (to_text(hidden), to_json(hidden), paragraph(hidden)):
        assert "Doe" not in shown
    assert "--threads 8" in to_text(hidden)


def test_a_methods_paragraph_reads_as_one() -> None:
    nodes = (node(1), node(2, 1), node(3, 1), node(4, 2, 3))
    said = paragraph(card(nodes, nodes[3], plugin_title="A <b>step</b>"))
    assert said == (
        "The data were processed with ChRIS on the server “Main” on 2026-11-22 in "
        "four steps. The input was brought in by pl-1 1.0 (“A <b>step</b>”, container "
        "image fnndsc/pl-1:1.0) with --threads 8. Then, the output of pl-1 1.0 was "
        "processed by pl-2 1.0 (“A <b>step</b>”, container image fnndsc/pl-2:1.0) with "
        "--threads 8. Then, the output of pl-1 1.0 was processed by pl-3 1.0 (“A "
        "<b>step</b>”, container image fnndsc/pl-3:1.0) with --threads 8. The outputs "
        "of pl-2 1.0 (node 2) and pl-3 1.0 (node 3) were joined by pl-4 1.0 (“A "
        "<b>step</b>”, container image fnndsc/pl-4:1.0) with --threads 8. All other "
        "values were left at the defaults of the plugins. It was computed on the "
        "resource host, 2 min in all. The result is node 4 of feed 7."
    )
    failed = replace(nodes[3], state="failed")
    assert "it has no result" in paragraph(card((*nodes[:3], failed), failed))


def test_a_plugin_says_its_bounds() -> None:
    one = Plugin(
        id=cast("Any", 2), name="pl-2", version="1.0", type="ds", title="T",
        category="", description="", documentation="", authors="A <a@b>", license="MIT",
        icon="", dock_image="fnndsc/pl-2:1.0", min_cpu_limit=1000,
        max_cpu_limit=4000, min_memory_limit=200, max_memory_limit=2147483647,
        min_gpu_limit=0, max_gpu_limit=0, min_number_of_workers=1,
        max_number_of_workers=1, creation_date=None,
    )  # fmt: skip
    found = details_of(
        node(2, 1),
        instance(2),
        values={"dir": "home/x", "n": "5"},
        parameters=(parameter("dir", type="path"), parameter("n")),
        log="a\nb",
        phases=(),
        seen={},
        siblings=(node(1), node(2, 1)),
        now=0.0,
        plugin=one,
    )
    assert found.run_facts["CPU limit"] == "1 to 4"
    assert found.run_facts["Memory limit"] == "at least 200 MiB"
    assert found.container == (
        'docker run --rm -v "$PWD/in:/incoming:ro" -v "$PWD/out:/outgoing" '
        "fnndsc/pl-2:1.0 2 --dir /incoming --n 5 /incoming /outgoing"
    )
    assert not found.container_seen
    assert found.log_lines == 2
