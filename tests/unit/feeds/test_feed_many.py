"""The same recipe on many: rows, values, titles, tables of people, what runs again."""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.types import ComputeResource, Plugin, PluginId, PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import UNLIMITED, Limits
from chrislib.feeds.making import proposed_title
from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_csv import guess, rows_of
from chrislib.feeds.many_keeping import carry, lost_words
from chrislib.feeds.many_model import CAN, REFUSED, WAITS, WARNS, Column, Slot
from chrislib.feeds.many_runs import runs_of
from chrislib.feeds.pipelines import NodePlan, PipelineNode
from chrislib.feeds.recipes import (
    Recipe,
    of_pipeline,
    of_plugin,
    recent,
    recipe_of,
    then,
)
from chrislib.feeds.subjects import fill_marks, subjects_of
from chrislib.feeds.title_marks import unknown_marks
from chrislib.jobs.model import Job, JobKey, Kind, Phase, RunIntent, WorkflowIntent
from chrislib.jobs.submission.held import Next
from chrislib.tables import read_text


class State(Enum):
    READY = "ready"
    WANTED = "wanted"
    FAILED = "failed"


@dataclass(frozen=True)
class Thing:
    """A library item, as far as feeds know it."""

    item_id: str
    title: str
    path: str = "home/alex/uploads/x"
    state: State = State.READY
    patient_id: str = ""
    patient_name: str = ""
    study_uid: str = ""
    study_date: date | None = None
    study_description: str = ""
    accession_number: str = ""
    series_uid: str = ""
    series_description: str = ""


def series(number: int, patient: int, study: int, **more: Any) -> Thing:
    return Thing(
        f"i{number}",
        f"series {number}",
        f"SERVICES/PACS/{number}",
        patient_id=f"P{patient}",
        patient_name=f"Doe{patient}^Jane",
        study_uid=f"1.2.{study}",
        study_date=date(2026, 3, study),
        study_description="BRAIN",
        accession_number=f"A{study}",
        series_uid=f"1.2.{study}.{number}",
        series_description=f"T{number}",
        **more,
    )


ITEMS = [series(1, 1, 1), series(2, 1, 1), series(3, 1, 2), series(4, 2, 3)]


def parameter(name: str, **changes: Any) -> PluginParameter:
    base = PluginParameter(
        name=name,
        type="string",
        optional=True,
        default="",
        flag=f"--{name}",
        short_flag=f"-{name[0]}",
        action="store",
        help="",
        ui_exposed=True,
    )
    return replace(base, **changes)


PARAMETERS = (
    parameter("sid", optional=False, default=None),
    parameter("threads", type="integer", default=1),
    parameter("scale", type="float", default=1.0),
    parameter("fast", type="boolean", default=False, action="store_true"),
    parameter("atlas", type="path", optional=False, default=None),
)


def plugin(number: int = 7, name: str = "pl-fs") -> Plugin:
    return Plugin(
        id=PluginId(number),
        name=name,
        version="1.0",
        type="ds",
        title="",
        category="",
        description="",
        documentation="",
        authors="",
        license="",
        icon="",
        dock_image="",
        min_cpu_limit=1000,
        max_cpu_limit=2000,
        min_memory_limit=200,
        max_memory_limit=400,
        min_gpu_limit=0,
        max_gpu_limit=0,
        min_number_of_workers=1,
        max_number_of_workers=1,
        creation_date=None,
    )


def run(**parameters: Any) -> RunIntent:
    return RunIntent(7, "pl-fs", "1.0", "ds", parameters)


def slot(**values: str) -> Slot:
    form = ParameterForm(
        plugin(),
        PARAMETERS,
        computes=[ComputeResource("gpu", "", 0), ComputeResource("host", "", 0)],
    )
    form.adopt({"sid": "s", "atlas": "home/alex/uploads/a", **values})
    return Slot.of(0, "pl-fs", form)


def table(items: Any = ITEMS, by: str = "series") -> ManyTable:
    made = ManyTable(of_plugin(run()), [slot()])
    made.set_subjects(subjects_of(items, by))
    return made


SID, THREADS = Column(0, "sid"), Column(0, "threads")


