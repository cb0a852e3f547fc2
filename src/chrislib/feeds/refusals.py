"""Refusals of a server in words about feeds, and who a feed belongs to."""

from chrislib.cube.errors import CubeError, Forbidden, NotFound, Refused
from chrislib.errors import ChrislibError

ADMIN = "chris"
"""The account many rules of a CUBE make an exception for (cube-api.md §3)."""


def explained(error: CubeError, *, what: str, hint: str = "") -> ChrislibError:
    """Return the error to show where something of a feed was refused.

    Parameters
    ----------
    what : str
        What did not happen to what was typed or asked: "The note was not saved."
    hint : str
        What to do where this account may not.
    """
    if isinstance(error, Forbidden):
        return ChrislibError(
            "This account may not do that in this feed.",
            what,
            hint=hint or "It may have been closed to you meanwhile: ask its owner.",
            context=error.context,
        )
    if isinstance(error, NotFound):
        return ChrislibError(
            "The server does not have this any more.",
            what,
            hint="Somebody deleted it meanwhile.",
            context=error.context,
        )
    if isinstance(error, Refused):
        said = " ".join(error.fields.values())
        return ChrislibError(
            "The server refused it.", what, hint=said, context=error.context
        )
    return ChrislibError(
        error.title,
        what,
        hint=error.hint,
        retryable=error.retryable,
        context=error.context,
    )


def closed(error: BaseException, *, owner: str = "") -> ChrislibError | None:
    """Return what to say of an open feed that cannot be read any more, if that is so.

    Parameters
    ----------
    owner : str
        Whose it was, where that is known.
    """
    kept = "What you brought to this computer stays here."
    if isinstance(error, Forbidden):
        who = f"Its owner, {owner}, has" if owner else "Its owner has"
        return ChrislibError(
            "This feed is not open to you any more.",
            f"{who} closed it to this account. {kept}",
            hint="Ask its owner to share it again.",
            context=error.context,
        )
    if isinstance(error, NotFound):
        return ChrislibError(
            "This feed is gone.",
            "It was deleted on the server, with all it held. " + kept,
            hint="Choose another feed in the list.",
            context=error.context,
        )
    return None
