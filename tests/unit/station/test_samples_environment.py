"""Fetching the packages that hold the real images."""

import io
import os
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from pydicom import dcmread

from chrislib.errors import ChrislibError
from chrislib.paths import Paths
from chrislib.station.samples import environment
from chrislib.station.samples.archive import SampleArchive
from chrislib.station.samples.data import SampleData
from chrislib.station.samples.environment import find_sample_data, sample_data

_ROOT = Path(__file__).resolve().parents[3]


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


@pytest.fixture(scope="module")
def real() -> SampleData:
    """Return the real images set-up put on this computer."""
    envs = os.environ.get("CHRISLIB_PLUGIN_ENVS", str(_ROOT / "build" / "plugin-envs"))
    found = find_sample_data(replace(Paths.of_user(), plugin_envs=Path(envs)))
    if found is None:
        pytest.fail("set-up did not bring the real sample images")
    return found


@pytest.mark.logs("phantoms only")
def test_the_real_studies_show_up_when_the_data_is_there(real: SampleData) -> None:
    data: list[SampleData] = []
    archive = SampleArchive(lambda: data[0] if data else None)
    before = {study.uid for study in archive.find({})}
    data.append(real)
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


@pytest.mark.parametrize("plane", ["Sag", "Ax", "Cor"])
def test_the_template_lies_where_it_says(real: SampleData, plane: str) -> None:
    archive = SampleArchive(lambda: real)
    (study,) = archive.find({"SeriesDescription": f"{plane}*MNI152*"})
    (series,) = study.series
    image: Any = nibabel.load(real.brain)
    template = np.asanyarray(image.dataobj)
    inverse = np.linalg.inv(image.affine)
    for number, (_, content) in enumerate(archive.images(series.uid)):
        if number % 20:
            continue
        dataset = dcmread(io.BytesIO(content))
        pixels = dataset.pixel_array
        rows, columns = np.meshgrid(*map(np.arange, pixels.shape), indexing="ij")
        directions = np.asarray(dataset.ImageOrientationPatient, dtype=float)
        spacing = np.asarray(dataset.PixelSpacing, dtype=float)
        # DICOM PS3.3, C.7.6.2.1.1; then from LPS to the RAS of NIfTI.
        place = (
            np.asarray(dataset.ImagePositionPatient, dtype=float)
            + directions[:3] * (columns * spacing[1])[..., None]
            + directions[3:] * (rows * spacing[0])[..., None]
        ) * (-1, -1, 1)
        voxel = np.rint(place @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
        expected = template[voxel[..., 0], voxel[..., 1], voxel[..., 2]]
        assert np.array_equal(pixels, expected.astype(int) * 12)


def test_published_images_keep_their_pixels_and_nothing_else(real: SampleData) -> None:
    archive = SampleArchive(lambda: real)
    studies = archive.find({"PatientID": "CL-1016"})
    series = [item for study in studies for item in study.series]
    assert len(series) == 10
    for item in series:
        ((_, content),) = archive.images(item.uid)
        dataset = dcmread(io.BytesIO(content))
        assert dataset.pixel_array.std() > 1
        assert str(dataset.PatientName) == "Samplewell^Sam"
        assert dataset.InstitutionName == "Sample Archive"
        assert not any(element.tag.is_private for element in dataset)
        assert not any(element.VR == "SQ" for element in dataset)
        uids = {str(e.value) for e in dataset if e.VR == "UI"} - {dataset.SOPClassUID}
        assert all(uid.startswith("2.25.") for uid in uids)


def test_the_lock_file_names_no_host() -> None:
    text = environment._LOCK_FILE.read_text(encoding="utf-8")
    assert "://" not in text
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= 2
