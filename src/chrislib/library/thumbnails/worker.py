"""A process that makes small pictures until its input ends.

Run as ``python -m chrislib.library.thumbnails.worker``. A decoder that crashes over a
damaged file takes this process with it, and nothing else.
"""

import os
from pathlib import Path
from typing import Any

from chrislib.dicom.errors import DicomError
from chrislib.dicom.thumbnail import read_thumbnail
from chrislib.library.process import serve


def make(question: Any) -> tuple[bytes, str]:
    """Make one picture (disk); the reason says why there is none.

    Parameters
    ----------
    question : tuple
        Path as bytes, pixels of the longer side, share of the way through the file.
    """
    path, side, share = question
    try:
        found = read_thumbnail(Path(os.fsdecode(path)), side=side, share=share)
    except DicomError as error:
        return b"", f"{error.title} {error.detail}".strip()
    return found.jpeg, ""


if __name__ == "__main__":
    serve(make)
