"""Somebody else's feed in the whole program: read, talked about, taken back."""

import secrets
import time
from typing import Any

import httpx
import pytest
from PySide6.QtWidgets import QPlainTextEdit

from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowFeed
from tests.gui.program.person import Person
from tests.station.test_feed_sharing import person


@pytest.fixture
def hers(station: Any) -> Any:
    """A connection of somebody else, and a feed of hers with a note."""
    name, token = person(station)
    headers = {"Accept": "application/json", "Authorization": f"Token {token}"}
    with httpx.Client(base_url=station.url, headers=headers, timeout=30) as http:
        http.name = name  # type: ignore[attr-defined]
        yield http


def make_feed(http: Any) -> dict[str, Any]:
    top = f"home/{http.name}/uploads/people-{secrets.token_hex(4)}"
    http.post(
        "userfiles/",
        data={"upload_path": f"{top}/a.txt"},
        files={"fname": ("a.txt", b"hello")},
    ).raise_for_status()
    found = http.get("plugins/search/", params={"name_exact": "pl-dircopy"}).json()
    made = http.post(
        f"plugins/{found['results'][0]['id']}/instances/",
        json={"dir": top, "title": "Hers <b>and</b> ours"},
    ).json()
    deadline = time.monotonic() + 60
    while http.get(f"plugins/instances/{made['id']}/").json()["active"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    http.put(f"note{made['feed_id']}/", json={"content": "# Hers\n\n<i>not HTML</i>"})
    return dict(made)


def test_a_feed_of_somebody_else_is_taken_back_while_it_is_open(
    program_factory: Any, station: Any, hers: Any
) -> None:
    made = make_feed(hers)
    at = f"{made['feed_id']}/"
    granted = hers.post(f"{at}userpermissions/", json={"username": "local"}).json()
    program = program_factory(station)
    hands = Person(program)
    program.context.navigator.go(ShowFeed(made["feed_id"]))
    program.wait_to_read(f"{hers.name} and 1 other", "pl-dircopy", timeout=60_000)
    panes = program.window.findChildren(FeedsPane)
    assert len(panes) == 1
    pane = panes[0]
    hands.press("Note", within=pane)
    sheet = hands.sheet("note")
    program.wait_to_read("No comments yet", timeout=60_000)
    shown = sheet.note._view.toPlainText()  # type: ignore[attr-defined]
    assert shown == "Hers\n<i>not HTML</i>"
    box = sheet.findChild(QPlainTextEdit, "comments.text")
    assert box is not None
    box.setPlainText("Seen by local")
    hands.press("Send", within=sheet)
    rows = sheet.comments.rows  # type: ignore[attr-defined]
    program.wait(lambda: [row.said.text for row in rows()] == ["Seen by local"], 60_000)
    said = hers.get(f"{at}comments/").json()["results"]
    assert [one["content"] for one in said] == ["Seen by local"]
    hands.press("Close", within=sheet)
    hands.no_sheet("note")
    hands.press("Share", within=pane)
    program.wait_to_read(f"Only {hers.name}, who owns this feed", timeout=60_000)
    hands.press("Close", within=hands.sheet("share"))
    hands.no_sheet("share")

    hers.delete(f"userpermissions/{granted['id']}/").raise_for_status()
    pane.refresh()
    program.wait_to_read("This feed is not open to you any more", timeout=60_000)
    program.wait(
        lambda: all(row.id != made["feed_id"] for row in pane.list.rows()), 60_000
    )
    assert not program.reads("pl-dircopy")
    # given again, it comes back
    hers.post(f"{at}userpermissions/", json={"username": "local"}).raise_for_status()
    hands.press("Look again", within=pane)
    program.wait_to_read("pl-dircopy", timeout=60_000)
