"""Where the real sample images are."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SampleData:
    """Where the real images lie on this disk.

    Attributes
    ----------
    folder : Path
        The folder into which the packages of ``requirements.lock`` went.
    """

    folder: Path

    @property
    def brain(self) -> Path:
        """The MNI152 T1 template, a NIfTI file."""
        name = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
        return self.folder / "nilearn" / "datasets" / "data" / name

    def dicom(self, name: str) -> Path:
        """One of pydicom-data's files."""
        return self.folder / "data_store" / "data" / name
