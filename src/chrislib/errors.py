"""The one root of every error chrislib shows to a person."""

from collections.abc import Mapping
from types import MappingProxyType


class ChrislibError(Exception):
    """An error that can be shown as it is.

    Parameters
    ----------
    title : str
        What happened, one plain sentence.
    detail : str
        What it means for the data of the person reading it.
    hint : str
        What to do next.
    retryable : bool
        Whether the same action may succeed when it is tried again unchanged.
    context : mapping of str to str
        Technical facts for "Details" and for the log. Never a token, and never
        anything that identifies a patient.
    """

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        hint: str = "",
        retryable: bool = False,
        context: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint
        self.retryable = retryable
        self.context: Mapping[str, str] = MappingProxyType(dict(context or {}))

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.detail, self.hint) if part)
