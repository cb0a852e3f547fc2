"""The process that makes de-identified copies, so that the window stays smooth.

Run as ``python -m chrislib.dicom.deidentify.worker``. Lines of JSON come in on the
standard input and answers go out on the standard output, one for each. The first line
has the project's key: it is never an argument, which other users could read.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from chrislib.dicom.deidentify.blackout import Area, areas_of
from chrislib.dicom.deidentify.engine import Engine
from chrislib.dicom.deidentify.files import copy_file
from chrislib.dicom.deidentify.profile import Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms
from chrislib.errors import ChrislibError


def serve(asked: TextIO, answers: TextIO) -> None:
    """Answer until the input ends (reads and writes the disk)."""
    engine: Engine | None = None
    black: dict[str, tuple[Area, ...]] = {}
    for line in asked:
        request: dict[str, Any] = json.loads(line)
        if engine is None:
            names = Pseudonyms(bytes.fromhex(request["key"]), request["code"])
            engine = Engine(
                Profile.of(request["options"]), names, apart=request.get("apart", ())
            )
            for uid, *area in request.get("black", ()):
                black[uid] = (*black.get(uid, ()), *areas_of([area]))
            continue
        answers.write(json.dumps(_answer(engine, request, black)) + "\n")
        answers.flush()


def _answer(
    engine: Engine, request: dict[str, Any], black: Mapping[str, Sequence[Area]]
) -> dict[str, Any]:
    try:
        made = copy_file(
            Path(request["source"]),
            Path(request["target"]),
            engine,
            text_agreed=bool(request["text_agreed"]),
            black=black,
        )
    except ChrislibError as error:
        told = {"title": error.title, "detail": error.detail, "hint": error.hint}
        return {"refused": told}
    except OSError as error:
        return {"system": [error.errno, error.strerror or type(error).__name__]}
    except (MemoryError, RecursionError) as error:
        return {"failed": type(error).__name__}
    return {
        "size": made.size,
        "sha256": made.sha256,
        "pseudonym": made.pseudonym,
        "counts": dict(made.counts),
    }


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
