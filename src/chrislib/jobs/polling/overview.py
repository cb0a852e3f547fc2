"""How well each account was looked at, as rows for people."""

from collections.abc import Iterable
from dataclasses import dataclass

from chrislib.jobs.model import Reach
from chrislib.jobs.polling.follower import Follower


@dataclass(frozen=True, slots=True)
class AccountLook:
    """One account and how good our last look at it was.

    Attributes
    ----------
    present : bool
        Whether it is the one the window is connected to.
    checked_at : float or None
        When its server last answered, seconds since the epoch.
    period : float
        Seconds between two looks as things are.
    wait : float
        Seconds until it is asked again, while it does not answer.
    why : str
        Why it is not asked, "" while it is.
    """

    account_id: int
    host: str
    username: str
    present: bool
    reach: Reach
    checked_at: float | None
    period: float
    wait: float = 0.0
    why: str = ""

    @property
    def stale(self) -> bool:
        """Whether three looks in a row were missed or could not be had."""
        return self.reach is not Reach.FRESH


def overview(followers: Iterable[Follower]) -> tuple[AccountLook, ...]:
    """Return a row for each account that is followed, the present one first."""
    rows = []
    for number, follower in enumerate(followers):
        link = follower.link
        account = link.account
        if account is None:
            continue
        host = account.base_url.partition("://")[2].partition("/")[0]
        rows.append(
            AccountLook(
                account.account_id,
                host,
                account.username,
                number == 0,
                link.reach,
                link.checked_at,
                follower.period,
                link.wait,
                link.paused_reason,
            )
        )
    return tuple(rows)
