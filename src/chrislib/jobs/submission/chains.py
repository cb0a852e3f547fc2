"""Members of a batch with what follows them, and how they are written down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chrislib.jobs.model import Intent, RunIntent, WorkflowIntent
from chrislib.jobs.store import PAGE
from chrislib.jobs.submission.held import Next


@dataclass(frozen=True, slots=True)
class Chain:
    """A member of a batch with what follows it: written down whole or not at all.

    Attributes
    ----------
    then : tuple of Next
        Sent as soon as what they hang under is on the server; where that never comes
        to be they end with it.
    """

    intent: RunIntent | WorkflowIntent
    then: tuple[Next, ...] = ()


def pages_of(chains: Sequence[Chain]) -> Iterator[tuple[list[Intent], list[int]]]:
    """Cut chains into pages: intents, and which of them each hangs under (-1 none).

    No chain is cut: what follows a run is in the catalog with it.
    """
    intents: list[Intent] = []
    under: list[int] = []
    for chain in chains:
        if intents and len(intents) + 1 + len(chain.then) > PAGE:
            yield intents, under
            intents, under = [], []
        head = len(intents)
        intents.append(chain.intent)
        under.append(-1)
        for one in chain.then:
            intents.append(one.intent)
            under.append(head + 1 + one.under)
    yield intents, under
