"""Archives are unpacked where they should be, or refused in plain words."""

import errno
import io
import stat
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chrislib.desktop import archives
from chrislib.desktop.archives import BadArchive, is_archive, unpack
from chrislib.library.scan import scan
from tests.unit.library.indexing_files import dicom


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            target.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a/one": b"1", "a/b/two": b"2" * 99, "c/": b""})
    assert is_archive(path)
    found = unpack(path, tmp_path / "out")
    assert found.refused == []
    files = {str(file.relative_to(tmp_path / "out")) for file in found.files}
    assert files == {"a/one", "a/b/two"}
    assert (tmp_path / "out" / "a" / "b" / "two").read_bytes() == b"2" * 99


@pytest.mark.parametrize(
    "name",
    [
        *("../evil", "a/../../evil", "/evil", "C:/evil", "C:evil", "..\\evil"),
        *("\\\\host\\share\\evil", "a\\..\\..\\evil", "//evil"),
    ],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "slip.zip", {name: b"evil", "good": b"good"})
    found = unpack(path, tmp_path / "deep" / "out")
    assert [file.name for file in found.files] == ["good"]
    ((_, reason),) = found.refused
    assert reason == "Its name leads out of the archive."
    written = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert sorted(one.name for one in written) == ["good", "slip.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(link, "/etc/passwd")
        target.writestr("link/inner", "x")
    found = unpack(path, tmp_path / "out")
    assert found.refused == [("link", "It is a link or no ordinary file.")]
    assert (tmp_path / "out" / "link" / "inner").read_text() == "x"


def test_a_bomb_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.zip", {"zeros": bytes(80 << 20)})
    assert path.stat().st_size < 200_000
    with pytest.raises(BadArchive, match="far more"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bomb_that_lies_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_HARMLESS", 1 << 16)
    path = archive(tmp_path / "liar.zip", {"zeros": bytes(8 << 20)})
    data = path.read_bytes()
    claimed = (8 << 20).to_bytes(4, "little")
    path.write_bytes(data.replace(claimed, (1 << 20).to_bytes(4, "little")))
    found = unpack(path, tmp_path / "out")
    assert found.files == []
    assert [name for name, _ in found.refused] == ["zeros"]
    assert list((tmp_path / "out").iterdir()) == []


def test_too_many_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 10)
    path = archive(tmp_path / "many.zip", {str(one): b"" for one in range(11)})
    with pytest.raises(BadArchive):
        unpack(path, tmp_path / "out")


def test_damaged_members_and_archives_are_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"good": b"g", "bad": b"b" * 5000})
    data = bytearray(path.read_bytes())
    at = data.index(b"bad") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    found = unpack(path, tmp_path / "out")
    assert [file.name for file in found.files] == ["good"]
    assert found.refused == [("bad", "It is damaged.")]
    path.write_bytes(data[: len(data) // 2])
    assert not is_archive(path)
    with pytest.raises(BadArchive, match="cannot be opened"):
        unpack(path, tmp_path / "again")


def test_names_that_collide_keep_the_first(tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("one", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("one", "2")
        target.writestr("one/below", "3")
    found = unpack(path, tmp_path / "out")
    assert (tmp_path / "out" / "one").read_text() == "1"
    assert len(found.refused) == 2


def test_an_archive_within_stays_as_it_is(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as target:
        target.writestr("deep", "x")
    path = archive(tmp_path / "outer.zip", {"inner.zip": inner.getvalue()})
    found = unpack(path, tmp_path / "out")
    assert [file.name for file in found.files] == ["inner.zip"]


def test_it_stops_when_told(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    path = archive(tmp_path / "a.zip", {"one": b"1"})
    assert unpack(path, tmp_path / "out", stop=stop).files == []


def test_a_scan_looks_into_archives_when_it_may_unpack_them(tmp_path: Path) -> None:
    members = {
        f"a/{number}.dcm": dicom(sop=f"1.{number}", number=number)
        for number in (1, 2, 4)
    }
    path = archive(tmp_path / "study.zip", {**members, "../evil": b"x", "note": b"n"})
    found = scan([path], unpack_into=tmp_path / "unpacked")
    assert found.title == "study"
    assert found.roots == (str(path),)
    ((series),) = found.series
    assert (len(series.files), series.missing) == (3, (3,))
    assert [other[1] for other in found.others] == ["note"]
    ((refused),) = found.unreadable
    assert refused.path.endswith("study.zip/../evil")
    assert "leads out" in refused.reason
    assert len(scan([path]).others) == 1


def test_a_scan_refuses_a_bomb_with_its_reason(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.zip", {"zeros": bytes(80 << 20)})
    found = scan([path, tmp_path / "none"], unpack_into=tmp_path / "unpacked")
    assert not found.series
    assert not found.others
    assert "far more" in found.unreadable[0].reason


def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "a.zip", {"one": b"1" * 1000, "two": b"2" * 1000})
    real = Path.open

    def full(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if self.name == "two" and "x" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(BadArchive, match="no room on this computer"):
        unpack(path, tmp_path / "out")
    found = scan([path], unpack_into=tmp_path / "unpacked")
    assert "no room on this computer" in found.unreadable[0].reason
    assert not found.others
    with pytest.raises(BadArchive, match="not there any more"):
        unpack(tmp_path / "gone.zip", tmp_path / "out")
