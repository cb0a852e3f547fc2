"""Results of several feeds in one table, and two feeds compared: all of it real."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chrislib.jobs.model import Phase
from chrislib.views.feeds.collect_page import CollectPage
from chrislib.views.feeds.compare_page import ComparePage
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowFeed
from tests.gui.program.person import Person, root_intent, submit, upload

Station = Any
ProgramFactory = Callable[..., Any]

# dialogs and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

VOLUMES = (1204.5, 980.25, 1350.75)


def made_feed(person: Person, number: int) -> int:
    """Make a feed of a folder with values and a text; returns its number."""
    program = person.program
    user = program.services.session.client.username
    folder = f"home/{user}/uploads/collect-{uuid4().hex[:8]}"
    values = {"volume": f"{VOLUMES[number]} mm^3", "side": "left", "n": number}
    text = json.dumps(values) if number < 2 else '{"volume": '
    upload(program, f"{folder}/values.json", text)
    upload(program, f"{folder}/same.txt", "the same everywhere")
    upload(program, f"{folder}/note.txt", "longer" * (number + 1))
    if number:
        upload(program, f"{folder}/more.txt", "only here")
    job = submit(program, root_intent(program, folder, f"Subject {number}"))
    person.wait(lambda: person.job(job.key).phase is Phase.FINISHED, "a feed")
    found = person.job(job.key).feed_id
    assert found is not None
    return found


def pane_of(person: Person, feed_id: int) -> FeedsPane:
    """Return the Feeds module with a feed open."""
    person.program.context.navigator.go(ShowFeed(feed_id))
    person.wait(lambda: person.window.findChild(FeedsPane, "feeds"), "Feeds")
    pane = person.window.findChild(FeedsPane, "feeds")
    person.wait(lambda: pane.feed is not None and pane.feed.row.id == feed_id, "open")
    assert isinstance(pane, FeedsPane)
    return pane


def test_results_are_collected_and_feeds_compared(
    program_factory: ProgramFactory, station: Station, tmp_path: Path
) -> None:
    person = Person(program_factory(station))
    feeds = [made_feed(person, number) for number in range(3)]
    pane = pane_of(person, feeds[0])

    pane.collecting.collect(feeds)
    page = pane.covers.page
    assert isinstance(page, CollectPage)
    person.wait(page.choice.collect_button.isEnabled, "the files are listed")
    page.choice.files.setEditText("values.json")
    person.press("Collect")
    person.wait(lambda: page.table is not None, "the table")
    assert page.table is not None
    rows = page.table.rows
    volumes = [row.values["volume"].number for row in rows if row.values]
    assert volumes == list(VOLUMES[:2])
    assert [bool(row.problem) for row in rows] == [False, False, True]
    person.wait(lambda: not page.shown._tasks.pending, "the order")
    person.press("Save CSV …")
    person.choose_folder(tmp_path)
    saved = tmp_path / "pl-dircopy-results.csv"
    person.wait(lambda: saved.exists() and not page.taking._tasks.pending, "the file")
    lines = list(csv.reader(io.StringIO(saved.read_text(encoding="utf-8"))))
    assert "volume (mm^3)" in lines[0]
    assert [line[lines[0].index("Feed number")] for line in lines[1:]] == [
        str(feed) for feed in feeds
    ]
    assert pane.escape()

    pane.comparing.compare_feeds(feeds[0], feeds[1])
    compared = pane.covers.page
    assert isinstance(compared, ComparePage)
    person.wait(lambda: "pl-dircopy" in compared.known.files, "the files of both")
    files = compared.known.files["pl-dircopy"]
    assert {pair.relative: pair.verdict for pair in files.pairs} == {
        "more.txt": "right",
        "note.txt": "differs",
        "same.txt": "size",
        "values.json": "size",
    }
    person.press("Compare contents")
    person.wait(
        lambda: (
            {
                pair.relative: pair.verdict
                for pair in compared.known.files["pl-dircopy"].pairs
                if pair.relative in {"values.json", "same.txt"}
            }
            == {"values.json": "differs", "same.txt": "same"}
        ),
        "the contents",
    )
    person.wait(lambda: not compared._tasks.pending, "rest")
    assert pane.escape()
    assert pane.covers.page is None
