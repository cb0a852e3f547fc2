"""Which run on the server a lost submission made. Pure.

Runs of the same plugin, parent and values are interchangeable, so that intents get
them in the order both were made. What cannot be told apart safely is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Wanted(Generic[_K]):
    """An intent whose submission got no answer; all of them have the same values.

    `title` is what the server was asked to call it, at most 100 characters.
    """

    key: _K
    title: str = ""
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run on the server that nobody here owns, of the intents' values."""

    remote_id: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Pairing(Generic[_K]):
    """What can be said of intents and candidates.

    Attributes
    ----------
    found : dict
        Intent to run, each run once.
    unclear : tuple
        Intents for which more runs come into question than there are intents.
    doubtful : tuple
        Intents without a run of their title while runs of other titles are left: a
        run can have been renamed meanwhile. Looked for again, and asked at the end.
    """

    found: dict[_K, int]
    unclear: tuple[_K, ...] = ()
    doubtful: tuple[_K, ...] = ()


def pair(wanted: Sequence[Wanted[_K]], candidates: Iterable[Candidate]) -> Pairing[_K]:
    """Give intents their runs.

    Parameters
    ----------
    wanted : sequence of Wanted
        In the order they were made.
    candidates : iterable of Candidate
        In any order; they are taken by id, which is the order they were made in.
    """
    left = sorted({c.remote_id: c for c in candidates}.values(), key=_number)
    found: dict[_K, int] = {}
    for intent in wanted:
        if not intent.nonce:
            continue
        # A nonce stands at the very end of a title, so that none is part of another.
        mine = [c for c in left if c.title.rstrip().endswith(intent.nonce)]
        if mine:
            found[intent.key] = mine[0].remote_id
            left = [c for c in left if c not in mine]
    groups: dict[str, list[_K]] = {}
    for intent in wanted:
        if not intent.nonce:
            groups.setdefault(intent.title.strip(), []).append(intent.key)
    unclear: list[_K] = []
    missing: list[_K] = []
    for title, keys in groups.items():
        same = [c for c in left if c.title.strip() == title]
        if len(same) > len(keys):
            unclear += keys
        else:
            taken = dict(zip(keys, same, strict=False))
            found |= {key: run.remote_id for key, run in taken.items()}
            missing += keys[len(same) :]
        left = [c for c in left if c not in same]
    return Pairing(found, tuple(unclear), tuple(missing) if left else ())


def _number(candidate: Candidate) -> int:
    return candidate.remote_id
