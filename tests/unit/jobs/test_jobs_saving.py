"""Saving files: legal, inside, whole, never over something else."""

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.cube.errors import ServerUnreachable
from chrislib.errors import ChrislibError
from chrislib.jobs.outputs import local_names, parts, saving

HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="./\\~:*? \x00\n", max_size=30),
    st.sampled_from(
        ["..", "../../etc/passwd", "/etc/passwd", "C:\\Windows\\x", "con.txt", "a/../b"]
    ),
)


def stream(*chunks: bytes, ranges: bool = False) -> saving.Opener:
    """Return what opens chunks that come one by one."""

    async def content(start: int) -> AsyncIterator[bytes]:
        whole = b"".join(chunks)
        if start:
            yield whole[start:]
            return
        for chunk in chunks:
            yield chunk

    @asynccontextmanager
    async def opened(start: int) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        begin = start if ranges else 0
        yield begin, content(begin)

    return opened


@given(HOSTILE)
def test_a_name_is_one_legal_name(name: str) -> None:
    legal = local_names.legal_name(name)
    assert legal
    assert legal not in (".", "..")
    assert not set(legal) & set('<>:"/\\|?*\0\n')
    assert len(legal.encode()) <= 240
    assert local_names.legal_name(legal) == legal


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(HOSTILE)
def test_nothing_is_ever_outside_the_folder(tmp_path: Path, relative: str) -> None:
    root = tmp_path.resolve()
    target = local_names.inside(root, local_names.legal_path(relative))
    assert root in target.parents
    assert target.resolve().is_relative_to(root)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "chosen"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(local_names.OutsideFolder):
        local_names.inside(folder, ("out", "x.txt"))


def test_names_that_meet_get_a_number(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").write_text("there")
    taken: set[str] = set()
    assert local_names.claim_free(tmp_path / "a.nii.gz", taken).name == "a (2).nii.gz"
    assert local_names.claim_free(tmp_path / "A.nii.gz", taken).name == "A.nii.gz"
    assert local_names.claim_free(tmp_path / "b.txt", taken).name == "b.txt"
    assert local_names.claim_free(tmp_path / "B.TXT", taken).name == "B (2).TXT"


def test_long_names_stay_apart_and_keep_their_suffix() -> None:
    one = local_names.legal_name("x" * 300 + "1.nii.gz")
    two = local_names.legal_name("x" * 300 + "2.nii.gz")
    assert one != two
    assert one.endswith(".nii.gz")


async def test_a_file_appears_whole(tmp_path: Path) -> None:
    seen: list[int] = []
    saved = await saving.save(
        stream(b"ab", b"cd"), tmp_path / "f", size=4, moved=seen.append
    )
    assert saved.path.read_bytes() == b"abcd"
    assert saved.sha256 == saving.sha256_of(saved.path)
    assert seen == [2, 4]
    assert os.listdir(tmp_path) == ["f"]


async def test_a_short_file_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ChrislibError, match="incomplete"):
        await saving.save(
            stream(b"ab"), tmp_path / "f", size=4, moved=lambda _count: None
        )
    assert os.listdir(tmp_path) == []


async def test_a_file_that_is_too_long_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ChrislibError, match="longer than announced"):
        await saving.save(
            stream(b"abc", b"def"), tmp_path / "f", size=4, moved=lambda _count: None
        )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ranges", [True, False])
async def test_a_part_is_gone_on_with_if_the_server_can(
    tmp_path: Path, ranges: bool
) -> None:
    whole = bytes(range(256)) * 40
    local_names.part_of(tmp_path / "f").write_bytes(whole[:4000] + b"torn by a crash")
    seen: list[int] = []
    saved = await saving.save(
        stream(whole[:5000], whole[5000:], ranges=ranges),
        tmp_path / "f",
        size=len(whole),
        moved=seen.append,
        start=4000,
    )
    assert saved.path.read_bytes() == whole
    assert saved.sha256 == saving.sha256_of(saved.path)
    assert seen == ([len(whole)] if ranges else [5000, len(whole)])
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize(("came", "left"), [(2, []), (2 * saving._BLOCK, ["f.part"])])
async def test_what_breaks_off_leaves_no_file_and_of_a_large_one_a_part(
    tmp_path: Path, came: int, left: list[str]
) -> None:
    @asynccontextmanager
    async def breaking(_start: int) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        async def content() -> AsyncIterator[bytes]:
            yield b"a" * came
            raise ServerUnreachable("gone")

        yield 0, content()

    size = came + 2
    with pytest.raises(ServerUnreachable):
        await saving.save(
            breaking, tmp_path / "f", size=size, moved=lambda _count: None
        )
    assert os.listdir(tmp_path) == left
    saved = await saving.save(
        stream(b"a" * came, b"cd"), tmp_path / "f", size=size, moved=lambda _n: None
    )
    assert saved.path.read_bytes() == b"a" * came + b"cd"
    assert saved.sha256 == saving.sha256_of(saved.path)
    assert os.listdir(tmp_path) == ["f"]


