"""The parts of the station that a crash or an attacker would test."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chrislib.paths import Paths
from chrislib.station.access import PathError, input_path
from chrislib.station.app import make_context
from chrislib.station.auth import Doorman, hash_password, host_allowed, password_fits
from chrislib.station.context import StationConfig, StationContext
from chrislib.station.disk import Disk
from chrislib.station.negotiation import COLLECTION, HTML, JSON, choose
from chrislib.station.process import Process, identity_of
from chrislib.station.registry import descriptors
from chrislib.station.routes.files import clean_name
from chrislib.station.storage import (
    RunFailed,
    copy_inputs,
    keep_outputs,
    link,
    owner_of,
    safe_relative,
    sources_below,
)


@pytest.fixture
def context(tmp_path: Path) -> Any:
    paths = Paths(*(tmp_path / name for name in ("a", "b", "c", "d", "e", "f")))
    made = make_context(paths, StationConfig())
    yield made
    made.store.close()


def _instance(context: StationContext, output: str) -> Any:
    store, now = context.store, context.store.now()
    owner = store.user_id("local")
    store.execute("PRAGMA foreign_keys=OFF")
    columns = {
        "cpu_limit": 1,
        "memory_limit": 1,
        "number_of_workers": 1,
        "gpu_limit": 0,
    }
    ident = store.insert(
        "instances",
        feed_id=1,
        plugin_id=1,
        compute_resource_id=1,
        owner_id=owner,
        start_date=now,
        end_date=now,
        output_path=output,
        output_folder_id=store.ensure_folder(output, "local"),
        status="registeringFiles",
        **columns,
    )
    return store.row("SELECT * FROM instances WHERE id = ?", ident)


def test_outputs_are_still_there_when_their_rows_could_not_be_written(
    context: StationContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = _instance(context, "home/local/feeds/feed_1/pl-x_1/data")
    folder = tmp_path / "outgoing"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text("result")
    enter, calls = context.store.register_file, []

    def fails(*args: Any, **kwargs: Any) -> int:
        calls.append(args)
        if len(calls) == 2:
            raise sqlite3.OperationalError("database or disk is full")
        return enter(*args, **kwargs)

    monkeypatch.setattr(context.store, "register_file", fails)
    with pytest.raises(sqlite3.OperationalError):
        keep_outputs(context, instance, folder)
    assert context.store.value("SELECT COUNT(*) FROM files") == 1  # the welcome
    assert len(list((context.disk.root / "blobs").glob("*/*"))) == 1
    assert keep_outputs(context, instance, folder) == 18
    assert (
        keep_outputs(context, instance, folder) == 18
    )  # a second time changes nothing
    assert context.store.value("SELECT COUNT(*) FROM files") == 4


def test_contents_without_a_row_are_taken_away(context: StationContext) -> None:
    lost = context.disk.write(b"written, but never entered")
    known = {row["disk"] for row in context.store.rows("SELECT disk FROM files")}
    context.disk.drop_unknown(known)
    assert not context.disk.locate(lost).exists()
    assert all(context.disk.locate(name).exists() for name in known)


def test_links_of_a_program_are_not_followed(
    context: StationContext, tmp_path: Path
) -> None:
    instance = _instance(context, "home/local/feeds/feed_1/pl-x_1/data")
    folder = tmp_path / "outgoing"
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    (folder / "stolen.txt").symlink_to(secret)
    (folder / "own.txt").write_text("mine")
    assert keep_outputs(context, instance, folder) == 4
    names = context.store.rows("SELECT fname FROM files WHERE fname LIKE '%data/%'")
    assert [row["fname"].rpartition("/")[2] for row in names] == ["own.txt"]


def test_inputs_behind_links_come_under_the_name_of_their_path(
    context: StationContext, tmp_path: Path
) -> None:
    store, disk = context.store, context.disk
    for name in ("a.txt", "deep/b.txt"):
        path = f"home/local/uploads/in/{name}"
        store.register_file(path, 1, disk.write(b"x"), owner="local")
    output = "home/local/feeds/feed_1/pl-x_1/data"
    instance = _instance(context, output)
    owner = owner_of(store, instance)
    for target in ("home/local/uploads/in", "home/local/uploads/in/a.txt"):
        link(context, target, folder=output, owner=owner, output=output)
    child = f"{output}/../child"
    found = sources_below(context, output, owner=owner, output=child)
    assert copy_inputs(context, found, tmp_path / "incoming") == 3
    written = (p for p in (tmp_path / "incoming").rglob("*") if p.is_file())
    assert sorted(p.relative_to(tmp_path / "incoming").as_posix() for p in written) == [
        "home_local_uploads_in/a.txt",
        "home_local_uploads_in/deep/b.txt",
        "home_local_uploads_in_a.txt",
    ]


def test_links_in_a_circle_end(context: StationContext) -> None:
    store = context.store
    for one, other in (("x", "y"), ("y", "x")):
        store.ensure_folder(f"home/local/uploads/{one}", "local")
        path = f"home/local/uploads/{one}/to_{other}.chrislink"
        store.register_link(path, f"home/local/uploads/{other}", owner="local")
    instance = _instance(context, "home/local/feeds/feed_1/pl-x_1/data")
    owner = owner_of(store, instance)
    start = "home/local/uploads/x"
    output = instance["output_path"]
    assert list(sources_below(context, start, owner=owner, output=output)) == []


def test_a_link_to_what_is_above_the_output_is_refused(context: StationContext) -> None:
    output = "home/local/feeds/feed_1/pl-x_1/data"
    instance = _instance(context, output)
    owner = owner_of(context.store, instance)
    with pytest.raises(RunFailed) as refused:
        link(
            context,
            "home/local/feeds/feed_1",
            folder=output,
            owner=owner,
            output=output,
        )
    assert refused.value.code == "CODE17"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("SERVICES", "top-level folder"),
        ("", "top-level folder"),
        ("etc/passwd", "invalid path"),
        ("home/local", "a home folder"),
        ("home/local/feeds", "home's feeds folder"),
        ("home/local/uploads/nothing", "invalid path"),
        ("home/local/uploads/../../chris/x", "invalid path"),
        ("home/local/uploads/%", "invalid path"),
    ],
)
def test_paths_a_plugin_may_not_be_given(
    context: StationContext, path: str, words: str
) -> None:
    row = context.store.row("SELECT * FROM instances")
    assert row is None
    user = Doorman(context.store).identify(f"Token {_token(context)}")
    assert user is not None
    with pytest.raises(PathError, match=words):
        input_path(context.store, user, path)


def _token(context: StationContext) -> str:
    query = "SELECT token FROM users WHERE username = 'local'"
    return str(context.store.value(query))


def test_a_quota_is_an_error_of_the_system(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "disk", quota=10)
    incoming = disk.new_incoming()
    incoming.write(b"12345678")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as full:
        incoming.write(b"abc")
    assert full.value.errno == errno.ENOSPC
    incoming.drop()
    assert disk.locate(disk.write(b"0123456789")).read_bytes() == b"0123456789"


def test_a_process_is_known_again_only_by_its_identity() -> None:
    here = Process(os.getpid(), identity_of(os.getpid()))
    assert here.alive
    assert not Process(os.getpid(), "another boot/1").alive
    assert not Process(2**22 - 3, "").alive


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, COLLECTION),
        ("*/*", COLLECTION),
        (JSON, JSON),
        (f"{JSON}, */*", JSON),
        (f"*/*, {JSON}", JSON),
        (f"{JSON};q=0.1", JSON),
        ("application/*", COLLECTION),
        ("text/html,application/xhtml+xml", HTML),
        ("application/xml", None),
        ("", None),
    ],
)
def test_what_an_accept_header_gets(accept: str | None, chosen: str | None) -> None:
    assert choose(accept, offered=(COLLECTION, JSON, HTML)) == chosen


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a b.txt", "a_b.txt"),
        ("we#i?r%d (1) [x].txt", "weird_1_x.txt"),
        ("b_é.txt", "b_é.txt"),
        ("脳.nii.gz", "脳.nii.gz"),
        ("a-b_c.d", "a-b_c.d"),
    ],
)
def test_how_names_are_cleaned(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_stored_names_stay_below_their_folder() -> None:
    assert safe_relative("../../etc/passwd") == Path("etc/passwd")
    assert safe_relative("a//./b") == Path("a/b")


def test_passwords_are_kept_as_digests() -> None:
    kept = hash_password("correct")
    assert "correct" not in kept
    assert password_fits("correct", kept)
    assert not password_fits("wrong", kept)
    assert not password_fits("", "")


def test_hosts() -> None:
    assert host_allowed("127.0.0.1:80", 80)
    assert not host_allowed("127.0.0.1.evil.example:80", 80)
    assert not host_allowed("", 80)


def test_every_plugin_says_what_it_is() -> None:
    found = {one.name: one for one in descriptors()}
    reference = [
        one
        for one in found.values()
        if one.facts["type"] == "fs" and one.name != "pl-dircopy"
    ]
    assert len(reference) >= 4
    for one in found.values():
        assert one.program.is_file()
        for key in ("title", "description", "category", "authors", "license"):
            assert one.facts[key].strip(), (one.name, key)
        if one.lock is not None:
            text = one.lock.read_text(encoding="utf-8")
            assert "--hash=sha256:" in text
            assert "http" not in text
            assert "index-url" not in text
