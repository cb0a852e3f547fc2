"""What can go wrong with a pull, in words."""

from chrislib.cube.errors import Forbidden
from chrislib.cube.types import PacsSeries
from chrislib.errors import ChrislibError


class PullStopped(ChrislibError):
    """A pull ended before all images were registered.

    Attributes
    ----------
    received : int
        Images that are safe on the server.
    expected : int or None
        Images the PACS said it has.
    series : PacsSeries or None
        What is registered of it, if anything.
    """

    def __init__(
        self,
        title: str,
        *,
        received: int,
        expected: int | None,
        hint: str,
        series: PacsSeries | None = None,
        retryable: bool = True,
    ) -> None:
        super().__init__(
            title,
            _safe_images(received, expected),
            hint=hint,
            retryable=retryable,
            context={"received": str(received), "expected": str(expected or "")},
        )
        self.received = received
        self.expected = expected
        self.series = series


def _safe_images(received: int, expected: int | None) -> str:
    if not received:
        return "No image has arrived on the server."
    if expected is None:
        return f"{received:,} images are safe on the server."
    return f"{received:,} of {expected:,} images are safe on the server."


def not_allowed(error: Forbidden) -> Forbidden:
    """Return the words for an account that may not use the PACS of its server."""
    return Forbidden(
        "This account may not look into the PACS of this server.",
        "The server refused the question: that is not “nothing found”. Nothing was "
        "asked of a PACS.",
        hint="Ask whoever runs the server to add you to its group pacs_users.",
        context=error.context,
    )
