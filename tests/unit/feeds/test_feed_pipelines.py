"""Pipelines as files and drafts, limits, and what a node of one is run with. Pure."""

import json
import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube.types import Plugin, PluginParameter
from chrislib.feeds.drafts import (
    DraftNode,
    PipelineDraft,
    parents_first,
    tree_problems,
    unique_titles,
)
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Bound, Limits, bounds_of
from chrislib.feeds.pipeline_files import read_pipeline, write_pipeline
from chrislib.feeds.pipelines import NodePlan, PipelineNode
from tests.unit.feeds.test_feed_form import COUNT, DIR, PLUGIN, VERBOSE, WORDS

_TEXT = (
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
)
_VALUE = st.one_of(
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXT,
    st.just(""),
)


@st.composite
def drafts(draw: Any) -> PipelineDraft:
    titles = unique_titles(draw(st.lists(_TEXT, min_size=1, max_size=6)))
    nodes = []
    for place, title in enumerate(titles):
        above = draw(st.sampled_from(titles[:place])) if place else None
        values = draw(st.dictionaries(_TEXT, _VALUE, max_size=4))
        values.pop("plugininstances", None)
        limits = draw(st.dictionaries(st.just("cpu_limit"), st.integers(1, 9999)))
        nodes.append(DraftNode(title, "pl-x", "1.0.0", above, values, limits=limits))
    return PipelineDraft(
        draw(_TEXT), tuple(nodes), category=draw(_TEXT), locked=draw(st.booleans())
    )


@given(draft=drafts(), kind=st.sampled_from(["yaml", "json"]))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_as_it_was(draft: PipelineDraft, kind: str) -> None:
    again, problems = read_pipeline(write_pipeline(draft, kind=kind), kind=kind)
    assert problems == ()
    assert again is not None
    assert again.tree() == draft.tree()
    assert (again.name, again.facts) == (draft.name, draft.facts)


@given(text=st.text(max_size=120), kind=st.sampled_from(["yaml", "json"]))
@settings(max_examples=100, deadline=None)
def test_no_text_is_too_strange_to_be_read(text: str, kind: str) -> None:
    draft, problems = read_pipeline(text, kind=kind)
    assert problems or draft is not None


_GOOD = """
    name: good
    plugin_tree:
    - title: one
      plugin: pl-a v1.0.0
      previous: ~
    - title: two
      plugin: pl-b v2.0.0
      previous: one
    """


@pytest.mark.parametrize(
    ("change", "line", "node", "said"),
    [
        (("name: good", "authors: me"), 1, "", "no name"),
        (("pl-b v2.0.0", "pl-b"), 6, "two", "names no plugin and version"),
        (("previous: one", "previous: three"), 6, "two", "no node “three”"),
        (("title: two", "title: one"), 6, "one", "same title"),
        (("previous: one", "previous: ~"), 6, "two", "2 nodes stand at the top"),
        (("previous: ~", "previous: two"), 6, "two", "No node stands at the top"),
        (("previous: one", "prevoius: one"), 8, "two", "means nothing here"),
        (("plugin: pl-a v1.0.0", "plugin: [pl-a"), 5, "", "no YAML"),
        (("plugin_tree:", "plugin_tee:"), 1, "", "no “plugin_tree”"),
        (
            ("plugin: pl-b v2.0.0", "plugin: pl-b v2.0.0\n  cpu_limit: lots"),
            8,
            "two",
            "no whole number",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_node(
    change: tuple[str, str], line: int, node: str, said: str
) -> None:
    text = textwrap.dedent(_GOOD).lstrip()
    assert read_pipeline(text)[1] == ()
    _, problems = read_pipeline(text.replace(*change))
    named = [(one.line, one.node) for one in problems if said in one.message]
    if said.startswith("No node stands"):
        assert named == [(0, "")]
    else:
        assert named == [(line, node)], problems


def test_files_of_other_programs_are_read() -> None:
    tree = [
        {"plugin_name": "pl-a", "plugin_version": "1", "previous_index": None},
        {
            "title": "b",
            "plugin_name": "pl-b",
            "plugin_version": "2",
            "previous": "pl-a",
            "plugin_parameter_defaults": [{"name": "x", "default": 1e5}],
        },
    ]
    # a server's own answer holds the tree as text
    for plugin_tree in (tree, json.dumps(tree)):
        text = json.dumps({"name": "n", "plugin_tree": plugin_tree}, indent="\t")
        draft, problems = read_pipeline(text, kind="json")
        assert problems == ()
        assert draft is not None
        assert [node.title for node in draft.nodes] == ["pl-a", "b"]
        assert draft.nodes[1].defaults == {"x": 1e5}
        assert draft.locked


def test_references_that_blow_up_and_deep_nesting_are_refused() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdef", "bcdefg", strict=True)
    )
    for text in (bomb, "[" * 2000, "&a [*a]", "x" * 1_100_000):
        draft, problems = read_pipeline(text)
        assert draft is None
        assert len(problems) == 1


def test_a_tree_is_put_parents_first_and_a_circle_is_said() -> None:
    one, two = DraftNode("1", "p", "1"), DraftNode("2", "p", "1", "1")
    join = DraftNode("3", "p", "1", "1", {"plugininstances": "1, 2"})
    assert parents_first([join, two, one]) == [one, two, join]
    circle = [one, DraftNode("2", "p", "1", "3"), DraftNode("3", "p", "1", "2")]
    (problem,) = tree_problems(circle)
    assert "under itself" in problem.message


def bound(name: str) -> Bound:
    plugin: Plugin = PLUGIN
    return next(one for one in bounds_of(plugin) if one.name == name)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("cpu_limit", "2", 2000),
        ("cpu_limit", "1.5", 1500),
        ("cpu_limit", "1500m", 1500),
        ("memory_limit", "300", 300),
        ("memory_limit", "2 GiB", 2048),
        ("memory_limit", "1Gi", 1024),
        ("memory_limit", "lots", None),
        ("cpu_limit", "-1", None),
        ("cpu_limit", "٣", None),
    ],
)
def test_limits_are_read_as_people_write_them(
    name: str, text: str, value: int | None
) -> None:
    assert bound(name).read(text) == value


