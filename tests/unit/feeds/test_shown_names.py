"""Names with markup, controls and turned directions: shown plainly, sent exactly."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.types import Feed, FeedId, StoragePath
from chrislib.feeds.bulk import copy_title, merge_title
from chrislib.feeds.nodes import nodes_of, ready_node, row_of
from chrislib.feeds.renaming import new_title
from chrislib.shown import one_line
from tests.unit.feeds.test_feed_states import instance

BAD = "Head\u202etxt\x07 \x1b[31m<b>one</b>\r\nnext\u2066"
GOOD = "Headtxt <b>one</b> next"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def feed(name: str) -> Feed:
    return Feed(
        FeedId(1), name, "alex", None, public=False, folder_path=StoragePath("x")
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (BAD, GOOD),
        ("Kopf – Schädel  1", "Kopf – Schädel  1"),
        ("名前 \U0001f9e0", "名前 \U0001f9e0"),
        ("one\rtwo\x85three\u2028four", "one twothree four"),
        ("half \ud83d", "half \ufffd"),
        ("\u202e\x07", ""),
        ("", ""),
    ],
)
def test_a_name_is_one_line_of_plain_text(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text())
def test_no_name_can_do_more_than_be_read(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not any("\u202a" <= char <= "\u202e" for char in shown)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert one_line(shown) == shown


def test_a_feed_is_shown_plainly_and_renamed_as_the_server_has_it() -> None:
    row = row_of(feed(BAD))
    assert (row.title, row.sent_title) == (GOOD, BAD)
    assert copy_title(row) == f"{BAD} (copy)"
    assert merge_title([row]) == BAD[:46].rstrip()
    assert new_title("{name}", row, 1) == " ".join(BAD.split())
    usual = row_of(feed("Head"))
    assert (usual.title, usual.sent_title) == ("Head", "Head")
    assert usual.exact_title is None


def test_a_node_is_shown_plainly_and_run_again_as_the_server_has_it() -> None:
    odd = replace(
        instance(2, "finishedSuccessfully"),
        title=BAD,
        plugin_name="pl-\u202ecopy",
        plugin_version="1\n2",
    )
    early = ready_node(odd)
    (node,) = nodes_of([odd], joins={}, jobs={}, now=NOW)
    for one in (early, node):
        assert one is not None
        assert (one.title, one.sent_title) == (GOOD, BAD)
        assert (one.plugin_name, one.sent_plugin) == ("pl-copy", "pl-\u202ecopy")
        assert one.plugin_version == "1 2"
    under = replace(
        instance(3, "waiting", previous=2), compute_resource_name="\u202ehost"
    )
    handed = replace(under, status="scheduled")
    first = replace(odd, status="started")
    nodes = nodes_of([first, under], joins={}, jobs={}, now=NOW)
    assert nodes[1].detail == "Waits for pl-copy"
    nodes = nodes_of([first, handed], joins={}, jobs={}, now=NOW)
    assert nodes[1].detail == "Handed over to host"
