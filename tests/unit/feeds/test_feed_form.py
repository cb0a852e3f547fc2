"""One buffer behind form and command line: round trips, checks, what is sent."""

import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube.types import Plugin, PluginId, PluginParameter
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.tokens import tokenize

PLUGIN = Plugin(
    id=PluginId(7),
    name="pl-dcm2niix",
    version="1.0.4",
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
    max_cpu_limit=2147483647,
    min_memory_limit=200,
    max_memory_limit=2147483647,
    min_gpu_limit=0,
    max_gpu_limit=0,
    min_number_of_workers=1,
    max_number_of_workers=1,
    creation_date=None,
)


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


DIR = parameter("dir", type="path", optional=False, default=None)
COUNT = parameter("count", type="integer", default=1)
RATIO = parameter("ratio", type="float", default=0.5)
WORDS = parameter("words", default="hello")
VERBOSE = parameter("verbose", type="boolean", default=False, action="store_true")
QUIET = parameter("quiet", type="boolean", default=True, action="store_false")
ALL = (COUNT, RATIO, WORDS, VERBOSE, QUIET, DIR)


def make(*parameters: PluginParameter, **changes: Any) -> ParameterForm:
    return ParameterForm(PLUGIN, parameters or ALL, **changes)


def test_required_ones_stand_first_and_cannot_be_taken_out() -> None:
    form = make()
    assert next(p.name for p in form.parameters) == "dir"
    assert [p.name for p in form.given] == ["dir"]
    form.unset("dir")
    assert form.is_set("dir")
    assert form.errors() == {"dir": "--dir is required. Enter a value."}


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("count", "3.5", "--count takes a whole number. “3.5” is none."),
        ("count", "", "--count is empty"),
        ("ratio", "fast", "--ratio takes a number"),
        ("ratio", "inf", "--ratio takes a finite number"),
        ("words", "x" * 601, "--words has 601 characters. Up to 600"),
        ("dir", "etc/passwd", "Begin with home, SERVICES, PIPELINES"),
        ("dir", "home/alex", "is too much"),
        ("dir", "home/alex/feeds", "is too much"),
        ("dir", "home/alex/../bob/x", "is not a plain path"),
        ("dir", "home/alex/a,,home/alex/b", "A path is empty"),
        ("dir", "home/" + "a" * 16_000, "Up to 16,000"),
    ],
)
def test_a_refused_value_names_the_parameter(name: str, text: str, part: str) -> None:
    form = make()
    form.set("dir", "home/alex/uploads/brain")
    form.set(name, text)
    assert part in form.errors()[name]
    with pytest.raises(ValueError, match="--"):
        form.payload()


def test_what_was_not_touched_is_left_out_of_what_is_sent() -> None:
    form = make()
    form.set("dir", " /home/alex/uploads/a/, SERVICES/PACS/X ")
    assert form.payload() == {"dir": "home/alex/uploads/a,SERVICES/PACS/X"}
    form.set("count", " 4 ")
    form.set("ratio", "1e-3")
    form.set("verbose", "true")
    form.add("quiet")
    assert form.payload() == {
        "dir": "home/alex/uploads/a,SERVICES/PACS/X",
        "count": 4,
        "ratio": 0.001,
        "verbose": True,
        "quiet": False,
    }
    form.set("verbose", "false")
    assert "verbose" not in form.payload()


def test_at_least_one_parameter_is_sent() -> None:
    assert make(VERBOSE, WORDS, COUNT).payload() == {"words": "hello"}
    assert make(VERBOSE, replace(WORDS, default=None)).payload() == {"words": ""}
    assert make(VERBOSE, RATIO).payload() == {"ratio": 0.5}
    # a switch that is off adds no argument and would not help
    assert make(VERBOSE).payload() == {}


def test_a_plugin_without_parameters_cannot_run_on_an_old_server() -> None:
    assert ParameterForm(PLUGIN, (), generation=7).errors() == {}
    assert "has no parameters" in ParameterForm(PLUGIN, (), generation=6).errors()[""]


