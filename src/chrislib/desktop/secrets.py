"""Tokens: in the system's keyring, else in memory until chrislib is closed.

Passwords are never kept. A plain-text keyring backend is never used.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

SERVICE = "chrislib"
_ALLOWED = frozenset(
    {
        "keyring.backends.SecretService",
        "keyring.backends.libsecret",
        "keyring.backends.kwallet",
        "keyring.backends.macOS",
        "keyring.backends.Windows",
    }
)
_SECONDS = 15.0
"""A keyring may ask the user to unlock it, but it may also hang."""


class SecretStore(Protocol):
    """Where tokens are kept. The account is ``url|user``."""

    async def get(self, account: str) -> str | None:
        """Return a token, or None."""

    async def set(self, account: str, token: str) -> bool:
        """Keep a token; False when it is kept in memory only."""

    async def delete(self, account: str) -> None:
        """Forget a token."""


class MemoryStore:
    """Tokens that last as long as the process."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    async def get(self, account: str) -> str | None:
        """Return a token, or None."""
        return self._tokens.get(account)

    async def set(self, account: str, token: str) -> bool:
        """Keep a token in memory: always False."""
        self._tokens[account] = token
        return False

    async def delete(self, account: str) -> None:
        """Forget a token."""
        self._tokens.pop(account, None)


class Keyring(Protocol):
    """The part of a keyring backend that is used; each call may block."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """Return a secret, or None."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Keep a secret."""

    def delete_password(self, service: str, username: str, /) -> None:
        """Forget a secret."""


class KeyringStore:
    """Tokens in the system's keyring, in memory while that does not work.

    Parameters
    ----------
    backend : callable
        Finds the keyring (D-Bus; on a thread), None when there is no trusted one.
    seconds : float
        Time limit of each call.
    """

    def __init__(
        self,
        backend: Callable[[], Keyring | None] | None = None,
        *,
        seconds: float = _SECONDS,
    ) -> None:
        self._find = backend or trusted_backend
        self._seconds = seconds
        self._memory = MemoryStore()
        self._one_at_a_time = asyncio.Lock()

    async def get(self, account: str) -> str | None:
        """Return a token (D-Bus or system call, on a thread)."""
        kept = await self._memory.get(account)
        if kept is not None:
            return kept
        found, _ = await self._call(lambda ring: ring.get_password(SERVICE, account))
        return found

    async def set(self, account: str, token: str) -> bool:
        """Keep a token (thread); False when it is kept in memory only."""
        _, worked = await self._call(
            lambda ring: ring.set_password(SERVICE, account, token)
        )
        if worked:
            await self._memory.delete(account)
            return True
        return await self._memory.set(account, token)

    async def delete(self, account: str) -> None:
        """Forget a token (thread)."""
        await self._memory.delete(account)
        await self._call(lambda ring: ring.delete_password(SERVICE, account))

    async def _call(self, use: Callable[[Keyring], _T]) -> tuple[_T | None, bool]:
        def work() -> tuple[_T | None, bool]:
            ring = self._find()
            return (None, False) if ring is None else (use(ring), True)

        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._seconds):
                    return await asyncio.to_thread(work)
            except TimeoutError:
                _log.warning("the keyring did not answer in %.0f s", self._seconds)
            except Exception as error:  # noqa: BLE001 - backends raise anything
                _log.warning("the keyring refused: %s", type(error).__name__)
            return None, False


def trusted_backend() -> Keyring | None:
    """Return the system's keyring if it is one that encrypts (D-Bus), else None."""
    import keyring

    found = keyring.get_keyring()
    candidates: list[Keyring] = list(getattr(found, "backends", ())) or [found]
    for candidate in candidates:
        if type(candidate).__module__ in _ALLOWED:
            return candidate
    return None


def secret_store() -> SecretStore:
    """Return the store the program uses; nothing is asked of the system yet."""
    return KeyringStore()
