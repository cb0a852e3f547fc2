"""What goes wrong: crashes, full disks, programs that fail, hang or are cancelled."""

import base64
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.station.process import Process

Make = Callable[..., Any]
_SECONDS = 30.0


def _wait(done: Callable[[], Any], seconds: float = _SECONDS) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def _root(api: Any, name: str = "in") -> Any:
    api.upload(f"home/local/uploads/{name}/a.txt")
    root = api.run("pl-dircopy", dir=f"home/local/uploads/{name}")
    return api.finish(root["id"])


def _program(station: Any, ident: int) -> Process:
    path: Path = station.folder / "runs" / str(ident) / "process.json"
    found = _wait(lambda: Process.load(path))
    assert isinstance(found, Process)
    return found


def _healthy(station: Any) -> None:
    with sqlite3.connect(station.folder / "station.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()


def test_a_run_survives_the_station_and_is_found_again(
    station_factory: Make, api_of: Make
) -> None:
    station = station_factory()
    api = api_of(station)
    root = _root(api)
    run = api.run(
        "pl-simpledsapp", previous_id=root["id"], sleepLength="15", prefix="kept_"
    )
    waiting = api.run("pl-simpledsapp", previous_id=run["id"], prefix="then_")
    api.until(run["id"], lambda i: i["status"] == "started")
    program = _program(station, run["id"])
    station.kill()
    assert program.alive
    station.start()
    again = api_of(station)
    assert again.instance(run["id"])["status"] == "started"
    assert _program(station, run["id"]) == program
    ended = again.finish(run["id"])
    assert ended["status"] == "finishedSuccessfully"
    last = again.finish(waiting["id"])
    assert last["status"] == "finishedSuccessfully"
    found = again.get("userfiles/search/", fname=last["output_path"] + "/")
    names = [file["fname"].rpartition("/")[2] for file in found["results"]]
    assert names == ["then_kept_a.txt"]
    _healthy(station)


def test_a_run_that_ended_while_the_station_was_away_is_registered(
    station_factory: Make, api_of: Make
) -> None:
    station = station_factory()
    api = api_of(station)
    root = _root(api)
    run = api.run("pl-simpledsapp", previous_id=root["id"], sleepLength="1")
    api.until(run["id"], lambda i: i["status"] == "started")
    program = _program(station, run["id"])
    station.kill()
    _wait(lambda: not program.alive)
    station.start()
    again = api_of(station)
    assert again.finish(run["id"])["status"] == "finishedSuccessfully"
    assert again.get("userfiles/search/", fname=run["output_path"] + "/")["count"] == 1


def test_a_program_that_vanished_is_not_called_finished(
    station_factory: Make, api_of: Make
) -> None:
    station = station_factory()
    api = api_of(station)
    root = _root(api)
    run = api.run("pl-simpledsapp", previous_id=root["id"], sleepLength="60")
    child = api.run("pl-simpledsapp", previous_id=run["id"])
    api.until(run["id"], lambda i: i["status"] == "started")
    program = _program(station, run["id"])
    station.kill()
    os.killpg(program.pid, 9)
    station.start()
    again = api_of(station)
    ended = again.finish(run["id"])
    assert (ended["status"], ended["error_code"]) == ("cancelled", "CODE18")
    assert again.finish(child["id"])["status"] == "cancelled"
    _healthy(station)


@pytest.mark.parametrize("status", ["copying", "scheduled", "registeringFiles"])
def test_a_crash_at_any_step_loses_nothing(
    station_factory: Make, api_of: Make, status: str
) -> None:
    # A slow tick keeps each status long enough to be met.
    station = station_factory("--poll", "0.25")
    api = api_of(station)
    root = _root(api)
    run = api.run("pl-simpledsapp", previous_id=root["id"], prefix="x_")
    api.until(run["id"], lambda i: i["status"] == status)
    station.kill()
    station.start()
    again = api_of(station)
    ended = again.finish(run["id"])
    assert ended["status"] == "finishedSuccessfully"
    found = again.get("userfiles/search/", fname=run["output_path"] + "/")
    assert found["count"] == 1
    content = again.http.get(found["results"][0]["file_resource"]).content
    assert content == b"hello world\n"
    _healthy(station)


def test_half_an_upload_leaves_nothing(station_factory: Make, api_of: Make) -> None:
    station = station_factory()
    api = api_of(station)
    import socket

    with socket.create_connection(("127.0.0.1", station.port)) as wire:
        head = (
            "POST /api/v1/userfiles/ HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{station.port}\r\n"
            f"Authorization: Token {station.token}\r\n"
            "Content-Type: multipart/form-data; boundary=B\r\n"
            "Content-Length: 1000000\r\n\r\n"
            '--B\r\nContent-Disposition: form-data; name="fname"; filename="a"\r\n\r\n'
        )
        wire.sendall(head.encode() + b"x" * 100_000)
        incoming = station.folder / "storage" / "incoming"
        _wait(lambda: list(incoming.iterdir()))
    _wait(lambda: not list(incoming.iterdir()))
    assert api.get("userfiles/")["count"] == 1  # the welcome


def test_a_full_disk_refuses_an_upload_and_nothing_else(
    station_factory: Make, api_of: Make
) -> None:
    station = station_factory("--quota", "200000")
    api = api_of(station)
    before = api.get("userfiles/")["count"]
    answer = api.http.post(
        "userfiles/",
        data={"upload_path": "home/local/uploads/big.bin"},
        files={"fname": ("big.bin", b"x" * 300_000)},
    )
    assert answer.status_code == 500
    assert answer.json() == {"error": "Internal server error"}
    assert api.get("userfiles/")["count"] == before
    assert not list((station.folder / "storage" / "incoming").iterdir())
    api.upload("home/local/uploads/small.txt")
    _healthy(station)


def test_a_full_disk_ends_a_run_with_its_code(
    station_factory: Make, api_of: Make
) -> None:
    station = station_factory("--quota", "200000")
    api = api_of(station)
    api.upload("home/local/uploads/in/a.bin", b"x" * 150_000)
    root = api.run("pl-dircopy", dir="home/local/uploads/in")
    assert api.finish(root["id"])["status"] == "finishedSuccessfully"
    run = api.run("pl-simpledsapp", previous_id=root["id"], prefix="x_")
    child = api.run("pl-simpledsapp", previous_id=run["id"], prefix="y_")
    ended = api.finish(run["id"])
    assert (ended["status"], ended["error_code"]) == ("cancelled", "CODE07")
    assert api.finish(child["id"])["status"] == "cancelled"
    assert api.get("userfiles/search/", fname=run["output_path"] + "/")["count"] == 0
    deleted = api.http.delete(f"{root['feed_id']}/")
    assert deleted.status_code == 202
    api.gone(f"{root['feed_id']}/")
    api.upload("home/local/uploads/after.bin", b"x" * 40_000)
    _healthy(station)


def test_a_program_that_fails_keeps_its_log_and_outputs(old_api: Any) -> None:
    root = _root(old_api, "failing")
    run = old_api.run("pl-simpledsapp", previous_id=root["id"], sleepLength="abc")
    child = old_api.run("pl-simpledsapp", previous_id=run["id"], prefix="x")
    ended = old_api.finish(run["id"])
    assert (ended["status"], ended["error_code"]) == ("finishedWithError", "")
    log = json.loads(ended["summary"])["compute"]["return"]["job_logs"]
    assert "ValueError: invalid literal for int() with base 10: 'abc'" in log
    assert str(Path(__file__).resolve().parents[2]) not in log
    assert old_api.finish(child["id"])["status"] == "cancelled"


def test_cancel_ends_the_program_and_all_below(station: Any, api: Any) -> None:
    root = _root(api, "cancelled")
    run = api.run("pl-simpledsapp", previous_id=root["id"], sleepLength="60")
    child = api.run("pl-simpledsapp", previous_id=run["id"])
    grandchild = api.run("pl-simpledsapp", previous_id=child["id"])
    api.until(run["id"], lambda i: i["status"] == "started")
    program = _program(station, run["id"])
    path = f"plugins/instances/{run['id']}/"
    answer = api.http.put(path, json={"status": "cancelled"})
    assert answer.json()["status"] == "cancelled"
    for ident in (child["id"], grandchild["id"]):
        assert api.instance(ident)["status"] == "cancelled"
    _wait(lambda: not program.alive)
    again = api.http.put(path, json={"status": "cancelled"})
    assert (again.status_code, again.json()["error_code"]) == (200, "")


def test_a_feed_is_deleted_with_its_running_program(station: Any, api: Any) -> None:
    root = _root(api, "deleted")
    run = api.run("pl-simpledsapp", previous_id=root["id"], sleepLength="60")
    api.until(run["id"], lambda i: i["status"] == "started")
    program = _program(station, run["id"])
    assert api.http.delete(f"{root['feed_id']}/").json()["deletion_status"] == "pending"
    api.gone(f"{root['feed_id']}/")
    _wait(lambda: not program.alive)
    path = f"home/local/feeds/feed_{root['feed_id']}"
    assert (
        api.http.get("filebrowser/search/", params={"path": path}).json()["count"] == 0
    )
    assert not (station.folder / "runs" / str(run["id"])).exists()


def test_a_program_that_takes_too_long_is_ended(
    station_factory: Make, api_of: Make
) -> None:
    station = station_factory("--max-seconds", "1")
    api = api_of(station)
    root = _root(api)
    run = api.run("pl-simpledsapp", previous_id=root["id"], sleepLength="60")
    ended = api.finish(run["id"])
    assert (ended["status"], ended["error_code"]) == ("cancelled", "CODE13")


def test_an_environment_that_cannot_be_made_is_told(
    station_factory: Make, api_of: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHRISLIB_PLUGIN_ENVS", str(tmp_path / "envs"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    station = station_factory()
    api = api_of(station)
    root = _root(api)
    run = api.run("pl-dcm2niix", previous_id=root["id"], z="n")
    ended = api.finish(run["id"])
    assert (ended["status"], ended["error_code"]) == ("cancelled", "CODE01")
    assert "pl-dcm2niix could not be made" in ended["summary"]
    left = [path.name for path in (tmp_path / "envs").glob("*")]
    assert not any(name.startswith((".new", "pl-dcm2niix")) for name in left)


def test_each_status_is_there_to_be_seen(station_factory: Make, api_of: Make) -> None:
    for generation, expected in (
        ("7", ["copying", "scheduled", "started", "registeringFiles"]),
        ("6", ["scheduled", "started", "registeringFiles"]),
    ):
        api = api_of(station_factory("--generation", generation, "--poll", "0.3"))
        api.upload("home/local/uploads/seen/a.txt")
        run = api.run("pl-dircopy", dir="home/local/uploads/seen")
        seen = [run["status"]]
        while (instance := api.instance(run["id"]))["active"]:
            if instance["status"] != seen[-1]:
                seen.append(instance["status"])
            time.sleep(0.02)
        assert seen == expected
        assert instance["status"] == "finishedSuccessfully"


def test_seven_forgets_a_log_and_six_keeps_it(api: Any, old_api: Any) -> None:
    logs = {}
    for name, one in (("7", api), ("6", old_api)):
        root = _root(one, f"log{name}")
        run = one.run("pl-simpledsapp", previous_id=root["id"], prefix="x_")
        ended = one.finish(run["id"])
        summary = json.loads(ended["summary"])["compute"]["return"]
        assert "Creating new file... /share/outgoing" in summary["job_logs"]
        logs[name] = (one, run["id"])

    def said(name: str) -> dict[str, Any]:
        one, ident = logs[name]
        instance = one.instance(ident)
        raw = zlib.decompress(base64.b64decode(instance["raw"]))
        found: dict[str, Any] = json.loads(raw)["compute"]
        return found

    cleaned = _wait(lambda: (c := said("7"))["logs"].count("Data deletion") and c)
    assert cleaned["cmd"].startswith("python -m pfcon.delete_worker")
    kept = said("6")
    assert "Creating new file... /share/outgoing" in kept["logs"]
    assert kept["cmd"] == (
        "/usr/local/bin/python /usr/local/bin/simpledsapp --prefix x_ "
        "/share/incoming /share/outgoing"
    )


def test_six_gives_up_a_run_without_arguments(old_api: Any) -> None:
    root = _root(old_api, "bare")
    run = old_api.run("pl-simpledsapp", previous_id=root["id"])
    ended = old_api.finish(run["id"])
    assert (ended["status"], ended["error_code"]) == ("cancelled", "CODE01")
    assert (ended["summary"], ended["raw"]) == ("", "")


def test_six_gives_up_a_log_with_too_many_escapes(old_api: Any) -> None:
    for number in range(12):
        name = f"{'脳画像' * 12}{number}.txt"
        old_api.upload(f"home/local/uploads/escapes/{name}")
    root = old_api.run("pl-dircopy", dir="home/local/uploads/escapes")
    run = old_api.run("pl-simpledsapp", previous_id=root["id"], prefix="x")
    ended = old_api.finish(run["id"])
    assert (ended["status"], ended["error_code"]) == ("cancelled", "CODE18")
    summary = json.loads(ended["summary"])
    assert summary["compute"]["return"]["job_status"] == "finishedSuccessfully"
    assert summary["pullPath"]["status"] is False
    found = old_api.get("userfiles/search/", fname=run["output_path"] + "/")
    assert found["count"] == 0


def test_six_refuses_a_limit_that_is_null(old_api: Any) -> None:
    plugin = old_api.plugin("pl-dircopy")
    body = {"dir": "home/local/uploads/x", "cpu_limit": None}
    answer = old_api.http.post(f"plugins/{plugin}/instances/", json=body)
    assert answer.status_code == 500


def test_a_program_sees_no_secrets_but_its_token(station: Any) -> None:
    # What the station was started with must not reach the programs.
    from chrislib.station.job import _bare

    assert set(_bare()) <= {
        "PATH",
        "LC_ALL",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "WINDIR",
        "COMSPEC",
        "PATHEXT",
    }
    runs = station.folder / "runs"
    assert not list(runs.glob("*/spec.json"))


def test_two_stations_do_not_share_a_folder(station_factory: Make) -> None:
    import subprocess
    import sys

    station = station_factory()
    command = [sys.executable, "-m", "chrislib", "station", "serve"]
    second = subprocess.run(
        [*command, "--home", str(station.home)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert "running for this folder already" in second.stderr


def test_only_names_of_this_machine_are_answered(station: Any, api: Any) -> None:
    for host, status in (
        (f"localhost:{station.port}", 200),
        (f"127.0.0.1:{station.port}", 200),
        (f"[::1]:{station.port}", 200),
        ("localhost", 400),
        (f"evil.example:{station.port}", 400),
        (f"localhost:{station.port + 1}", 400),
    ):
        answer = api.http.get("users/2/", headers={"Host": host})
        assert answer.status_code == status, host
        if status == 200:
            assert answer.json()["url"].startswith(f"http://{host}/api/v1/")
