"""Work side by side: the order kept, so many at once, and one failure ends all."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.aio import several, spawn, together


class Busy:
    """Work that notes what begins and ends, and waits to be let go on."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.cancelled: list[int] = []
        self.doors: dict[int, asyncio.Future[str]] = {}

    async def work(self, item: int) -> str:
        self.begun.append(item)
        door = self.doors.setdefault(item, asyncio.get_running_loop().create_future())
        try:
            result = await door
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        self.ended.append(item)
        return result


async def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not happen")


@settings(deadline=None, max_examples=50)
@given(
    turns=st.lists(st.integers(min_value=0, max_value=4), max_size=12),
    at_once=st.integers(min_value=1, max_value=5),
)
def test_results_keep_the_order_and_no_more_are_at_work(
    turns: list[int], at_once: int
) -> None:
    now, most = 0, 0
    told: list[tuple[int, int]] = []

    async def work(turn: int) -> tuple[str, int]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(turn):
            await asyncio.sleep(0)
        now -= 1
        return "done", turn

    found = asyncio.run(
        several(
            turns, work, at_once=at_once, progress=lambda *count: told.append(count)
        )
    )
    assert found == [("done", turn) for turn in turns]
    assert most <= at_once
    assert told == [(number + 1, len(turns)) for number in range(len(turns))]


async def test_as_many_as_allowed_are_at_work() -> None:
    busy = Busy()
    task = spawn(several(range(5), busy.work, at_once=2), name="several")
    await until(lambda: busy.begun == [0, 1])
    busy.doors[1].set_result("one")
    await until(lambda: busy.begun == [0, 1, 2])
    for number in (2, 3, 4, 0):
        await until(lambda number=number: number in busy.doors)  # type: ignore[misc]
        busy.doors[number].set_result(str(number))
    assert await task == ["0", "one", "2", "3", "4"]


async def test_a_failure_ends_all_and_is_raised_itself() -> None:
    busy = Busy()
    failure = OSError("disk full")
    failure.__cause__ = cause = ValueError("why")
    task = spawn(
        several(range(4), busy.work, at_once=2),
        name="several",
        on_error=lambda _error: None,
    )
    await until(lambda: busy.begun == [0, 1])
    busy.doors[0].set_exception(failure)
    # it could go on to the next item in the same turn
    busy.doors[1].set_result("one")
    with pytest.raises(OSError, match="disk full") as raised:
        await task
    assert raised.value is failure
    assert failure.__cause__ is cause
    assert busy.begun == [0, 1]


async def test_what_is_under_way_ends_before_the_failure_is_told() -> None:
    busy = Busy()
    task = spawn(
        several(range(4), busy.work, at_once=3),
        name="several",
        on_error=lambda _error: None,
    )
    await until(lambda: busy.begun == [0, 1, 2])
    busy.doors[1].set_exception(KeyError("one"))
    with pytest.raises(KeyError):
        await task
    assert busy.begun == [0, 1, 2]
    assert sorted(busy.cancelled) == [0, 2]


async def test_work_that_is_cancelled_by_itself_is_no_result() -> None:
    busy = Busy()
    task = spawn(several(range(3), busy.work, at_once=1), name="several")
    await until(lambda: busy.begun == [0])
    busy.doors[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert busy.begun == [0]


async def test_a_cancel_from_outside_cancels_all() -> None:
    busy = Busy()
    task = spawn(several(range(4), busy.work, at_once=2), name="several")
    await until(lambda: busy.begun == [0, 1])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert busy.begun == [0, 1]
    assert sorted(busy.cancelled) == [0, 1]


async def test_many_items_that_need_no_waiting_let_others_run() -> None:
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def work(item: int) -> int:
        return sum(range(item))

    other = spawn(beside(), name="beside")
    await several([20_000] * 100, work, at_once=4)
    other.cancel()
    assert turns > 2


async def test_different_things_are_asked_together() -> None:
    busy = Busy()

    async def length(text: str) -> int:
        await asyncio.sleep(0)
        return len(text)

    task = spawn(together(busy.work(7), length("four")), name="together")
    await until(lambda: busy.begun == [7])
    busy.doors[7].set_result("seven")
    word, number = await task
    assert (word.upper(), number + 1) == ("SEVEN", 5)
    assert await together(length(""), length("a"), length("bc")) == (0, 1, 2)


async def test_a_failure_leaves_none_of_the_others_running() -> None:
    busy = Busy()
    failure = OSError("away")

    async def fail() -> None:
        await until(lambda: busy.begun == [1, 2])
        raise failure

    with pytest.raises(OSError, match="away") as raised:
        await together(busy.work(1), fail(), busy.work(2))
    assert raised.value is failure
    assert sorted(busy.cancelled) == [1, 2]
