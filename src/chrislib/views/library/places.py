"""What sections of the Library hand to each other through the navigator."""

from dataclasses import dataclass

from chrislib.pacs.types import Criteria


@dataclass(frozen=True, slots=True)
class Lookup:
    """Criteria for PACS Lookup; `run` asks at once."""

    criteria: Criteria
    run: bool = False
