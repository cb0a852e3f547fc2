"""The images that belong to a collected value. Pure."""

from collections.abc import Sequence

from chrislib.feeds.model import OutputEntry

KINDS = ("dicom", "nifti", "image")


def images_near(
    files: Sequence[OutputEntry], near: str
) -> tuple[str, tuple[OutputEntry, ...]]:
    """Return (kind, files) of the images nearest to a path; kind "" for none.

    The folder that shares the most with `near` wins, then DICOM before NIfTI before
    pictures. DICOM opens as the series of a folder, others one by one.

    Parameters
    ----------
    near : str
        Path of the value's file below the output folder, "" for none.
    """
    images = [entry for entry in files if entry.kind in KINDS]
    if not images:
        return "", ()
    home = near.split("/")[:-1]

    def rank(entry: OutputEntry) -> tuple[int, int, str]:
        folder = entry.relative.split("/")[:-1]
        shared = 0
        for one, other in zip(folder, home, strict=False):
            if one != other:
                break
            shared += 1
        return (-shared, KINDS.index(entry.kind), entry.relative)

    best = min(images, key=rank)
    if best.kind != "dicom":
        return best.kind, (best,)
    folder = best.relative.rpartition("/")[0]
    series = [
        entry
        for entry in images
        if entry.kind == "dicom" and entry.relative.rpartition("/")[0] == folder
    ]
    return "dicom", tuple(series)
