"""Errors of a CUBE in the words every backend uses."""

from collections.abc import Iterator
from contextlib import contextmanager

from chrislib.cube.errors import (
    BadCredentials,
    CubeError,
    Forbidden,
    NotFound,
    Refused,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.jobs.protocols import (
    CredentialsNeeded,
    ServiceError,
    ServiceRefused,
    ServiceUnreachable,
    UnknownToken,
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn every `CubeError` raised inside into its `ServiceError`."""
    try:
        yield
    except CubeError as error:
        raise _translation(error) from error


def _translation(error: CubeError) -> ServiceError:
    if isinstance(error, NotFound):
        return UnknownToken(error.title, error.detail, hint=error.hint)
    if isinstance(error, Refused):
        return ServiceRefused(
            error.title, error.detail, hint=error.hint, fields=error.fields
        )
    if isinstance(error, Forbidden):
        return ServiceRefused(error.title, error.detail, hint=error.hint)
    if isinstance(error, TokenRejected | BadCredentials):
        return CredentialsNeeded(error.title, error.detail, hint=error.hint)
    never_sent = isinstance(error, ServerUnreachable) and (
        error.context.get("sent", "yes") != "yes"
    )
    return ServiceUnreachable(
        error.title,
        error.detail,
        sent=not never_sent,
        retry_after=_seconds(error.context.get("retry_after", "")),
        hint=error.hint,
    )


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
