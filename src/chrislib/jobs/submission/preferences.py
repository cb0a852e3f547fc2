"""What a user chose per account about runs; kept in the catalog, read from memory."""

from enum import Enum

from chrislib.catalog.library import KeyValueTable

_PREFIX = "jobs.account."


class Adopt(Enum):
    """What becomes of own runs that were not started from this computer."""

    ALL = "all"
    """Followed and notified like one's own."""
    HERE = "here"
    """Followed for context, never notified."""
    ASK = "ask"
    """As HERE, and the user is asked which of them to follow."""


class Preferences:
    """Choices per account.

    Parameters
    ----------
    table : KeyValueTable
    """

    def __init__(self, table: KeyValueTable) -> None:
        self.begun_anew = False
        """The catalog was damaged and a new one was begun."""
        self._table = table
        self._known: dict[str, str] = {}

    async def load(self) -> None:
        """Read them into memory (disk)."""
        self._known = await self._table.with_prefix(_PREFIX)

    def with_nonce(self, account_id: int) -> bool:
        """Whether each run's title ends with six characters of its own."""
        return self._known.get(f"{_PREFIX}{account_id}.nonce") == "yes"

    async def set_nonce(self, account_id: int, *, on: bool) -> None:
        """Let titles end with a nonce, or not (disk)."""
        await self._set(account_id, "nonce", "yes" if on else "no")

    def adopt(self, account_id: int) -> Adopt:
        """What becomes of own runs that were not started here."""
        try:
            return Adopt(self._known.get(f"{_PREFIX}{account_id}.adopt", ""))
        except ValueError:
            # Which runs were started here went with a lost catalog: they count all.
            return Adopt.ALL if self.begun_anew else Adopt.HERE

    async def set_adopt(self, account_id: int, policy: Adopt) -> None:
        """Choose it (disk)."""
        await self._set(account_id, "adopt", policy.value)

    async def _set(self, account_id: int, name: str, value: str) -> None:
        key = f"{_PREFIX}{account_id}.{name}"
        self._known[key] = value
        await self._table.set(key, value)
