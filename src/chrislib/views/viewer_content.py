"""What the viewer is asked to show, as data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Layout = Literal["single", "compare", "survey"]


@dataclass(frozen=True, slots=True)
class ViewContent:
    """Local files to look at: of one thing, or of several side by side.

    Attributes
    ----------
    kind : str
        "dicom" (a series), "nifti", "image", "text", "json" or "table".
    title : str
        Words above the picture.
    paths : tuple of Path
        One file, the files of a series, or of several in the order they are shown in.
    layout : {"single", "compare", "survey"}
        One series at a time, the first two side by side, or all of them.
    """

    kind: str
    title: str
    paths: tuple[Path, ...]
    layout: Layout = "single"
