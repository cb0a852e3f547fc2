"""The part of the story about sending files: an archive, a contradiction, failures."""

import io
import zipfile
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file

from tests.e2e.tour.part import Part, Steps

_IMAGES = 260


class UploadSteps(Part):
    """What a person does with files that are not quite in order."""

    def upload_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Open a ZIP archive that contradicts itself", self.open_archive),
            ("Decide what the contradiction means", self.decide),
            ("Pause the upload and let it go on", self.pause),
            ("A file vanishes; only what is missing is sent again", self.fail),
        )

    def open_archive(self) -> None:
        """Choose a ZIP archive: it is read here, and one ID has two names."""
        path = self._results.parent / "Teaching cases.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        _archive(path)
        self._screen.key("ctrl+u")
        self._screen.press("Choose files", role="push button")
        self._choose_in_dialog(path)
        self._screen.wait("1 conflict to decide", role="label", seconds=60)
        self._report.picture("upload-conflict")

    def decide(self) -> None:
        """Send goes to what is not decided; decided, it is sent."""
        self._screen.press("Send", role="push button")
        self._screen.settle()
        self._screen.key("space")  # "Same person" has the focus now
        self._screen.gone(name="1 conflict to decide", role="label")
        self._report.picture("upload-decided")

    def pause(self) -> None:
        """Pause the upload, let it go on, see it ready."""
        self._screen.press("Send", role="push button")
        self._screen.press("Pause", role="push button")
        self._screen.wait("Resume", role="push button", seconds=30)
        self._report.picture("upload-paused")
        self._screen.press("Resume", role="push button")
        self._screen.gone(name="Pause", role="push button", seconds=120)
        self._report.picture("upload-ready")

    def fail(self) -> None:
        """Send two files, one of them gone meanwhile; then what is missing."""
        first, second = (self._results.parent / f"notes-{n}.txt" for n in (1, 2))
        for path in (first, second):
            path.write_text("What was seen.\n")
        self._screen.press("Choose files", role="push button")
        self._choose_in_dialog(first)
        self._screen.press("Add files", role="push button")
        self._choose_in_dialog(second)
        self._screen.wait(contains="2 files", role="label")
        second.unlink()
        self._screen.press("Send", role="push button")
        self._screen.wait("Retry 1", role="push button", seconds=60)
        self._report.picture("upload-failed")
        second.write_text("What was seen.\n")
        self._screen.press("Retry 1", role="push button")
        self._screen.gone(name="Retry 1", role="push button", seconds=60)
        self._report.picture("upload-sent")


def _archive(path: Path) -> None:
    """Write an archive: a patient of two spellings, an image missing, one twice."""
    source = dcmread(str(get_testdata_file("MR_small.dcm")))
    source.PatientID = "4543673"
    source.StudyDescription = "MR Brain w/ + w/o contrast"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(1, _IMAGES + 1):
            second = number > _IMAGES * 0.8
            if number == 17:
                continue
            source.PatientName = "Doe^Johnathan" if second else "Doe^Jonathan"
            source.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.{1 + second}"
            source.SeriesDescription = "AX T2 FLAIR FS" if second else "SAG T1 MPRAGE"
            source.SeriesNumber = 2 if second else 1
            source.InstanceNumber = number
            source.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.9.{number}"
            source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
            data = io.BytesIO()
            source.save_as(data, enforce_file_format=True)
            made.writestr(f"scans/{number:04}.dcm", data.getvalue())
            if number % 100 == 0:
                made.writestr(f"copies/{number:04}.dcm", data.getvalue())
        made.writestr("read me.txt", "Teaching cases\n")