@given(
    st.dictionaries(
        st.sampled_from([p.name for p in PARAMETERS]),
        st.sampled_from(
            ["", " ", "x", "3", "-1", "1.5", "nan", "true", "no", "home/a/b", "../c"]
        ),
    )
)
def test_cells_are_refused_like_fields_of_the_form(cells: dict[str, str]) -> None:
    one = slot(threads="2")
    found = one.errors(cells)
    if cells.get("fast", "true").strip() not in ("", "true", "no"):
        # a form has a box for it: only a table can hold another word
        assert "switch" in found.pop("fast")
    assert found == one.filled(cells).errors()


@pytest.mark.parametrize(
    ("by", "sizes"),
    [("item", [1] * 4), ("series", [1] * 4), ("study", [2, 1, 1]), ("patient", [3, 1])],
)
def test_rows_are_items_series_studies_or_patients(by: str, sizes: list[int]) -> None:
    found = subjects_of(ITEMS, by)
    assert [len(subject.items) for subject in found] == sizes
    assert found[0].title == "Doe1 Jane"
    # what is no image is a subject of its own
    assert len(subjects_of([Thing("a", "x"), Thing("b", "y")], by)) == 2


def test_values_are_typed_filled_and_pasted() -> None:
    many = table()
    many.add_column(THREADS)
    many.add_column(SID)
    assert many.columns == [SID, THREADS]
    assert [row.cells[SID] for row in many.rows] == ["s"] * 4
    many.set_cell(0, SID, "sub-{n}")
    assert many.fill_down([0, 1, 2], SID) == 2
    assert many.rows[2].cells[SID] == "sub-{n}"
    pasted = "a\t1\tlost\nb\tx\n\nd\t\n"
    assert many.paste(pasted, range(4), ["title", THREADS]) == 7
    assert [row.title for row in many.rows] == ["a", "b", "", "d"]
    assert many.verdict(1).kind == REFUSED
    assert "whole number" in many.verdict(1).words
    assert many.verdict(1).column == THREADS
    # an option whose cell is empty is left out of the command
    assert "--threads" not in many.commands(3)[-1]
    assert many.paste("9", [0, 1], [THREADS]) == 2
    assert [row.cells[THREADS] for row in many.rows] == ["9", "9", "", ""]
    assert many.to_start() == [0, 1, 2, 3]
    plan = many.plan(0)
    intent = plan.steps[0].intent
    assert isinstance(intent, RunIntent)
    assert (intent.parameters["threads"], intent.parameters["sid"]) == (9, "sub-{n}")
    many.set_compute(0, "host")
    intent = many.plan(0).steps[0].intent
    assert isinstance(intent, RunIntent)
    assert intent.compute_resource == "host"


def test_another_recipe_keeps_what_was_entered() -> None:
    many = table()
    many.set_pattern("{patient}")
    many.add_column(THREADS)
    many.add_column(SID)
    many.set_cell(1, SID, "B")
    many.set_cell(1, THREADS, "")
    many.set_title(2, "Mine")
    many.tick([3], False)
    one = slot()
    other = ParameterForm(plugin(8, "pl-other"), [parameter("sid")])
    first = Slot.of(0, "pl-other", other)
    into = ManyTable(of_plugin(run()), [first, replace(one, step=1)])
    assert carry(many, into) == []
    # of the same plugin first, whichever place it has
    assert into.columns == [Column(1, "sid"), Column(1, "threads")]
    assert [row.cells[Column(1, "sid")] for row in into.rows] == ["s", "B", "s", "s"]
    assert into.rows[1].cells[Column(1, "threads")] == ""
    assert (into.rows[2].title, into.pattern) == ("Mine", "{patient}")
    assert [row.ticked for row in into.rows] == [True, True, True, False]
    assert [row.subject for row in into.rows] == [row.subject for row in many.rows]
    narrow = ManyTable(of_plugin(run()), [first])
    lost = carry(into, narrow)
    assert lost == ["--threads"]
    assert [row.cells[SID] for row in narrow.rows] == ["s", "B", "s", "s"]
    words = lost_words(narrow, lost)
    assert "does not take --threads. Its values were left out" in words
    assert lost_words(narrow, []) == ""


