"""Deletions of the station: taken at once, done later, sometimes failing."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.station.test_station_recordings import recording, same, shape


@pytest.fixture
def fault(station: Any) -> Iterator[Callable[[str], None]]:
    """Return what switches a fault of deletions on."""
    path: Path = station.folder / "deletion-fault"

    def switch(words: str) -> None:
        path.write_text(words, encoding="utf-8")

    yield switch
    path.unlink(missing_ok=True)


def root_of(api: Any, name: str) -> Any:
    """Return a feed's first node, ended."""
    api.upload(f"home/local/uploads/deleting {name}/a.txt")
    root = api.run("pl-dircopy", dir=f"home/local/uploads/deleting {name}", title=name)
    assert api.finish(root["id"])["status"] == "finishedSuccessfully"
    return root


def until(api: Any, path: str, status: str) -> Any:
    """Wait until a deletion says how it is."""
    deadline = time.monotonic() + 20
    while True:
        body = api.get(path)
        if body["deletion_status"] == status:
            return body
        assert time.monotonic() < deadline, body["deletion_status"]
        time.sleep(0.02)


def test_a_running_node_is_deleted_as_recorded(old_api: Any) -> None:
    root = root_of(old_api, "running")
    run = old_api.run("pl-simpledsapp", previous_id=root["id"], sleepLength="60")
    child = old_api.run("pl-simpledsapp", previous_id=run["id"])
    old_api.until(run["id"], lambda i: i["status"] == "started")
    answer = old_api.http.delete(f"plugins/instances/{run['id']}/")
    theirs = recording("plugininstance-delete-running-202", 6)["response"]
    assert answer.status_code == theirs["status"] == 202
    assert same(shape(answer.json()), shape(theirs["body"])) == []
    assert answer.json()["deletion_status"] == "pending"
    old_api.gone(f"plugins/instances/{run['id']}/")
    old_api.gone(f"plugins/instances/{child['id']}/")
    assert old_api.instance(root["id"])["deletion_status"] == "inactive"


def test_a_second_delete_while_pending_is_taken_too(
    api: Any, fault: Callable[[str], None]
) -> None:
    root = root_of(api, "twice")
    run = api.run("pl-simpledsapp", previous_id=root["id"], prefix="a")
    api.finish(run["id"])
    fault("hold")
    path = f"plugins/instances/{run['id']}/"
    first = api.http.delete(path)
    second = api.http.delete(path)
    assert (first.status_code, second.status_code) == (202, 202)
    asked = [one.json()["deletion_requested_at"] for one in (first, second)]
    assert asked[0] == asked[1]
    assert api.get(path)["deletion_status"] == "pending"
    found = api.get("plugins/instances/search/", deletion_status="pending")
    assert run["id"] in [row["id"] for row in found["results"]]
    fault("")
    api.gone(path)


def test_a_deletion_that_fails_says_why_and_can_be_asked_for_again(
    api: Any, fault: Callable[[str], None]
) -> None:
    root = root_of(api, "failing")
    run = api.run("pl-simpledsapp", previous_id=root["id"], prefix="a")
    api.finish(run["id"])
    for path in (f"plugins/instances/{run['id']}/", f"{root['feed_id']}/"):
        fault("fail:the disk of the storage is gone")
        assert api.http.delete(path).status_code == 202
        failed = until(api, path, "failed")
        assert failed["deletion_error"] == "the disk of the storage is gone"
        fault("")
        again = api.http.delete(path).json()
        assert (again["deletion_status"], again["deletion_error"]) == ("pending", "")
        api.gone(path)


def test_an_older_server_deletes_before_it_answers(
    api: Any, fault: Callable[[str], None]
) -> None:
    root = root_of(api, "at once")
    run = api.run("pl-simpledsapp", previous_id=root["id"], prefix="a")
    api.finish(run["id"])
    fault("at-once")
    answer = api.http.delete(f"plugins/instances/{run['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.http.get(f"plugins/instances/{run['id']}/").status_code == 404
    assert api.http.delete(f"{root['feed_id']}/").status_code == 204
    assert api.http.get(f"{root['feed_id']}/").status_code == 404


def test_only_the_owner_deletes_a_node_and_never_a_root(api: Any) -> None:
    root = root_of(api, "root")
    answer = api.http.delete(f"plugins/instances/{root['id']}/")
    theirs = recording("plugininstance-delete-fs-403", 7)["response"]
    assert (answer.status_code, answer.json()) == (403, theirs["body"])
    assert api.instance(root["id"])["deletion_status"] == "inactive"
