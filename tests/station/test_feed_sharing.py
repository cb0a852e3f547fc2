"""Feeds of several people: the station against the recordings, and what sharing opens.

A second person is written straight into the station's database, as nobody can sign up.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.station.test_station_recordings import recording, same, shape


def person(station: Any) -> tuple[str, str]:
    """Make somebody who is in the group of all; return name and token."""
    token, name = secrets.token_hex(20), f"alice{secrets.token_hex(4)}"
    with closing(sqlite3.connect(station.folder / "station.db", timeout=30)) as db, db:
        made = db.execute(
            "INSERT INTO users (username, password, token) VALUES (?, '', ?)",
            (name, token),
        )
        db.execute(
            "INSERT INTO memberships (user_id, group_id) "
            "SELECT ?, id FROM groups WHERE name = 'all_users'",
            (made.lastrowid,),
        )
        # a home, as who signs up at a CUBE gets one
        db.execute(
            "INSERT INTO folders (creation_date, path, parent_id, owner_id) "
            "SELECT creation_date, ?, id, ? FROM folders WHERE path = 'home'",
            (f"home/{name}", made.lastrowid),
        )
    return name, token


@pytest.fixture
def people(station: Any) -> Iterator[Callable[[], Any]]:
    """Return a maker of people with a connection each."""
    opened: list[httpx.Client] = []

    def make() -> Any:
        name, token = person(station)
        headers = {"Accept": "application/json", "Authorization": f"Token {token}"}
        client = httpx.Client(base_url=station.url, headers=headers, timeout=30)
        opened.append(client)
        return SimpleNamespace(name=name, token=token, http=client)

    yield make
    for client in opened:
        client.close()


def agrees(name: str, answer: httpx.Response) -> Any:
    """Compare an answer with a recording; return its body."""
    recorded = recording(name, 7)["response"]
    assert answer.status_code == recorded["status"], answer.text
    if recorded["body"] == "":
        assert answer.content == b""
        return None
    body = answer.json()
    assert same(shape(body), shape(recorded["body"]), name) == []
    if recorded["status"] >= 400:
        assert set(body) == set(recorded["body"])
    return body


@pytest.fixture
def feed(api: Any) -> dict[str, Any]:
    """A finished feed over one uploaded folder, and what it is made of."""
    top = f"home/local/uploads/people-{secrets.token_hex(4)}"
    api.upload(f"{top}/one.txt")
    run = api.run("pl-dircopy", dir=top, title="people")
    api.finish(run["id"])
    return {"id": run["feed_id"], "root": run["id"], "top": top}


def test_permissions_of_feeds_are_as_recorded(
    api: Any, people: Callable[[], Any], feed: dict[str, Any]
) -> None:
    alice, at = people(), f"{feed['id']}/"
    users, groups = f"{at}userpermissions/", f"{at}grouppermissions/"
    assert agrees("feed-detail-403-other-user", alice.http.get(at))
    assert agrees("feed-put-403-other-user", alice.http.put(at, json={"name": "x"}))
    assert alice.http.get("search/", params={"id": feed["id"]}).json()["count"] == 0

    made = agrees(
        "feed-userpermission-create",
        api.http.post(users, json={"username": alice.name}),
    )
    again = api.http.post(users, json={"username": alice.name})
    words = agrees("feed-userpermission-create-400-again", again)
    assert words["non_field_errors"] == [
        f"User '{alice.name}' already has permission to access feed "
        f"with id {feed['id']}"
    ]
    unknown = api.http.post(users, json={"username": "nobody"})
    words = agrees("feed-userpermission-create-400-unknown", unknown)
    assert (
        words
        == recording("feed-userpermission-create-400-unknown", 7)["response"]["body"]
    )
    assert api.http.post(users, json={"username": "ab"}).status_code == 400
    group = agrees(
        "feed-grouppermission-create",
        api.http.post(groups, json={"grp_name": "all_users"}),
    )
    agrees("feed-userpermissions-list", api.http.get(users))
    agrees("feed-grouppermissions-list", api.http.get(groups))

    # who has it sees it in lists, may change it, and sees who else has it
    listed = alice.http.get("search/", params={"id": feed["id"]})
    assert agrees("feeds-list-of-shared-user", alice.http.get(""))["count"] >= 1
    assert listed.json()["count"] == 1
    assert alice.http.put(at, json={"name": "renamed"}).status_code == 200
    assert alice.http.get(users).json()["results"][0]["user_username"] == alice.name
    # but neither shares it, nor takes it from others, nor makes it public
    assert alice.http.post(users, json={"username": "local"}).status_code == 403
    revoke = f"userpermissions/{made['id']}/"
    assert alice.http.delete(revoke).status_code == 403
    refused = alice.http.put(at, json={"public": True})
    assert refused.status_code == 400
    assert list(refused.json()) == ["public"]

    assert agrees("feed-userpermission-delete", api.http.delete(revoke)) is None
    assert alice.http.get(at).status_code == 200  # by the group
    assert api.http.delete(f"grouppermissions/{group['id']}/").status_code == 204
    assert alice.http.get(at).status_code == 403
    assert api.get(users)["count"] == api.get(groups)["count"] == 0


def test_lists_count_shared_feeds_too_often(
    api: Any, people: Callable[[], Any], feed: dict[str, Any]
) -> None:
    alice, bob, at = people(), people(), f"{feed['id']}/"
    for one in (alice, bob):
        api.http.post(f"{at}userpermissions/", json={"username": one.name})
    api.http.post(f"{at}grouppermissions/", json={"grp_name": "all_users"})
    listed = alice.http.get("search/", params={"id": feed["id"]})
    rows = agrees("feed-search-counts-when-shared", listed)["results"]
    assert [row["finished_jobs"] for row in rows] == [2]
    assert alice.http.get(at).json()["finished_jobs"] == 1
    nodes = alice.http.get("plugins/instances/search/", params={"feed_id": feed["id"]})
    agrees("plugininstances-search-duplicates-when-shared", nodes)
    assert nodes.json()["count"] == 2
    right = alice.http.get(f"{at}plugininstances/").json()
    assert [row["id"] for row in right["results"]] == [feed["root"]]


def test_sharing_opens_files_links_and_what_is_made_later(
    api: Any, people: Callable[[], Any], feed: dict[str, Any]
) -> None:
    alice, at = people(), f"{feed['id']}/"
    found = api.get("filebrowser/search/", path=feed["top"])["results"][0]
    assert alice.http.get(f"filebrowser/{found['id']}/").status_code == 403
    made = api.http.post(f"{at}userpermissions/", json={"username": alice.name}).json()
    output = api.instance(feed["root"])["output_folder"]
    links = alice.http.get(f"{output}linkfiles/").json()["results"]
    assert [row["path"] for row in links] == [feed["top"]]
    # what the feed was made from is its owner's own, so it is open as well
    assert alice.http.get(f"filebrowser/{found['id']}/files/").status_code == 200
    shared = api.get("filebrowser/search/", path="SHARED")["results"][0]["id"]
    seen = alice.http.get(f"filebrowser/{shared}/linkfiles/").json()["results"]
    # others may be there: a feed that is open to the group of all
    assert f"home/local/feeds/feed_{feed['id']}" in [row["path"] for row in seen]
    plugin = api.plugin("pl-simpledsapp")
    child = alice.http.post(
        f"plugins/{plugin}/instances/",
        json={"previous_id": feed["root"], "prefix": "x_"},
    )
    body = agrees("plugininstance-create-by-shared-user", child)
    api.finish(body["id"])
    theirs = api.instance(body["id"])
    assert theirs["owner_username"] == alice.name
    # the owner's later node is theirs to read, not to stop
    mine = api.run("pl-simpledsapp", previous_id=feed["root"], prefix="y_")
    api.finish(mine["id"])
    folder = api.instance(mine["id"])["output_folder"]
    assert alice.http.get(folder).status_code == 200
    node = f"plugins/instances/{mine['id']}/"
    assert alice.http.get(node).status_code == 200
    assert alice.http.put(node, json={"title": "x"}).status_code == 403

    assert api.http.delete(f"userpermissions/{made['id']}/").status_code == 204
    for path in (f"filebrowser/{found['id']}/", folder, node):
        assert alice.http.get(path).status_code == 403


def test_comments_and_tags_of_several_people(
    api: Any, people: Callable[[], Any], feed: dict[str, Any]
) -> None:
    alice, bob, at = people(), people(), f"{feed['id']}/"
    comments = f"{at}comments/"
    first = agrees(
        "feed-comment-create",
        api.http.post(comments, json={"title": "look", "content": "please check"}),
    )
    api.http.post(f"{at}userpermissions/", json={"username": alice.name})
    theirs = alice.http.post(comments, json={"content": "looks good"}).json()
    listed = agrees("feed-comments-list", alice.http.get(comments))["results"]
    assert [row["id"] for row in listed] == [theirs["id"], first["id"]]
    # others' comments are read, changed by who wrote them and by the feed's owner
    one = f"comments/{first['id']}/"
    assert alice.http.get(one).status_code == 200
    assert alice.http.put(one, json={"content": "no"}).status_code == 403
    assert alice.http.delete(one).status_code == 403
    changed = api.http.put(one, json={"title": "look", "content": "checked"})
    assert agrees("feed-comment-put", changed)["content"] == "checked"
    assert api.http.delete(f"comments/{theirs['id']}/").status_code == 204

    tag = agrees(
        "tag-create",
        alice.http.post(
            "tags/", json={"name": f"t{secrets.token_hex(4)}", "color": "blue"}
        ),
    )
    assert api.http.put(f"tags/{tag['id']}/", json={"name": "x"}).status_code == 403
    put = api.http.post(f"{at}taggings/", json={"tag_id": tag["id"]})
    tagging = agrees("feed-tagging-create", put)
    twice = api.http.post(f"{at}taggings/", json={"tag_id": tag["id"]})
    agrees("feed-tagging-create-400-again", twice)
    held = alice.http.get(f"tags/{tag['id']}/feeds/")
    assert [row["id"] for row in agrees("tag-feeds-list", held)["results"]] == [
        feed["id"]
    ]
    # a public feed is read by all, and written only by those it is shared with
    agrees("feed-put-public", api.http.put(at, json={"public": True, "name": "Brain"}))
    assert bob.http.get(comments).status_code == 200
    assert bob.http.post(comments, json={"content": "x"}).status_code == 403
    refused = bob.http.post(f"{at}taggings/", json={"tag_id": tag["id"]})
    assert refused.status_code == 403
    assert bob.http.get(f"{at}userpermissions/").status_code == 403
    gone = api.http.delete(f"taggings/{tagging['id']}/")
    assert agrees("tagging-delete", gone) is None
    api.http.put(at, json={"public": False})
    assert bob.http.get(at).status_code == 403
