"""Faults on demand, so that clients can be shown what they must bear with."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

ENVIRONMENT = "CHRISLIB_STATION_PACS_FAULT"
FILE_NAME = "pacs-fault"


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong now.

    Attributes
    ----------
    lookup_down : bool
        The lookup service does not answer: queries and retrieves end errored, and
        the list of PACS cannot be had.
    stop_after : int or None
        A transfer falls silent after this many images.
    error_at : int or None
        The image with this number, counted from 1, cannot be stored.
    """

    lookup_down: bool = False
    stop_after: int | None = None
    error_at: int | None = None


def faults_now(station: Path) -> Faults:
    """Return the faults switched on (reads disk).

    They stand in the environment variable ``CHRISLIB_STATION_PACS_FAULT`` or, before
    that, in the file ``pacs-fault`` of the station's folder, which only its owner
    can write: ``down``, ``stop:<n>``, ``error:<n>``, separated by commas.
    """
    try:
        text = (station / FILE_NAME).read_text(encoding="utf-8")
    except OSError:
        text = os.environ.get(ENVIRONMENT, "")
    return parse_faults(text)


def parse_faults(text: str) -> Faults:
    """Return the faults that a text names; what makes no sense is left out."""
    down, numbers = False, dict[str, int]()
    for part in text.replace("\n", ",").split(","):
        name, _, value = part.strip().partition(":")
        if name == "down":
            down = True
        elif name in {"stop", "error"} and value.strip().isdigit():
            numbers[name] = int(value)
        elif name:
            log.warning("an unknown fault was asked for: %s", json.dumps(name))
    return Faults(down, numbers.get("stop"), numbers.get("error"))