def test_the_parents_of_a_join_are_not_typed() -> None:
    plugin = replace(PLUGIN, type="ts")
    form = ParameterForm(plugin, (parameter("plugininstances"), WORDS))
    assert [p.name for p in form.parameters] == ["words"]
    assert form.payload() == {}


def test_a_server_refusal_stands_at_its_field_until_that_is_edited() -> None:
    form = make()
    form.set("dir", "home/alex/x")
    rest = form.refuse({"dir": "No such path.", "title": "Too long."})
    assert rest == {"title": "Too long."}
    assert form.errors() == {"dir": "No such path."}
    form.set("dir", "home/alex/y")
    assert form.errors() == {}
    # unnamed: it must be the only one that was sent
    assert form.refuse({"value": "A valid path is required."}) == {}
    assert form.errors() == {"dir": "A valid path is required."}
    form.set("count", "2")
    assert form.refuse({"value": "?"}) == {"value": "?"}


def test_an_edit_of_the_command_line_is_in_the_form_at_once() -> None:
    form = make()
    assert not form.parse(
        "pl-dcm2niix --dir home/alex/a --count 3 \\\n  -w 'two words' --verbose"
    )
    assert form.text("dir") == "home/alex/a"
    assert form.text("count") == "3"
    assert form.text("words") == "two words"
    assert form.payload()["verbose"] is True
    assert not form.parse("pl-dcm2niix --dir home/alex/a")
    assert not form.is_set("words")
    form.set("count", "8")
    assert form.command_line() == "pl-dcm2niix --dir home/alex/a --count 8"


@pytest.mark.parametrize(
    ("text", "piece", "part"),
    [
        ("--dir home/a/b --nope 3", "--nope", "has no parameter --nope"),
        ("--dir home/a/b stray", "stray", "belongs to no parameter"),
        ("--dir home/a/b --count", "--count", "--count needs a value"),
        ("--count 1 --count 2", "--count", "given twice"),
        ("--dir 'home/a", "'home/a", "A single quote is not closed"),
        ('--words "a', '"a', "A double quote is not closed"),
        ("--verbose=maybe", "--verbose=maybe", "takes no value"),
        ("--words a\\", "a\\", "escapes nothing"),
    ],
)
def test_a_piece_that_cannot_be_read_stays_as_typed(
    text: str, piece: str, part: str
) -> None:
    form = make()
    problems = form.parse(text)
    assert any(part in p.message for p in problems)
    assert any(text[p.start : p.end] == piece for p in problems)
    assert form.command_line() == text
    assert part in form.errors().get("", "") or len(problems) > 1


_texts = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"),
    max_size=20,
)


@given(
    words=_texts,
    count=st.integers(-(2**31), 2**31 - 1),
    verbose=st.booleans(),
    quiet=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_form_to_command_line_and_back(
    words: str, count: int, *, verbose: bool, quiet: bool
) -> None:
    form = make()
    form.set("dir", "home/alex/a b,home/alex/c")
    form.set("words", words)
    form.set("count", str(count))
    if verbose:
        form.add("verbose")
    if quiet:
        form.add("quiet")
    line = form.made_command_line()
    again = make()
    assert not again.parse(line)
    for name in ("dir", "words", "count"):
        assert again.text(name) == form.text(name)
    assert again.payload() == form.payload()
    assert again.made_command_line() == line


@given(st.text("ab -='\"\\\n-x", max_size=30))
@settings(max_examples=300, deadline=None)
def test_words_are_cut_as_a_shell_cuts_them(text: str) -> None:
    tokens, problems = tokenize(text)
    if problems:
        return
    if "\\\n" in text:
        # shlex keeps what a shell joins
        return
    assert [token.text for token in tokens] == shlex.split(text)


@given(_texts)
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_typed(text: str) -> None:
    form = make()
    form.parse(text)
    form.errors()
    assert form.command_line() == text


def test_run_again_takes_over_what_was_given() -> None:
    form = make()
    form.adopt({"dir": "home/alex/a", "count": "2", "verbose": "True", "gone": "x"})
    assert form.made_command_line() == (
        "pl-dcm2niix --dir home/alex/a --count 2 --verbose"
    )
