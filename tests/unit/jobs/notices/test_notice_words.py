"""What toasts say, and where a click leads."""

from itertools import product

import pytest

from chrislib.catalog.outbox import PROBLEMS, Claimed
from chrislib.catalog.rows import InboxRowText
from chrislib.desktop.toast import Toast
from chrislib.jobs.notices.words import server_words, summary, toast_of
from chrislib.views.navigation import (
    ShowFeed,
    ShowInbox,
    ShowJobs,
    ShowLibrary,
    parse_link,
)

SECRET = "Doe^Jonathan 4711"


def said(
    counts: dict[str, int],
    *,
    group: str = "feed:12",
    job_kind: str = "run",
    names: bool = False,
    **row: object,
) -> Toast:
    """Return the toast of a group."""
    values: dict[str, object] = {
        "dedupe_key": "key:READY:0",
        "account_id": 1,
        "kind": next(reversed(counts)),
        "created_at": 1.0,
        "job_key": "key",
        "feed_id": 12,
        "instance_id": 34,
        "title": SECRET,
        **row,
    }
    claimed = Claimed(
        counts,
        1,
        InboxRowText(**values),  # type: ignore[arg-type]
        job_kind,
        "https://chris.example.org/api/v1/",
        1.0,
        ("key:READY:0",),
    )
    return toast_of(claimed, batch="b", account_id=1, group=group, names=names)


def test_one_node() -> None:
    toast = said({"READY": 1})
    assert toast.title == "Feed 12: run finished"
    assert toast.text == "Click to open it.\nchris.example.org"
    assert parse_link(toast.target) == ShowFeed(12, 34)
    assert toast.group == "1:feed:12"
    assert toast.keys == ("key:READY:0",)
    get, later, opening = toast.actions
    assert parse_link(get.target) == ShowInbox(item="key:READY:0", verb="get")
    assert parse_link(later.target) == ShowInbox(item="key:READY:0", verb="later")
    assert parse_link(opening.target) == ShowFeed(12, 34)
    assert not toast.problem


def test_a_failure_has_nothing_to_get() -> None:
    toast = said({"FAILED": 1})
    assert toast.title == "Feed 12: run failed"
    assert toast.problem
    assert [action.name for action in toast.actions] == ["open"]


def test_several_nodes() -> None:
    ready = said({"READY": 5})
    assert (ready.title, ready.text.splitlines()[0]) == (
        "Feed 12: run finished",
        "5 nodes are ready. Click to open it.",
    )
    mixed = said({"READY": 4, "FAILED": 1})
    assert mixed.title == "Feed 12: 4 ready, 1 failed"
    assert [action.name for action in mixed.actions] == ["open"]


def test_a_workflow_opens_its_feed() -> None:
    toast = said(
        {"READY": 1}, group="workflow:3", job_kind="workflow", instance_id=None
    )
    assert toast.title == "Feed 12: run finished"
    assert parse_link(toast.target) == ShowFeed(12)


@pytest.mark.parametrize(
    ("kind", "counts", "title", "place"),
    [
        ("pull", {"READY": 1}, "Pull finished", ShowLibrary("overview")),
        ("pull", {"READY": 30}, "Pulls: 30 ready", ShowLibrary("overview")),
        ("pull", {"FAILED": 1}, "Pull stopped", ShowJobs("key")),
        (
            "pull",
            {"READY": 2, "FAILED": 1},
            "Pulls: 2 ready, 1 failed",
            ShowInbox(toast="b"),
        ),
        (
            "upload",
            {"ERRORS": 1},
            "Upload finished, some files are missing",
            ShowJobs("key"),
        ),
        ("download", {"READY": 1}, "Download finished", ShowJobs("key")),
        (
            "service",
            {"ERRORS": 1},
            "Job ended with an error",
            ShowJobs("key"),
        ),
        ("program", {"FAILED": 1}, "Program failed", ShowJobs("key")),
        ("service", {"READY": 1}, "Job finished", ShowJobs("key")),
    ],
)
def test_transfers(
    kind: str, counts: dict[str, int], title: str, place: object
) -> None:
    toast = said(counts, group=kind, job_kind=kind, feed_id=None)
    assert toast.title == title
    assert parse_link(toast.target) == place


def test_a_sign_in() -> None:
    toast = said({"AUTH": 1}, group="job:x", job_kind="", feed_id=None, job_key=None)
    assert toast.title == "Sign in again"
    assert parse_link(toast.target) == ShowJobs()


def test_a_batch_says_what_its_own_row_says() -> None:
    own = said(
        {"ERRORS": 1},
        group="batch:b-1",
        job_kind="",
        dedupe_key="batch:b-1:ERRORS:0",
        job_key=None,
        feed_id=None,
        batch_key="b-1",
        body="9,980 finished, 20 did not",
    )
    assert own.title == "Batch: 9,980 finished, 20 did not"
    assert parse_link(own.target) == ShowInbox(batch_key="b-1")
    members = said({"READY": 9, "FAILED": 1}, group="batch:b-1", batch_key="b-1")
    assert members.title == "Batch: 9 ready, 1 failed"


def test_a_summary_and_a_digest() -> None:
    row = InboxRowText(
        dedupe_key="k", account_id=1, kind="READY", created_at=1.0, title=SECRET
    )
    claimed = Claimed({"READY": 37, "FAILED": 2}, 9, row, "run", "", 1.0, ("k",))
    toast = summary(claimed, batch="b", account_id=1)
    assert toast.title == "37 ready, 2 failed"
    assert toast.text.endswith("this computer")
    assert parse_link(toast.target) == ShowInbox(toast="b")
    digest = summary(claimed, batch="b", account_id=1, since="since 18:04")
    assert digest.title == "37 ready, 2 failed since 18:04"
    assert digest.group != toast.group


def test_every_toast_has_words_and_a_place_and_no_title() -> None:
    job_kinds = ("run", "workflow", "pull", "upload", "download", "program", "")
    groups = ("feed:12", "batch:b", "pull", "job:key")
    every = product(["READY", *PROBLEMS], job_kinds, (12, None), groups)
    for kind, job_kind, feed, group in every:
        toast = said({kind: 1}, group=group, job_kind=job_kind, feed_id=feed)
        assert toast.title, (kind, job_kind, feed, group)
        assert toast.title[0].isupper(), toast.title
        assert parse_link(toast.target) is not None, toast.target
        assert SECRET not in f"{toast.title} {toast.text} {toast.target}"
        assert all(parse_link(action.target) for action in toast.actions)


def test_names_only_when_they_are_wanted() -> None:
    assert said({"READY": 1}, names=True).text.splitlines()[0] == SECRET
    assert SECRET not in said({"READY": 2}, names=True).text, "of one thing only"


def test_a_name_stays_one_line_that_reads_forwards() -> None:
    bad = "Head\u202etxt\x07\nClick here"
    said_of = said({"READY": 1}, names=True, title=bad).text.splitlines()
    assert said_of[:2] == ["Headtxt Click here", "Click to open it."]
    whole = said({"READY": 1}, group="batch:b", dedupe_key="batch:b", body=bad)
    assert whole.title == "Batch: Headtxt Click here"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://chris.example.org/api/v1/", "chris.example.org"),
        ("http://127.0.0.1:4711/api/v1/", "this computer"),
        ("program:", "this computer"),
        ("service:opal:https://opal.example.org", "opal"),
        ("", "this computer"),
    ],
)
def test_servers(url: str, words: str) -> None:
    assert server_words(url) == words
