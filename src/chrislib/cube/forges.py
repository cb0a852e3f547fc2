"""Where a plugin's source code is: forges that are known, and what is read there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_PART = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MOST_PARTS = 12


@dataclass(frozen=True, slots=True)
class Forge:
    """A site that keeps source code and gives single files of it as they are.

    Attributes
    ----------
    host : str
        As it stands in the address of a repository.
    raw : str
        Scheme and host that files are read from; nothing else is asked.
    raw_at, page_at : str
        Stands between a repository and the branch in the address of a file, and of
        the page that shows it.
    nested : bool
        A repository may lie in groups of groups.
    """

    host: str
    raw: str
    raw_at: str = ""
    page_at: str = "/blob"
    nested: bool = False


FORGES = (
    Forge("github.com", "https://raw.githubusercontent.com"),
    Forge(
        "gitlab.com",
        "https://gitlab.com",
        raw_at="/-/raw",
        page_at="/-/blob",
        nested=True,
    ),
)
"""All that are ever asked."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of a known forge; `path` is fit to be part of an address."""

    forge: Forge
    path: str

    @property
    def place(self) -> str:
        """Host and path, as people name it."""
        return f"{self.forge.host}/{self.path}"

    @property
    def page(self) -> str:
        """Address of its page for a browser."""
        return f"https://{self.place}"

    def file(self, name: str) -> str:
        """Return the address of a file of its main branch."""
        return f"{self.forge.raw}/{self.path}{self.forge.raw_at}/HEAD/{quote(name)}"

    def page_of(self, file: str) -> str:
        """Return the address of the page that shows a file."""
        return f"{self.page}{self.forge.page_at}/HEAD/{quote(file, safe='/%')}"


def repository_of(address: str, forges: Sequence[Forge] = FORGES) -> Repository | None:
    """Return the repository an address lies in, None where no known forge has it.

    The address comes from a server: host, port, user name and every part of the path
    are looked at before anything is made of them. Whether it says ``http`` does not
    count, as nothing is asked there.
    """
    try:
        parts = urlsplit(address.strip())
        plain = parts.port is None and parts.username is None
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not plain:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    forge = next((one for one in forges if one.host == host), None)
    if forge is None:
        return None
    names = [name for name in parts.path.split("/") if name]
    if "-" in names and forge.nested:
        # what follows is a place inside the repository
        names = names[: names.index("-")]
    if not forge.nested:
        names = names[:2]
    if not 2 <= len(names) <= _MOST_PARTS:
        return None
    names[-1] = names[-1].removesuffix(".git")
    if not all(_PART.fullmatch(name) and name.strip(".") for name in names):
        return None
    return Repository(forge, "/".join(names))
