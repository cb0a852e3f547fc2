"""What the viewer is asked to show, as data."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ViewContent:
    """Local files of one thing to look at.

    Attributes
    ----------
    kind : str
        "dicom" (a series), "nifti", "image", "text", "json" or "table".
    title : str
        Words above the picture.
    paths : tuple of Path
        One file, or the files of a series.
    """

    kind: str
    title: str
    paths: tuple[Path, ...]
