"""Thumbnails: made of one file, kept, and nobody's problem when there is none."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import ServerUnreachable
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.views.context import ViewContext
from chrislib.views.widgets.thumbs import Look, Subject, ThumbStore


def an_item(path: str = "SERVICES/PACS/A/1", **others: Any) -> Item:
    values: dict[str, Any] = {
        "item_id": ItemId("one"),
        "source": Source.PACS,
        "title": "CT",
        "state": ItemState.READY,
        "path": path,
        "series_uid": "1.2.3",
    }
    return Item(**{**values, **others})


@pytest.fixture
def store(library: Any, ctx: ViewContext, qtbot: QtBot) -> Any:
    found = ThumbStore(ctx)
    yield found
    found.shutdown()


def stored(neighbours: Any) -> dict[str, bytes]:
    files: dict[str, bytes] = neighbours.session.fake.files.stored
    return files


def test_a_series_gets_its_middle_picture(
    store: ThumbStore, neighbours: Any, qtbot: QtBot, ctx: ViewContext
) -> None:
    data = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
    for number in range(3):
        stored(neighbours)[f"SERVICES/PACS/A/1/{number}.dcm"] = data
    item = an_item()
    assert store.pixmap(item) is None
    qtbot.waitUntil(lambda: store.pixmap(item) is not None, timeout=30_000)
    assert neighbours.session.fake.files.reads == ["SERVICES/PACS/A/1/1.dcm"]
    image = store.pixmap(item).toImage()  # type: ignore[union-attr]
    assert image.width() == image.height() == 112
    assert not list((ctx.paths.cache / "samples").iterdir())
    # the next start finds it on this computer
    again = ThumbStore(ctx)
    neighbours.session.client = None
    assert again.pixmap(item) is None
    qtbot.waitUntil(lambda: again.pixmap(item) is not None)
    # nor is another size of it fetched
    assert again.picture(Subject.of_item(item), 300) is None
    qtbot.waitUntil(lambda: again.picture(Subject.of_item(item), 300) is not None)
    assert len(neighbours.session.fake.files.reads) == 1
    again.shutdown()


def test_what_has_no_picture_stays_without(
    store: ThumbStore, neighbours: Any, qtbot: QtBot, made: ModuleType
) -> None:
    stored(neighbours)["a/b/table.csv"] = b"1,2"
    stored(neighbours)["c/d/broken.dcm"] = b"no DICOM"
    waiting = an_item("x/y", state=ItemState.ON_THE_WAY)
    table, broken = an_item("a/b"), an_item("c/d")
    for item in (waiting, table, broken, None):
        assert store.pixmap(item) is None
    for item in (waiting, table, broken):
        subject = Subject.of_item(item)
        qtbot.waitUntil(lambda: store.state(subject) is Look.NONE)  # noqa: B023
        assert store.pixmap(item) is None


def test_without_a_connection_it_is_asked_again_later(
    store: ThumbStore, neighbours: Any, qtbot: QtBot
) -> None:
    data = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
    stored(neighbours)["SERVICES/PACS/A/1/0.dcm"] = data
    neighbours.session.fake.files.error = ServerUnreachable("No answer.")
    client, neighbours.session.client = neighbours.session.client, None
    neighbours.session.tell()
    item = an_item()
    assert store.pixmap(item) is None
    qtbot.waitUntil(lambda: store.state(Subject.of_item(item)) is Look.NONE)
    neighbours.session.fake.files.error = None
    neighbours.session.client = client
    with qtbot.waitSignal(store.changed):
        neighbours.session.tell()
    assert store.pixmap(item) is None
    qtbot.waitUntil(lambda: store.pixmap(item) is not None, timeout=30_000)
