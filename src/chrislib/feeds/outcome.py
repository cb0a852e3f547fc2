"""The same done to many feeds, one after the other: what held and what did not."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from chrislib.aio import Progress
from chrislib.errors import ChrislibError


@dataclass(frozen=True, slots=True)
class Outcome:
    """Feeds it was done to, and why it was not done to the others."""

    done: tuple[int, ...]
    failed: dict[int, ChrislibError]


async def each(
    feed_ids: Sequence[int],
    act: Callable[[int], Coroutine[Any, Any, object]],
    told: Progress | None = None,
) -> Outcome:
    """Do something to each feed (network); one that fails does not stop the rest."""
    done: list[int] = []
    failed: dict[int, ChrislibError] = {}
    for number, feed_id in enumerate(feed_ids, 1):
        try:
            await act(feed_id)
            done.append(feed_id)
        except ChrislibError as error:
            failed[feed_id] = error
        if told is not None:
            told(number, len(feed_ids))
    return Outcome(tuple(done), failed)