def test_what_cannot_start_says_why() -> None:
    away = replace(ITEMS[1], state=State.WANTED, path="")
    lost = replace(ITEMS[2], state=State.FAILED, path="")
    many = table([ITEMS[0], away, lost, replace(ITEMS[3], path="home/a,b/c")])
    many.set_pattern("all")
    kinds = [many.verdict(n).kind for n in range(4)]
    assert kinds == [CAN, WARNS, REFUSED, REFUSED]
    assert many.verdict(1).words == "Title used in row 1"
    many.set_pattern("{n}")
    assert many.verdict(1).kind == WAITS
    assert many.renew([replace(away, state=State.READY, path="home/alex/b")])
    assert many.verdict(1).kind == CAN
    many.set_title(0, "t" * 101)
    assert "101 characters" in many.verdict(0).words
    many.tick([0], False)
    assert many.to_start() == [1]
    with pytest.raises(ChrislibError, match="2,001 subjects"):
        many.set_subjects(subjects_of(ITEMS[:1], "item") * 2001)


def test_titles_by_a_pattern() -> None:
    many = table(by="study")
    assert many.titles()[0] == "01 BRAIN, fs"
    many.choose(0, 1)
    assert many.titles()[0] == "01 T2, fs"
    assert [item.title for item in many.rows[0].items] == ["series 2"]
    many.add_column(SID)
    many.set_cell(0, SID, "sub-7")
    many.set_pattern("{sid} {patient} {n:3}, {nothing}")
    assert many.titles()[0] == "sub-7 Doe1 Jane 001, {nothing}"
    many.set_cell(0, SID, "sub-8")
    assert many.titles()[0].startswith("sub-8")
    assert unknown_marks(many.pattern, set(many.marks()).__contains__) == ["{nothing}"]
    assert fill_marks("{a}, {b}, c", {"a": "", "b": ""}, 1) == "c"
    day = date(2026, 11, 22)
    title = proposed_title(ITEMS, day, recipe="fs")
    assert title == "BRAIN and 3 more, fs, 2026-11-22"
    long = replace(ITEMS[0], study_description="x" * 200)
    assert len(proposed_title([long], day, recipe="r" * 80)) == 100


def test_a_table_of_people_becomes_rows() -> None:
    text = (
        "Patient ID;Series description;--sid;threads;Age;Title\n"
        "P1;T3;sub-1;4;7;first\n"
        "P2;;sub-2;x;8;\n"
        "P9;;sub-3;1;9;\n"
        ";;;;;\n"
        ";T1;sub-4;1;9;\n"
    )
    read = read_text(text, title="t.csv")
    meaning = guess(read, [slot()])
    assert meaning.kinds == (
        *("PatientID", "SeriesDescription", SID, THREADS, "", "title"),
    )
    subjects, values, titles = rows_of(read, meaning, ITEMS)
    assert [[i.item_id for i in s.items] for s in subjects] == [["i3"], ["i4"], [], []]
    assert subjects[2].problem == "Nothing of this is in your library."
    assert subjects[3].problem == "The row says no data."
    many = ManyTable(of_plugin(run()), [slot()])
    many.set_subjects(subjects, values, titles=titles)
    many.set_pattern("{age} {id}")
    assert many.titles() == ["first", "8 P2", "9 {id}", "9 {id}"]
    assert many.to_start() == [0]
    # a column that was guessed wrong is corrected; each meaning stands once
    other = meaning.with_kind(4, THREADS)
    assert other.kinds[3:5] == ("", THREADS)
    none = replace(meaning, kinds=("",) * 6)
    with pytest.raises(ChrislibError, match="No column says"):
        none.check()


def test_paths_and_ambiguous_heads_of_a_table() -> None:
    slots = [Slot.of(0, "pl-x", ParameterForm(plugin(), [parameter("subject")]))]
    read = read_text("subject,folder\na,home/alex/uploads/a\nb,etc/passwd\n", title="t")
    meaning = guess(read, slots)
    assert meaning.kinds == (Column(0, "subject"), "path")
    subjects, values, _ = rows_of(read, meaning, ITEMS)
    assert [item.path for item in subjects[0].items] == ["home/alex/uploads/a"]
    assert "storage" in subjects[1].problem
    assert values[1] == {Column(0, "subject"): "b"}
    # who is meant has to be said by something
    read = read_text("subject,age\nP1,7\n", title="t")
    assert guess(read, slots).kinds == ("PatientID", "")
    assert guess(read, slots, headed=False).kinds == ("", "")


