"""One work list in memory: the states of its rows; their words stay on disk."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from chrislib.aio import Breather
from chrislib.library import words
from chrislib.library.model import Item, ItemState
from chrislib.library.worklist.asking import (
    Candidate,
    candidates,
    judge,
    names_one_study,
)
from chrislib.library.worklist.model import ListHead, ListRow, RowState
from chrislib.library.worklist.packing import unpack

_MOVING = {ItemState.ON_THE_WAY, ItemState.REGISTERING}
_ENDED = {ItemState.FAILED, ItemState.CANCELLED, ItemState.GONE}


class OpenList:
    """The rows of a list by number: state and series, nothing that takes room.

    Parameters
    ----------
    head : ListHead
    item : callable
        Gives the Library's item of a series UID.
    """

    def __init__(self, head: ListHead, *, item: Callable[[str], Item | None]) -> None:
        self.head = head
        self._item = item
        self.states: list[RowState] = [RowState.WAITING] * head.total
        self._counts = Counter({RowState.WAITING: head.total})
        self._series: dict[int, tuple[str, ...]] = {}
        self._rows_of: dict[str, list[int]] = {}

    async def fill(self, rows: Sequence[tuple[int, str, str, str]]) -> None:
        """Take over what the catalog knows, a piece at a time.

        `rows` are number, state, what was found and the choice.
        """
        breather = Breather()
        for number, state, found, choice in rows:
            known = _state(state)
            self._set(number, known)
            if known.settled:
                # what was found once is the same series seen as patient or as study
                one = choice.startswith("study:")
                self.settle(number, chosen_of(found, choice, one_study=one))
            await breather.rest()

    @property
    def counts(self) -> Counter[RowState]:
        """How many rows there are of each state."""
        return +self._counts

    def numbers(self, states: Iterable[RowState] = ()) -> Sequence[int]:
        """Return the numbers of the rows in some states; of all for none."""
        # a tuple is searched by identity: a hundred thousand times no hash is made
        wanted = tuple(states)
        if not wanted:
            return range(len(self.states))
        return [at for at, state in enumerate(self.states) if state in wanted]

    def rows_of(self, series_uid: str) -> Sequence[int]:
        """Return the rows that mean a series."""
        return self._rows_of.get(series_uid, ())

    def settle(self, number: int, chosen: Candidate | None) -> tuple[RowState, str]:
        """Note which series a row means; return its state by the Library."""
        if chosen is None:
            self._set(number, RowState.WAITING)
            return RowState.WAITING, ""
        uids = tuple(series.series_uid for _, _, series in chosen.found())
        self._series[number] = uids
        for uid in uids:
            rows = self._rows_of.setdefault(uid, [])
            if number not in rows:
                rows.append(number)
        return self.look(number)

    def put(self, number: int, state: RowState) -> None:
        """Note another state of a row that means no series."""
        self._series.pop(number, None)
        self._set(number, state)

    def look(self, number: int) -> tuple[RowState, str]:
        """Return state and words of a settled row, by what the Library has."""
        items = [self._item(uid) for uid in self._series.get(number, ())]
        state, reason = by_items(items)
        self._set(number, state)
        return state, reason

    def _set(self, number: int, state: RowState) -> None:
        self._counts[self.states[number]] -= 1
        self._counts[state] += 1
        self.states[number] = state

    def series(self, number: int) -> tuple[str, ...]:
        """Return the series a row means."""
        return self._series.get(number, ())

    def meant(self, row: ListRow) -> Candidate | None:
        """Return what a row means, None while that is open."""
        one = names_one_study(self.head.columns, row.cells)
        return chosen_of(row.found, row.choice, one_study=one)

    def choices(self, row: ListRow) -> tuple[Candidate, ...]:
        """Return what a row can mean."""
        one = names_one_study(self.head.columns, row.cells)
        return candidates(unpack(row.found), one_study=one)


def by_items(items: Sequence[Item | None]) -> tuple[RowState, str]:
    """Return state and words of a row by the items of its series."""
    states = [item.state if item is not None else None for item in items]
    here = states.count(ItemState.READY)
    part = f"{here} of {words.series(len(states))} here"
    if states and here == len(states):
        short = [item.detail for item in items if item is not None and item.detail]
        return RowState.PULLED, short[0] if short else words.series(here)
    if any(state in _MOVING for state in states):
        return RowState.PULLING, part
    ended = [item for item in items if item is not None and item.state in _ENDED]
    if ended:
        return RowState.STOPPED, words.join(part, ended[0].detail)
    return RowState.FOUND, part if here else words.series(len(states))


def chosen_of(found: str, choice: str, *, one_study: bool) -> Candidate | None:
    """Return the one candidate a row means: the chosen one, or the only one."""
    known = candidates(unpack(found), one_study=one_study)
    if choice:
        return next((one for one in known if one.key == choice), None)
    return known[0] if len(known) == 1 else None


def judged(found: str, *, one_study: bool) -> tuple[RowState, str, Candidate | None]:
    """Return state, words and meaning of a row that was answered."""
    known = candidates(unpack(found), one_study=one_study)
    state, reason = judge(known, one_study=one_study)
    return state, reason, known[0] if state is RowState.FOUND else None


def _state(text: str) -> RowState:
    try:
        return RowState(text)
    except ValueError:
        return RowState.WAITING
