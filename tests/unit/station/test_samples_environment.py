"""Fetching the packages that hold the real images."""

import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from chrislib.errors import ChrislibError
from chrislib.paths import Paths
from chrislib.station.samples import environment
from chrislib.station.samples.archive import SampleArchive
from chrislib.station.samples.environment import find_sample_data, sample_data


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return replace(Paths.of_user(), plugin_envs=tmp_path / "envs")


def test_without_network_there_is_an_error_and_nothing_half_made(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ChrislibError) as caught:
        sample_data(paths)
    assert "network" in caught.value.hint
    assert list(paths.plugin_envs.iterdir()) == []
    assert find_sample_data(paths) is None


def test_it_stops_when_told_to(paths: Paths) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(ChrislibError):
        sample_data(paths, stop=stop)
    assert list(paths.plugin_envs.iterdir()) == []


def test_what_is_complete_is_used_as_it_is(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def install(target: Path, stop: threading.Event) -> None:
        del stop
        calls.append(target)
        for name in (
            "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
            "data_store/data/RG1_UNCR.dcm",
        ):
            (target / name).parent.mkdir(parents=True)
            (target / name).write_bytes(b"x")

    monkeypatch.setattr(environment, "_install", install)
    made = sample_data(paths)
    assert made.brain.is_file()
    assert sample_data(paths) == made == find_sample_data(paths)
    assert len(calls) == 1
    assert [p.name for p in paths.plugin_envs.iterdir()] == [made.folder.name]


def test_the_real_studies_show_up_when_the_data_is_there(paths: Paths) -> None:
    data: list[object] = []
    archive = SampleArchive(lambda: data[0] if data else None)  # type: ignore[arg-type,return-value]
    before = {study.uid for study in archive.find({})}
    found = find_sample_data(Paths.of_user())
    if found is None:
        pytest.skip("the real sample images are not on this computer")
    data.append(found)
    after = archive.find({})
    assert before < {study.uid for study in after}
    assert len(after) >= 30
    assert sum(len(study.series) for study in after) >= 80
    brains = [
        series
        for study in after
        for series in study.series
        if "MNI152" in series.tags["SeriesDescription"]
    ]
    assert [series.count for series in brains] == [161, 82, 98]


def test_the_lock_file_names_no_host() -> None:
    text = environment._LOCK_FILE.read_text(encoding="utf-8")
    assert "://" not in text
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= 2
