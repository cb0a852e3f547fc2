"""The errors of talking to a CUBE: one tree, each with words for people."""

from collections.abc import Mapping

from chrislib.errors import ChrislibError


class CubeError(ChrislibError):
    """Anything that goes wrong between chrislib and a CUBE.

    ``status`` in `context` is the HTTP status, where there was an answer.
    """


class ServerUnreachable(CubeError):
    """No connection, a time-out, or the connection broke before the answer.

    ``sent`` in `context` is "yes" when the request may have reached the server: the
    outcome of a POST is then unknown.
    """


class NotACube(CubeError):
    """The address answers, but not as a CUBE does (HTML, another API)."""


class BadCredentials(CubeError):
    """User name or password refused by ``auth-token/``."""


class TokenRejected(CubeError):
    """401: the token is not (or no longer) accepted."""


class Forbidden(CubeError):
    """403: signed in, but not allowed."""


class NotFound(CubeError):
    """404: the object is not there, or hidden."""


class Refused(CubeError):
    """400: the server refused the values.

    Parameters
    ----------
    fields : mapping of str to str
        Server text per field. The key ``value`` stands for an unnamed plugin
        parameter (cube-api.md trap 11); ``""`` for the request as a whole.
    """

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        hint: str = "",
        fields: Mapping[str, str] | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title, detail, hint=hint, retryable=False, context=context)
        self.fields: dict[str, str] = dict(fields or {})


class ServerFault(CubeError):
    """5xx: the server failed while answering. The outcome of a POST is unknown."""


class BadAnswer(CubeError):
    """An answer that cannot be understood: malformed JSON, a missing id."""


class ForeignOrigin(CubeError):
    """A link in an answer leads to another server; the token is not sent there."""


class LocalFileProblem(CubeError):
    """A file of this computer cannot be read, or changed while it was sent."""


class ShortTransfer(CubeError):
    """A transfer ended with another number of bytes than it should have."""
