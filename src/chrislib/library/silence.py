"""What it means when a PACS says nothing: never just "0 results"."""

from chrislib.errors import ChrislibError
from chrislib.pacs.types import LookupResult


def no_answer(result: LookupResult) -> ChrislibError:
    """Return the words for a lookup that nobody answered."""
    if result.service_down:
        return ChrislibError(
            "The server cannot reach its PACS service.",
            "No PACS was asked, so this is not “nothing found”. Nothing was changed.",
            hint="Tell whoever runs the server that pfdcm does not answer; then try "
            "again.",
            retryable=True,
        )
    which = ", ".join(result.unreachable)
    return ChrislibError(
        f"No answer from {which}.",
        "This is not “nothing found”: the PACS was not reached. Nothing was changed.",
        hint="Check that the PACS is running, then try again.",
        retryable=True,
    )


def partly(result: LookupResult) -> str:
    """Return the words beside results when some PACS did not answer, "" else."""
    if not result.unreachable:
        return ""
    names = ", ".join(result.unreachable)
    return (
        f"No answer from {names}. What you see is from the others; more may be there."
    )


def doubt(result: LookupResult) -> str:
    """Return the words for PACS whose "nothing found" proves nothing, "" else."""
    if not result.unproven:
        return ""
    names = ", ".join(result.unproven)
    one = len(result.unproven) == 1
    return (
        f"{names} {'has' if one else 'have'} never sent anything to this server: "
        f"{'it' if one else 'they'} may be switched off."
    )
