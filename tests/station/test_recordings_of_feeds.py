"""What Feeds asks a server for beyond the first path: the station as recorded.

Status, content type, keys with the types of their values, the words of refusals; and
the values that do not depend on who ran it when.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.station.test_feed_sharing import person
from tests.station.test_station_recordings import recording, same, shape


class Place:
    """A station of one generation and the answers a CUBE of it gave."""

    def __init__(self, api: Any, generation: int) -> None:
        self.api, self.http, self.generation = api, api.http, generation

    def agrees(self, name: str, answer: httpx.Response) -> Any:
        """Compare an answer with a recording; return both bodies."""
        recorded = recording(name, self.generation)["response"]
        assert answer.status_code == recorded["status"], answer.text
        kind = recorded["headers"].get("content-type")
        assert answer.headers.get("content-type") == kind
        ours, theirs = answer.json(), recorded["body"]
        assert same(shape(ours), shape(theirs), name) == []
        return ours, theirs

    def asked(self, name: str) -> Any:
        """Return the body of a recorded request."""
        return recording(name, self.generation)["request"]["body"]


@pytest.fixture(params=[7, 6])
def place(request: pytest.FixtureRequest, api_of: Callable[[Any], Any]) -> Place:
    generation = int(request.param)
    name = "station" if generation == 7 else "old_station"
    return Place(api_of(request.getfixturevalue(name)), generation)


@pytest.fixture
def alice(place: Place) -> Iterator[Any]:
    """Somebody else on the same station: a connection that has a name."""
    name, token = person(place.api.station)
    headers = {"Accept": "application/json", "Authorization": f"Token {token}"}
    with httpx.Client(
        base_url=place.api.station.url, headers=headers, timeout=30
    ) as client:
        client.name = name  # type: ignore[attr-defined]
        yield client


def uploads(api: Any) -> tuple[str, str]:
    """Upload two files; return a folder with one, and the path of the other."""
    top = f"home/local/uploads/asked-{secrets.token_hex(4)}"
    api.upload(f"{top}/renamed/one.txt")
    api.upload(f"{top}/a.txt")
    return f"{top}/renamed", f"{top}/a.txt"


def folder_of(api: Any, run: Any) -> str:
    """Return the number of a run's output folder."""
    return str(api.instance(run["id"])["output_folder"].rstrip("/").rpartition("/")[2])


def test_a_run_of_two_inputs_within_limits(place: Place) -> None:
    api, name = place.api, "plugininstance-create-limits"
    folder, file = uploads(api)
    plugin = api.plugin("pl-dircopy")
    body = {**place.asked(name), "dir": f"{folder},{file}"}
    run, theirs = place.agrees(
        name, place.http.post(f"plugins/{plugin}/instances/", json=body)
    )
    told: tuple[str, ...] = (
        "title",
        "plugin_name",
        "plugin_type",
        "status",
        "cpu_limit",
    )
    told += ("memory_limit", "number_of_workers", "gpu_limit", "error_code")
    assert {key: run[key] for key in told} == {key: theirs[key] for key in told}
    api.finish(run["id"])

    # a link each, named after the whole path of what it leads to
    name = "fs-output-linkfiles-two-inputs"
    at = f"filebrowser/{folder_of(api, run)}/linkfiles/"
    links, theirs = place.agrees(name, place.http.get(at))
    ours = {one["path"]: one for one in links["results"]}
    assert set(ours) == {folder, file}
    assert links["count"] == theirs["count"] == 2
    for path, link in ours.items():
        assert link["fname"].endswith(f"/data/{path.replace('/', '_')}.chrislink")
    assert ours[folder]["linked_file"] is None
    assert ours[file]["linked_folder"] is None
    kinds = {one["path"]: one["linked_file"] is None for one in theirs["results"]}
    assert sorted(kinds.values()) == [False, True]
    for one in theirs["results"]:
        assert one["fname"].endswith(f"{one['path'].replace('/', '_')}.chrislink")

    name = "plugininstances-search-plugin-name"
    query = "plugins/instances/search/?plugin_name_exact=pl-dircopy&limit=1"
    found, theirs = place.agrees(name, place.http.get(query))
    newest = found["results"][0]
    assert newest["plugin_name"] == theirs["results"][0]["plugin_name"]
    assert newest["id"] >= run["id"], "the newest is the first"
    assert found["count"] >= 1
    nothing = api.get("plugins/instances/search/", plugin_name_exact="pl-dirc")
    assert nothing["count"] == 0