def test_a_pipeline_gets_values_per_node() -> None:
    node = PipelineNode(31, "fs", 7, "pl-fs", "1.0", (), {"sid": None, "threads": 2})
    form = ParameterForm(plugin(), PARAMETERS)
    form.preset(node.defaults)
    plan = NodePlan(node, form, Limits(plugin(), {}))
    recipe = of_pipeline(WorkflowIntent(3, "Volumes", 0, nodes=1))
    many = ManyTable(recipe, [Slot.of(0, "fs", form, node=plan)])
    many.set_subjects(subjects_of(ITEMS[:1], "series"))
    many.add_column(SID)
    many.add_column(Column(0, "atlas"))
    assert many.verdict(0).column == SID
    many.set_cell(0, SID, "sub-1")
    many.set_cell(0, Column(0, "atlas"), "home/alex/uploads/atlas")
    assert many.verdict(0).kind == CAN
    intent = many.plan(0).steps[0].intent
    assert isinstance(intent, WorkflowIntent)
    (info,) = intent.nodes_info
    assert info["piping_id"] == 31
    given_ = {one["name"]: one["default"] for one in info["plugin_parameter_defaults"]}
    assert given_ == {"sid": "sub-1", "atlas": "home/alex/uploads/atlas"}
    assert many.commands(0)[2] == "2 pipeline Volumes  # after 1"
    # limits of a node; one that is emptied takes the least, not what the pipeline says
    many.slots[0].limits.set("memory_limit", "300")
    assert many.commands(0)[3].endswith("  # Memory 300 MiB")
    intent = many.plan(0).steps[0].intent
    assert isinstance(intent, WorkflowIntent)
    assert intent.nodes_info[0]["memory_limit"] == 300
    two = replace(node, limits={"cpu_limit": 2000})
    plan = NodePlan(two, slot().form, Limits(plugin(), two.limits))
    assert "cpu_limit" not in plan.info
    plan.limits.set("cpu_limit", "")
    assert plan.info["cpu_limit"] == 1000


BROAD = replace(
    plugin(),
    min_cpu_limit=250,
    max_cpu_limit=UNLIMITED,
    min_memory_limit=50,
    max_memory_limit=1 << 22,
    max_number_of_workers=8,
)


@given(
    st.integers(250, 10**6), st.integers(50, 1 << 22), st.integers(1, 8), st.booleans()
)
def test_limits_of_a_run_are_those_of_the_next_one(
    cpu: int, memory: int, workers: int, taken: bool
) -> None:
    given_ = {"cpu_limit": cpu, "memory_limit": memory, "number_of_workers": workers}
    limits = Limits(BROAD, {"cpu_limit": 777}, taken=taken)
    limits.take({**given_, "gpu_limit": None})
    assert limits.errors() == {}
    least = {"cpu_limit": 250, "memory_limit": 50, "number_of_workers": 1}
    wanted = {name: n for name, n in given_.items() if n != least[name]}
    assert limits.values == (wanted if taken else {})


def test_place_and_limits_go_from_one_recipe_to_the_next() -> None:
    first = table(ITEMS[:2])
    first.set_compute(0, "host")
    first.slots[0].limits.set("cpu_limit", "1.5")
    assert first.commands(1)[2].endswith("# after 1, on host, CPU 1.5")
    (step,) = first.plan(1).steps
    assert isinstance(step.intent, RunIntent)
    # as the jobs of such a batch tell it the next time
    root = replace(run(dir="home/x"), plugin_type="fs", plugin_name="pl-dircopy")
    done = [
        job(1, root, Phase.FINISHED, remote_id=1, feed_id=4, account_id=1),
        job(2, replace(step.intent, previous_id=1), Phase.FINISHED,
            remote_id=2, previous_id=1, feed_id=4, account_id=1),
    ]  # fmt: skip
    (known,) = recent(done, 1)
    (last,) = known.steps
    assert isinstance(last.intent, RunIntent)
    assert (last.intent.compute_resource, last.intent.cpu_limit) == ("host", 1500)
    # and back to the first of the list, and to the least
    held = Limits(plugin())
    held.take({"cpu_limit": last.intent.cpu_limit})
    again = ManyTable(
        known, [Slot.of(0, "pl-fs", slot().form, compute="host", limits=held)]
    )
    again.set_compute(0, "")
    again.slots[0].limits.set("cpu_limit", "")
    changed = again.placed().steps[0].intent
    assert isinstance(changed, RunIntent)
    assert (changed.compute_resource, changed.cpu_limit) == ("", None)
    # a place that is gone, and what the plugin does not take, are problems
    again = ManyTable(known, [Slot.of(0, "pl-fs", slot().form, compute="titan")])
    assert "titan is not offered" in again.slots[0].use_problem
    again.set_compute(0, "")
    again.slots[0].limits.set("cpu_limit", "9")
    assert "9 is too much. pl-fs 1.0 takes 1 to 2." in again.slots[0].use_problem
    assert again.use_problems == 1


