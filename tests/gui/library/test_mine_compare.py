"""Series put side by side: local ones at once, those of a server with progress."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.library.mine.model import Level, LocalFile, Row, RowId
from chrislib.library.model import Item, ItemId, ItemState, OpenedItem, Source
from chrislib.views.context import ViewContext
from chrislib.views.library.mine.compare import SideBySide
from chrislib.views.messages import Message
from chrislib.views.navigation import OpenViewer

WAIT = 30_000


class Mine:
    """Series of one patient: number 1 to 3 are here, 4 and 5 on a server."""

    async def files(self, row_id: RowId) -> list[LocalFile]:
        return [LocalFile(Path(f"/{row_id}/{n}.dcm")) for n in (1, 2)]

    async def children(self, level: Level, row_id: RowId) -> list[RowId]:
        if level is Level.PATIENT:
            return [RowId(30), RowId(20), RowId(10)]
        return {30: [RowId(1)], 20: [], 10: [RowId(2), RowId(3)]}[row_id]

    async def rows(self, ids: Any, _level: Any = None) -> dict[RowId, Row]:
        return {one: a_row(one, 10) for one in ids}

    def subscribe(self, _listener: Any) -> Any:
        return lambda: None


def a_row(number: int, study: int = 30, **values: Any) -> Row:
    row = Row(
        row_id=RowId(number),
        level=Level.SERIES,
        title="T1",
        patient=RowId(7),
        study=RowId(study),
        study_date=date(2020, 1, 1),
        modality="MR",
        series_key=number if number < 4 else None,
    )
    return replace(row, **values)


def remote(number: int, state: ItemState = ItemState.READY) -> Row:
    item = Item(ItemId(str(number)), Source.PACS, f"far {number}", state, path="a/b")
    return a_row(number, item=item)


@pytest.fixture
def beside(
    ctx: ViewContext, fakes: Any
) -> Iterator[tuple[SideBySide, list[OpenViewer]]]:
    shown: list[OpenViewer] = []
    ctx.navigator.requested.connect(shown.append)
    found = SideBySide(replace(ctx, my_library=Mine()))  # type: ignore[arg-type]
    yield found, shown
    found.shutdown()


def test_two_or_all_in_the_order_they_were_chosen(
    beside: tuple[SideBySide, list[OpenViewer]], qtbot: QtBot
) -> None:
    side, shown = beside
    side.show([a_row(2), a_row(1), a_row(3)], "compare")
    qtbot.waitUntil(lambda: len(shown) == 1, timeout=WAIT)
    assert shown[0].content.layout == "compare"
    parents = [path.parent.name for path in shown[0].content.paths]
    assert parents == ["2", "2", "1", "1"]
    side.show([a_row(2), a_row(1), a_row(3)], "survey")
    qtbot.waitUntil(lambda: len(shown) == 2, timeout=WAIT)
    assert len(shown[1].content.paths) == 6
    # one alone: the earlier one of its kind
    side.show([a_row(1)], "compare")
    qtbot.waitUntil(lambda: len(shown) == 3, timeout=WAIT)
    assert [path.parent.name for path in shown[2].content.paths][::2] == ["1", "2"]


def test_what_is_on_a_server_is_fetched_and_can_be_stopped(
    beside: tuple[SideBySide, list[OpenViewer]],
    fakes: Any,
    posted: list[Message],
    qtbot: QtBot,
) -> None:
    side, shown = beside
    said: list[str] = []
    side.progressed.connect(said.append)
    gate = asyncio.Event()

    async def open_item(item: Item, *, cache: Path, progress: Any) -> OpenedItem:
        progress(3, 30)
        await gate.wait()
        if item.item_id == "5":
            raise ChrislibError("The server does not answer.")
        return OpenedItem(item.title, "dicom", (Path("/far/1.dcm"),))

    fakes.library.open_item = open_item
    assert not side.stop()
    side.show([a_row(1), remote(4)], "compare")
    qtbot.waitUntil(lambda: bool(said) and "3 of 30 files" in said[-1], timeout=WAIT)
    assert "series 2 of 2" in said[-1]
    assert side.stop()
    assert said[-1] == ""
    gate.set()
    side.show([a_row(1), remote(4), remote(5)], "survey")
    qtbot.waitUntil(lambda: len(shown) == 1, timeout=WAIT)
    assert shown[0].content.paths[-1] == Path("/far/1.dcm")
    assert any("does not answer" in one.title for one in posted)
    assert any(one.title.startswith("1 series could not") for one in posted)
    # with nothing to put beside it, it says so and stays
    side.show([remote(4, ItemState.ON_THE_WAY)], "compare")
    told = len(posted)
    qtbot.waitUntil(lambda: len(posted) > told, timeout=WAIT)
    assert posted[-1].title.startswith("1 series could not")
    assert len(shown) == 1