def test_a_join_lists_what_it_hangs_under(place: Place) -> None:
    api = place.api
    folder, _file = uploads(api)
    root = api.run("pl-dircopy", dir=folder, title="root")
    child = api.run("pl-simpledsapp", previous_id=root["id"], prefix="x")
    name = "plugininstance-create-ts-400-previous-not-in-list"
    body = {"previous_id": child["id"], "plugininstances": str(root["id"])}
    at = f"plugins/{api.plugin('pl-topologicalcopy')}/instances/"
    ours, theirs = place.agrees(name, place.http.post(at, json=body))
    was = place.asked(name)["previous_id"]
    words = theirs["value"][0].replace(f"'{was}'", f"'{child['id']}'")
    assert ours == {"value": [words]}


def test_plugins_are_found_by_name_and_version_and_by_their_words(
    place: Place,
) -> None:
    api = place.api
    whole = api.get("plugins/search/", name_exact="pl-dircopy")["results"][0]
    query = {"name_exact": "pl-dircopy", "version": whole["version"]}
    name = "plugins-search-name-exact-version"
    ours, theirs = place.agrees(name, place.http.get("plugins/search/", params=query))
    assert ours["count"] == theirs["count"] == 1
    assert ours["results"][0]["id"] == whole["id"]
    none = api.get("plugins/search/", **{**query, "version": "0.0.1"})
    assert none["count"] == 0

    name = "plugins-search-name-title-category"
    # a category, in other letters than it is written with
    words = {"name_title_category": whole["category"].swapcase()}
    assert words["name_title_category"]
    ours, _theirs = place.agrees(name, place.http.get("plugins/search/", params=words))
    assert ours["count"] >= 1
    wanted = words["name_title_category"].casefold()
    for one in ours["results"]:
        texts = (one["name"], one["title"], one["category"])
        assert any(wanted in text.casefold() for text in texts)


def test_a_file_of_the_browser_is_got(place: Place) -> None:
    recorded = recording("filebrowser-file-download", place.generation)["response"]
    for content in (b"", b"some words\n"):
        path = f"home/local/uploads/asked-{secrets.token_hex(4)}/empty.txt"
        place.api.upload(path, content)
        top = place.api.get("filebrowser/search/", path=path.rpartition("/")[0])
        at = f"filebrowser/{top['results'][0]['id']}/files/"
        file = place.api.get(at)["results"][0]
        answer = place.http.get(file["file_resource"])
        assert answer.status_code == recorded["status"]
        assert answer.content == content
        assert answer.headers["content-length"] == str(len(content))
        for header in ("content-type", "content-disposition"):
            assert answer.headers[header] == recorded["headers"][header]


def test_a_shared_feed_as_somebody_else_sees_it(place: Place, alice: Any) -> None:
    api = place.api
    folder, _file = uploads(api)
    run = api.run("pl-dircopy", dir=folder, title="by alice")
    at = f"{run['feed_id']}/"
    api.finish(run["id"])
    for path, body in (
        ("userpermissions", {"username": alice.name}),
        ("grouppermissions", {"grp_name": "all_users"}),
    ):
        assert place.http.post(f"{at}{path}/", json=body).status_code == 201

    seen, theirs = place.agrees("feed-shared-seen-by-other", alice.get(at))
    assert seen["owner_username"] == "local"
    assert (seen["public"], theirs["public"]) == (False, False)
    assert seen["deletion_status"] == theirs["deletion_status"]
    # who may see it multiplies rows in a search, never the counts of the feed itself
    whole, _ = place.agrees("feed-detail-counts-when-shared", place.http.get(at))
    counts = {key: whole[key] for key in whole if key.endswith("_jobs")}
    assert counts["finished_jobs"] == sum(counts.values()) == 1
    assert {key: seen[key] for key in counts} == counts

    links, theirs = place.agrees(
        "linkfiles-seen-by-shared-user",
        alice.get(f"filebrowser/{folder_of(api, run)}/linkfiles/"),
    )
    assert links["count"] == theirs["count"] == 1
    assert links["results"][0]["path"] == folder, "although it is not open to her"
    assert links["results"][0]["linked_folder"]

    going, theirs = place.agrees("feed-delete-by-shared-user-202", alice.delete(at))
    assert going["deletion_status"] == theirs["deletion_status"] == "pending"
    api.gone(at)