def test_a_recipe_takes_one_step_more() -> None:
    two = then(of_plugin(run(sid="a")), replace(run(), plugin_name="pl-stats"))
    assert [one.under for one in two.steps] == [-1, 0]
    assert two.detail == "fs → stats"
    three = then(two, WorkflowIntent(3, "Volumes", 9))
    assert [one.under for one in three.steps] == [-1, 0, 1]
    assert isinstance(three.steps[2].intent, WorkflowIntent)
    assert three.steps[2].intent.previous_id == 0


def job(number: int, intent: RunIntent, phase: Phase, **more: Any) -> Job:
    return Job(
        key=JobKey(f"{number:04}"),
        kind=Kind.RUN,
        phase=phase,
        intent=intent,
        title=intent.title or intent.plugin_name,
        batch_key="b",
        **more,
    )


def test_what_failed_of_a_batch_runs_again_and_nothing_else() -> None:
    root = replace(run(dir="x"), plugin_name="pl-dircopy", plugin_type="fs")
    ok, bad = replace(root, title="one"), replace(root, title="two")
    step = replace(run(sid="a"), previous_id=11)
    jobs = [
        job(1, ok, Phase.FINISHED, remote_id=11, feed_id=1),
        job(2, step, Phase.FAILED, remote_id=12, feed_id=1, previous_id=11,
            detail="No memory."),
        job(3, replace(run(), previous_id=12), Phase.CANCELLED_UPSTREAM, remote_id=13,
            feed_id=1, previous_id=12),
        job(4, bad, Phase.DRAFT,
            field_errors={"dir": "Not there.", "cpu_limit": "Out of range."}),
        job(5, replace(run(sid="b"), after="0004"), Phase.CANCELLED),
        job(6, replace(root, title="three"), Phase.FINISHED, remote_id=21, feed_id=2),
        job(7, run(), Phase.RUNNING, remote_id=22, feed_id=2, previous_id=21),
        job(8, run(), Phase.RUNNING, remote_id=30, feed_id=3),
    ]  # fmt: skip
    jobs[-1] = replace(jobs[-1], batch_key="other")
    runs = runs_of(reversed(jobs), "b")
    assert [(r.title, len(r.jobs), r.state) for r in runs] == [
        ("one", 3, "failed"),
        ("two", 2, "failed"),
        ("three", 2, "running"),
    ]
    assert runs[0].words == "pl-fs: No memory."
    assert runs[1].words == "pl-dircopy: Not there. CPU: Out of range."
    (first,) = runs[0].retry()
    # its data is there: only what failed and what hung under it is made anew
    assert isinstance(first.intent, RunIntent)
    assert first.intent.previous_id == 11
    assert [one.under for one in first.then] == [-1]
    (second,) = runs[1].retry()
    assert isinstance(second.intent, RunIntent)
    assert (second.intent.title, second.intent.plugin_type) == ("two", "fs")
    assert len(second.then) == 1
    assert runs[2].retry() == []


def test_an_empty_recipe_links_only_data() -> None:
    many = ManyTable(Recipe("", "None for now", "", ()), [])
    many.set_subjects(subjects_of(ITEMS, "patient"))
    assert many.runs_each == 1
    assert [len(plan.items) for plan in many.plans()] == [3, 1]
    assert many.dry_run().count("pl-dircopy") == 2
    assert recipe_of([Next(run())]).title == "fs"
