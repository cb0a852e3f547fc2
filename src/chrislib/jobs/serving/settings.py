"""What a person may set of the services that plug-ins speak to."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chrislib.errors import ChrislibError
from chrislib.jobs.extensions import BACKENDS, Extensions
from chrislib.jobs.protocols import JobLister, OnAccount

KeepSecret = Callable[[str, str], Awaitable[bool]]
"""Keeps a secret under a name; False when only until the program ends."""

_USUAL = {"url": "Address", "user": "User name"}
"""Options nearly every service has; `Backend.wants` may name others, with words."""


async def keep_nothing(_account: str, _secret: str) -> bool:
    """Keep no secret: there is no keyring here."""
    return False


@dataclass(frozen=True, slots=True)
class ServiceOffer:
    """A service a plug-in speaks to.

    Attributes
    ----------
    lists : bool
        Whether it tells what it has, so that jobs can be found again.
    works : bool
        False for a plug-in that was set aside; other options may mend it.
    """

    name: str
    address: str = ""
    user: str = ""
    lists: bool = False
    works: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be set: its name, what people call it, what it is now."""

    name: str
    words: str
    value: str


class ServiceSettings:
    """Services of plug-ins: what they are, and their options.

    Parameters
    ----------
    extensions : Extensions
    keep_secret : callable
        Awaitable: keeps a password under the name plug-ins ask for it.
    follow : callable
        Awaitable: lets jobs be followed by plug-ins as they are now.
    """

    def __init__(
        self,
        extensions: Extensions,
        keep_secret: KeepSecret,
        *,
        follow: Callable[[], Awaitable[None]],
    ) -> None:
        self._extensions = extensions
        self._keep_secret = keep_secret
        self._follow = follow

    def offers(self) -> tuple[ServiceOffer, ...]:
        """Return the services of plug-ins, those set aside last."""
        found = [
            ServiceOffer(
                name,
                address=backend.place.address,
                user=backend.place.user,
                lists=isinstance(backend, JobLister),
            )
            for name, backend in sorted(self._extensions.backends.items())
            if not (
                backend.manner.own_follower
                or backend.manner.ours
                or isinstance(backend, OnAccount)
            )
        ]
        aside = sorted(
            one.name for one in self._extensions.broken if one.group == BACKENDS
        )
        return (*found, *(ServiceOffer(name, works=False) for name in aside))

    async def options(self, name: str) -> tuple[Option, ...]:
        """Return what can be set of a service, and how it is set (disk)."""
        given = await self._extensions.options_of(name)
        words = dict(_USUAL)
        wants = getattr(self._extensions.backend(name), "wants", {})
        if isinstance(wants, Mapping):
            words |= {str(key): str(value) for key, value in wants.items()}
        words |= {key: key for key in sorted(given) if key not in words}
        return tuple(
            Option(key, said, given.get(key, "")) for key, said in words.items()
        )

    async def save(
        self, name: str, values: Mapping[str, str], *, password: str = ""
    ) -> bool:
        """Set options and let the plug-in begin anew with them (disk, threads).

        Returns
        -------
        bool
            Whether the password is kept for later starts too; True without one.

        Raises
        ------
        ChrislibError
            A password without an address to keep it for; nothing was changed.
        """
        address = values.get("url", "").strip()
        if password and not address:
            raise ChrislibError(
                "A password is kept for an address.",
                "Nothing was changed.",
                hint="Fill in the address too.",
            )
        kept = True
        if password:
            account = f"{address}|{values.get('user', '').strip()}"
            kept = await self._keep_secret(account, password)
        await self._extensions.configure(
            name, {key: value.strip() for key, value in values.items()}
        )
        await self._follow()
        return kept