async def test_a_disk_that_fills_up_on_the_way_is_noticed_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "_STRIDE", 2 * saving._BLOCK)
    free = [saving.RESERVE + 10 * saving._BLOCK]
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _path: SimpleNamespace(free=free[0])
    )
    real = parts.write

    def write(out: Any, data: bytes, digest: Any) -> None:
        free[0] -= 2 * len(data)  # somebody else writes too
        real(out, data, digest)

    monkeypatch.setattr(parts, "write", write)
    block = b"x" * saving._BLOCK
    with pytest.raises(saving.DiskFull):
        await saving.save(
            stream(*(block for _ in range(8))),
            tmp_path / "f",
            size=8 * len(block),
            moved=lambda _count: None,
        )
    assert os.listdir(tmp_path) == []
    assert free[0] >= saving.RESERVE


async def test_a_link_in_the_place_of_a_part_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "chosen"
    folder.mkdir()
    (folder / "f.part").symlink_to(victim)
    assert local_names.claim_free(folder / "f", set()).name == "f (2)"
    with pytest.raises(OSError, match=r"symbolic|link"):
        await saving.save(
            stream(b"ab"), folder / "f", size=2, moved=lambda _count: None
        )
    assert victim.read_text() == "mine"


def test_a_path_too_long_for_a_disk_becomes_a_flat_name(tmp_path: Path) -> None:
    deep = tuple("d" * 200 for _ in range(30))
    one = local_names.fitting(tmp_path, (*deep, "a.nii.gz"))
    two = local_names.fitting(tmp_path, (*deep[1:], "a.nii.gz"))
    assert len(one) == 1
    assert one != two
    assert one[0].endswith("a.nii.gz")
    assert local_names.fitting(tmp_path, ("d", "a")) == ("d", "a")


async def test_what_came_into_being_meanwhile_is_kept(tmp_path: Path) -> None:
    def racing(start: int) -> AbstractAsyncContextManager[Any]:
        (tmp_path / "f").write_text("theirs")
        return stream(b"ours")(start)

    saved = await saving.save(racing, tmp_path / "f", size=4, moved=lambda _count: None)
    assert saved.path.name == "f (2)"
    assert (tmp_path / "f").read_text() == "theirs"
    assert saved.path.read_text() == "ours"


@pytest.mark.parametrize(("way", "size"), [("fill", 2), ("write", saving._BLOCK + 1)])
async def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, way: str, size: int
) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parts, way, full)
    with pytest.raises(saving.DiskFull):
        await saving.save(
            stream(b"a" * size), tmp_path / "f", size=size, moved=lambda _count: None
        )
    assert os.listdir(tmp_path) == []


def test_what_does_not_fit_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _path: SimpleNamespace(free=saving.RESERVE + 10)
    )
    saving.check_space(tmp_path, 10)
    with pytest.raises(saving.DiskFull):
        saving.check_space(tmp_path, 11)


async def test_a_save_called_off_twice_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[IO[Any]] = []
    real_open, real_thread = os.fdopen, asyncio.to_thread

    def noted(descriptor: int, mode: str, size: int) -> IO[Any]:
        out = real_open(descriptor, mode, size)
        opened.append(out)
        return out

    async def never(work: Any, *args: Any) -> Any:
        if getattr(work, "__name__", "") == "close":
            raise asyncio.CancelledError
        return await real_thread(work, *args)

    monkeypatch.setattr(os, "fdopen", noted)
    monkeypatch.setattr(asyncio, "to_thread", never)
    large = b"x" * saving._BLOCK
    with pytest.raises(asyncio.CancelledError):
        await saving.save(
            stream(large), tmp_path / "a", size=len(large), moved=lambda _n: None
        )
    assert [out.closed for out in opened] == [True]


async def test_a_save_called_off_while_its_part_is_opened_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, allowed = threading.Event(), threading.Event()
    opened: list[IO[Any]] = []
    real = os.fdopen

    def slow(descriptor: int, mode: str, size: int) -> IO[Any]:
        asked.set()
        assert allowed.wait(10)
        out = real(descriptor, mode, size)
        opened.append(out)
        return out

    monkeypatch.setattr(os, "fdopen", slow)
    large = b"x" * saving._BLOCK
    saved = asyncio.ensure_future(
        saving.save(
            stream(large), tmp_path / "a", size=len(large), moved=lambda _n: None
        )
    )
    assert await asyncio.to_thread(asked.wait, 10)
    saved.cancel()
    # Closing comes meanwhile, and has to wait for the opening.
    asyncio.get_running_loop().call_later(0.1, allowed.set)
    with pytest.raises(asyncio.CancelledError):
        await saved
    assert all(out.closed for out in opened)
    assert len(opened) == 1
