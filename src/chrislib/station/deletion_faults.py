"""Faults of deletions on demand, so that clients can be shown what may happen."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

ENVIRONMENT = "CHRISLIB_STATION_DELETION_FAULT"
FILE_NAME = "deletion-fault"


@dataclass(frozen=True, slots=True)
class DeletionFaults:
    """How deletions go now.

    Attributes
    ----------
    error : str
        Deletions that were taken fail with these words.
    hold : bool
        Deletions that were taken stay pending.
    at_once : bool
        Deletions are done before they are answered, with 204, as before CUBE 6.10.
    """

    error: str = ""
    hold: bool = False
    at_once: bool = False


def deletion_faults(station: Path) -> DeletionFaults:
    """Return the faults switched on (reads disk).

    They stand in the file ``deletion-fault`` of the station's folder, which only its
    owner can write, or else in ``CHRISLIB_STATION_DELETION_FAULT``: ``fail:<words>``,
    ``hold``, ``at-once``.
    """
    try:
        text = (station / FILE_NAME).read_text(encoding="utf-8")
    except OSError:
        text = os.environ.get(ENVIRONMENT, "")
    name, _, words = text.strip().partition(":")
    if name not in ("", "fail", "hold", "at-once"):
        log.warning("an unknown fault was asked for: %s", json.dumps(name))
    return DeletionFaults(
        error=(words or "the storage cannot be reached") if name == "fail" else "",
        hold=name == "hold",
        at_once=name == "at-once",
    )