@given(value=st.integers(1, 10**6), name=st.sampled_from(["cpu_limit", "memory_limit"]))
def test_a_limit_that_is_shown_is_read_again(value: int, name: str) -> None:
    one = bound(name)
    assert one.read(one.show(value)) == value


def test_a_limit_out_of_its_bounds_says_what_is_allowed() -> None:
    limits = Limits(PLUGIN)
    assert limits.errors() == {}
    assert limits.values == {}
    limits.set("cpu_limit", "0.5")
    limits.set("memory_limit", "1 GiB")
    assert limits.errors() == {
        "cpu_limit": "0.5 is too little. pl-dcm2niix 1.0.4 takes 1 or more."
    }
    said = "This field value is out of range."
    rest = limits.refuse({"memory_limit": said, "x": "y"})
    assert rest == {"x": "y"}
    assert limits.errors()["memory_limit"] == said
    limits.set("memory_limit", "2 GiB")
    limits.set("cpu_limit", "4")
    assert limits.errors() == {}
    assert limits.values == {"cpu_limit": 4000, "memory_limit": 2048}


def plan(defaults: dict[str, Any], *parameters: PluginParameter) -> NodePlan:
    node = PipelineNode(5, "n", 7, PLUGIN.name, PLUGIN.version, (), defaults)
    form = ParameterForm(PLUGIN, parameters)
    form.preset(defaults)
    return NodePlan(node, form, Limits(PLUGIN))


def test_a_node_of_a_pipeline_sends_only_what_differs() -> None:
    one = plan(
        {"dir": "home/a/b", "count": 3, "words": "hello", "verbose": False},
        *(DIR, COUNT, WORDS, VERBOSE),
    )
    assert [p.name for p in one.form.given] == ["dir", "count"]
    assert one.info == {}
    one.form.add("verbose")
    one.form.unset("count")
    one.limits.set("cpu_limit", "2")
    assert one.info == {
        "piping_id": 5,
        "plugin_parameter_defaults": [
            # taken out: the plugin's own default again
            {"name": "count", "default": 1},
            {"name": "verbose", "default": True},
        ],
        "cpu_limit": 2000,
    }


def test_what_a_pipeline_leaves_open_has_to_be_given() -> None:
    one = plan({"dir": None, "words": "a"}, DIR, WORDS)
    assert one.problems == 1
    one.form.set("dir", "home/a/b")
    assert one.problems == 0
    assert one.info["plugin_parameter_defaults"] == [
        {"name": "dir", "default": "home/a/b"}
    ]
