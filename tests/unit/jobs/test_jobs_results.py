"""Saving files: legal, inside, whole, never over something else."""

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.errors import ChrislibError
from chrislib.jobs import results

HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="./\\~:*? \x00\n", max_size=30),
    st.sampled_from(
        ["..", "../../etc/passwd", "/etc/passwd", "C:\\Windows\\x", "con.txt", "a/../b"]
    ),
)


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    """Return chunks one by one."""
    for chunk in chunks:
        yield chunk


@given(HOSTILE)
def test_a_name_is_one_legal_name(name: str) -> None:
    legal = results.legal_name(name)
    assert legal
    assert legal not in (".", "..")
    assert not set(legal) & set('<>:"/\\|?*\0\n')
    assert len(legal.encode()) <= 240
    assert results.legal_name(legal) == legal


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(HOSTILE)
def test_nothing_is_ever_outside_the_folder(tmp_path: Path, relative: str) -> None:
    root = tmp_path.resolve()
    target = results.inside(root, results.legal_path(relative))
    assert root in target.parents
    assert target.resolve().is_relative_to(root)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "chosen"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(results.OutsideFolder):
        results.inside(folder, ("out", "x.txt"))


def test_names_that_meet_get_a_number(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").write_text("there")
    taken: set[str] = set()
    assert results.claim_free(tmp_path / "a.nii.gz", taken).name == "a (2).nii.gz"
    assert results.claim_free(tmp_path / "A.nii.gz", taken).name == "A.nii.gz"
    assert results.claim_free(tmp_path / "b.txt", taken).name == "b.txt"
    assert results.claim_free(tmp_path / "B.TXT", taken).name == "B (2).TXT"


def test_long_names_stay_apart_and_keep_their_suffix() -> None:
    one = results.legal_name("x" * 300 + "1.nii.gz")
    two = results.legal_name("x" * 300 + "2.nii.gz")
    assert one != two
    assert one.endswith(".nii.gz")


async def test_a_file_appears_whole(tmp_path: Path) -> None:
    seen: list[int] = []
    saved = await results.save(
        stream(b"ab", b"cd"), tmp_path / "f", size=4, moved=seen.append
    )
    assert saved.path.read_bytes() == b"abcd"
    assert saved.sha256 == results.sha256_of(saved.path)
    assert seen == [2, 4]
    assert os.listdir(tmp_path) == ["f"]


async def test_a_short_file_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ChrislibError, match="incomplete"):
        await results.save(
            stream(b"ab"), tmp_path / "f", size=4, moved=lambda _count: None
        )
    assert os.listdir(tmp_path) == []


async def test_what_came_into_being_meanwhile_is_kept(tmp_path: Path) -> None:
    async def racing() -> AsyncIterator[bytes]:
        (tmp_path / "f").write_text("theirs")
        yield b"ours"

    saved = await results.save(
        racing(), tmp_path / "f", size=4, moved=lambda _count: None
    )
    assert saved.path.name == "f (2)"
    assert (tmp_path / "f").read_text() == "theirs"
    assert saved.path.read_text() == "ours"


async def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_out: object, _data: object, _digest: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results, "_write", full)
    with pytest.raises(results.DiskFull):
        await results.save(
            stream(b"ab"), tmp_path / "f", size=2, moved=lambda _count: None
        )
    assert os.listdir(tmp_path) == []


def test_what_does_not_fit_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _path: SimpleNamespace(free=results.RESERVE + 10)
    )
    results.check_space(tmp_path, 10)
    with pytest.raises(results.DiskFull):
        results.check_space(tmp_path, 11)
