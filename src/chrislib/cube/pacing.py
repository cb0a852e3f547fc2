"""Who has to be asked before a request is sent; nobody, unless someone said so.

What polls a server does so within a budget of requests. One call of the client may
send several (pages, a repeated read), so the budget is asked here, where each leaves.
"""

from contextvars import ContextVar
from datetime import datetime
from typing import Protocol


class Ticket(Protocol):
    """The leave under which a call sends its requests.

    Attributes
    ----------
    seconds : float or None
        Without a byte for so long, a request has failed; None is the client's own.
    """

    seconds: float | None

    async def leave(self) -> None:
        """Return when the next request may be sent; raises when it may not."""

    def answered(self, date: datetime) -> None:
        """Take the time the server put on the answer to the last request."""


ticket: ContextVar[Ticket | None] = ContextVar("ticket", default=None)
"""Of the running task; tasks that it starts inherit it."""
