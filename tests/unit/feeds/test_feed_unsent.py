"""Drafts of notes and comments: there again after the program died."""

from pathlib import Path

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.drafts import DraftRow
from chrislib.errors import ChrislibError
from chrislib.feeds.unsent import Draft, Unsent


async def test_what_was_typed_is_there_after_the_program_died(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.db")
    await catalog.open()
    whose = 1
    unsent = Unsent(catalog.drafts, account=lambda: whose)
    for text in ("f", "fi", "first visit"):
        unsent.put("note", 812, Draft(text, "base", 7.0))
    unsent.put("comment", 812, Draft("half a", at=8.0))
    # at once what was typed last, written or not
    assert await unsent.get("note", 812) == Draft("first visit", "base", 7.0)
    await unsent.close()
    await catalog.close()

    catalog = Catalog(tmp_path / "catalog.db")
    await catalog.open()
    unsent = Unsent(catalog.drafts, account=lambda: whose)
    assert await unsent.get("note", 812) == Draft("first visit", "base", 7.0)
    assert await unsent.get("comment", 812) == Draft("half a", at=8.0)
    # numbers of feeds mean others for another account
    whose = 2
    assert await unsent.get("note", 812) is None
    whose = 1
    unsent.put("note", 812, None)
    assert await unsent.get("note", 812) is None
    await unsent.close()
    assert await catalog.drafts.get(1, "note", 812) is None
    assert await catalog.drafts.get(1, "comment", 812) is not None
    # the oldest make room
    for feed_id in range(4):
        row = DraftRow(
            account_id=1,
            kind="note",
            feed_id=feed_id,
            text="x",
            base="",
            at=100.0 + feed_id,
        )
        await catalog.drafts.put(row, most=3)
    found = [await catalog.drafts.get(1, "note", feed_id) for feed_id in range(4)]
    assert [row is not None for row in found] == [False, True, True, True]
    await catalog.close()


class FullDisk:
    """Refuses all but reading."""

    async def get(self, account_id: int, kind: str, feed_id: int) -> DraftRow | None:
        return None

    async def put(self, draft: DraftRow) -> None:
        raise ChrislibError("The disk is full.")

    async def drop(self, account_id: int, kind: str, feed_id: int) -> None:
        raise ChrislibError("The disk is full.")


@pytest.mark.parametrize("shelf", [None, FullDisk()])
async def test_without_a_disk_a_draft_stays_until_the_end(
    shelf: FullDisk | None,
) -> None:
    unsent = Unsent(shelf, account=lambda: 1)
    unsent.put("note", 3, Draft("text"))
    await unsent.close()
    assert await unsent.get("note", 3) == Draft("text")
    unsent.put("note", 3, None)
    await unsent.close()
    assert await unsent.get("note", 3) is None
