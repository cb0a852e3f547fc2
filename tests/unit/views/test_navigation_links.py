"""Deep links and messages as data."""

import pytest

from chrislib.views.navigation import (
    Place,
    ShowFeed,
    ShowInbox,
    ShowJobs,
    ShowLibrary,
    parse_link,
)
from chrislib.views.shell.palette import Entry, matching


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("feed/12/node/34", ShowFeed(12, 34)),
        ("feed/12", ShowFeed(12)),
        ("/feed/12/", ShowFeed(12)),
        ("jobs", ShowJobs()),
        ("jobs/0190", ShowJobs("0190")),
        ("inbox", ShowInbox()),
        ("inbox/toast/abc", ShowInbox(toast="abc")),
        ("inbox/batch/b-1", ShowInbox(batch_key="b-1")),
        ("inbox/item/key:READY:0", ShowInbox(item="key:READY:0")),
        ("get/key:READY:0", ShowInbox(item="key:READY:0", verb="get")),
        ("later/key:READY:0", ShowInbox(item="key:READY:0", verb="later")),
        ("library", ShowLibrary()),
        ("library/pacs", ShowLibrary("pacs")),
        ("", None),
        ("feed/x", None),
        ("feed/²", None),
        ("feed/１２", None),
        ("feed/" + "9" * 40, None),
        ("feed/12/node/../..", None),
        ("javascript:alert(1)", None),
    ],
)
def test_links_lead_to_places_or_nowhere(link: str, place: Place | None) -> None:
    assert parse_link(link) == place


def test_the_palette_finds_every_word_under_its_heading() -> None:
    def run() -> None: ...

    entries = [
        Entry("Commands", "Jobs", "Ctrl+J", "list", run),
        Entry("Library", "SAG T1 MPRAGE", "Doe, Jonathan", "layers", run),
        Entry("Library", "AX T2 FLAIR", "Doe, Jonathan", "layers", run),
        Entry("Feeds", "Chiari pilot", "Feed 12", "workflow", run),
    ]
    assert [e.text for e in matching(entries, "")] == ["Commands", "Jobs"]
    assert [e.text for e in matching(entries, "doe t1")] == ["Library", "SAG T1 MPRAGE"]
    found = [e.text for e in matching(entries, "feed 12")]
    assert found == ["Feeds", "Chiari pilot"]
    assert matching(entries, "nothing like it") == []
