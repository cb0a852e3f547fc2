"""Where a server's refusal of a run is at fault in what was typed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from chrislib.cube.errors import Refused
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Limits

VALUES, COMPUTE, WHOLE = "values", "compute", "whole"
_PLACE = "compute_resource_name"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a refusal is about.

    Attributes
    ----------
    part : str
        VALUES, COMPUTE (or limits), or WHOLE: no field of the run.
    place : str
        What is said of the compute resource.
    words : str
        What belongs to no field, "" for nothing.
    """

    part: str
    place: str = ""
    words: str = ""


def fault_of(error: Refused, form: ParameterForm, limits: Limits) -> Fault:
    """Return what a refusal is about; form and limits show it at their fields."""
    fields = dict(error.fields)
    place = fields.pop(_PLACE, "")
    rest = form.refuse(limits.refuse(fields))
    part = WHOLE
    if form.errors():
        part = VALUES
    elif place or limits.errors():
        part = COMPUTE
    words = ""
    if rest or not (fields or place):
        words = f"{error.title} {' '.join(rest.values()) or error.detail}".strip()
    return Fault(part, place, words)


def node_meant(error: Refused, titles: Iterable[str]) -> int:
    """Return which node of a pipeline a refusal names by its title, -1 for none."""
    said = whole_words(error)
    return next((n for n, title in enumerate(titles) if f"'{title}'" in said), -1)


def whole_words(error: Refused) -> str:
    """Return all a refusal says, title left out."""
    return " ".join(error.fields.values()) or error.detail
