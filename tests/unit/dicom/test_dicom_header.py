"""Headers are read whatever the file is like, or refused with plain words."""

import datetime
import logging
import warnings
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file, get_testdata_files

from chrislib.dicom.errors import BrokenDicom, DicomError, NotDicom
from chrislib.dicom.header import dicom_date, dicom_time, read_header
from chrislib.dicom.reading import quiet

FILES = sorted(Path(name) for name in get_testdata_files() if Path(name).is_file())


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def test_ct_header_has_its_facts() -> None:
    header = read_header(sample("CT_small.dcm"))
    assert header.patient_id == "1CT1"
    assert header.patient_name == "CompressedSamples^CT1"
    assert header.modality == "CT"
    assert header.study_date == datetime.date(2004, 1, 19)
    assert header.study_time == datetime.time(7, 27, 30)
    assert (header.rows, header.columns, header.frames) == (128, 128, 1)
    assert header.orientation == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    assert header.position is not None
    assert header.position[2] == pytest.approx(-75.699997)
    assert header.transfer_syntax == "1.2.840.10008.1.2.1"
    assert header.size == sample("CT_small.dcm").stat().st_size
    assert header.has_image
    assert not header.is_directory


def test_dicomdir_is_told_apart() -> None:
    assert read_header(sample("DICOMDIR")).is_directory


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_sample_file_is_read_or_refused(path: Path) -> None:
    header = None
    with suppress(DicomError):
        header = read_header(path)
    assert header is None or header.path == path


@pytest.mark.parametrize("keep", [0, 1, 100, 131, 132, 140, 300, 800, 1500])
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_bigendian.dcm"])
def test_truncated_headers_never_crash(tmp_path: Path, name: str, keep: int) -> None:
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(sample(name).read_bytes()[:keep])
    try:
        read_header(cut)
    except DicomError:
        return


@given(content=st.binary(max_size=600))
def test_noise_is_refused(content: bytes, tmp_path_factory: object) -> None:
    assert isinstance(tmp_path_factory, pytest.TempPathFactory)
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(content)
    with pytest.raises(DicomError):
        read_header(path)


@given(content=st.binary(max_size=400))
def test_noise_behind_a_good_preamble_never_crashes(
    content: bytes, tmp_path_factory: object
) -> None:
    assert isinstance(tmp_path_factory, pytest.TempPathFactory)
    path = tmp_path_factory.getbasetemp() / "marked"
    path.write_bytes(bytes(128) + b"DICM" + content)
    try:
        read_header(path)
    except DicomError:
        return


def test_file_without_preamble_is_accepted(tmp_path: Path) -> None:
    whole = sample("CT_small.dcm").read_bytes()
    bare = tmp_path / "bare"
    bare.write_bytes(whole[132:])
    assert read_header(bare).patient_id == "1CT1"


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(200), b"{}" * 100, bytes(4000)],
)
def test_other_files_are_no_dicom(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other"
    other.write_bytes(content)
    with pytest.raises(NotDicom):
        read_header(other)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BrokenDicom) as caught:
        read_header(tmp_path / "gone.dcm")
    assert caught.value.title == "This file cannot be read."
    assert "No such file" in caught.value.detail


def test_odd_values_are_empty_and_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = pydicom.dcmread(sample("CT_small.dcm"))
    with quiet():
        dataset.PatientBirthDate = "1970"
        dataset.StudyDate = "about 2004"
        dataset.ImageOrientationPatient = [1, 0, 0]
        del dataset.StationName, dataset.InstanceNumber
        path = tmp_path / "odd.dcm"
        dataset.save_as(path)
    with caplog.at_level(logging.DEBUG):
        header = read_header(path)
    assert header.birth_date is None
    assert header.birth_date_text == "1970"
    assert header.study_date is None
    assert header.orientation is None
    assert header.station_name == ""
    assert header.instance_number is None
    assert "2004" not in caplog.text


def test_names_of_other_scripts(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(sample("CT_small.dcm"))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    path = tmp_path / "name.dcm"
    dataset.save_as(path)
    assert read_header(path).patient_name == "Yamada^Tarou=山田^太郎=やまだ^たろう"


def test_dates_and_times() -> None:
    assert dicom_date("20040119") == datetime.date(2004, 1, 19)
    assert dicom_date("2004.01.19") == datetime.date(2004, 1, 19)
    assert dicom_date("20040230") is None
    assert dicom_date("2004") is None
    assert dicom_time("072730.25") == datetime.time(7, 27, 30)
    assert dicom_time("0727") == datetime.time(7, 27)
    assert dicom_time("99") is None
    assert dicom_time("") is None


def test_quiet_restores_filters_when_threads_overlap() -> None:
    before = list(warnings.filters)

    def work() -> None:
        for _ in range(200):
            with quiet():
                pass

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
