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
from chrislib.views.widgets import thumbs
from chrislib.views.widgets.thumbs import Look, Subject, ThumbStore

WAIT = 30_000


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


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


def test_a_server_in_trouble_is_asked_again_after_a_while(
    store: ThumbStore, neighbours: Any, fakes: Any, qtbot: QtBot
) -> None:
    stored(neighbours)["SERVICES/PACS/A/1/0.dcm"] = sample("CT_small.dcm").read_bytes()
    neighbours.session.fake.files.error = ServerUnreachable("No answer.")
    item = an_item()
    assert store.pixmap(item) is None
    qtbot.waitUntil(
        lambda: store.state(Subject.of_item(item)) is Look.NONE, timeout=WAIT
    )
    neighbours.session.fake.files.error = None
    assert store.pixmap(item) is None
    assert store.state(Subject.of_item(item)) is Look.NONE
    fakes.now += 120
    qtbot.waitUntil(lambda: store.pixmap(item) is not None, timeout=WAIT)


def test_local_series_are_shown_scrubbed_and_let_go(
    ctx: ViewContext, fakes: Any, qtbot: QtBot
) -> None:
    paths = [sample("CT_small.dcm"), sample("MR_small.dcm"), sample("JPEG2000.dcm")]
    fakes.chooser.files = dict.fromkeys(range(40), paths)
    store = ThumbStore(ctx)
    first, broken = Subject.of_series(0), Subject.of_series(99)
    assert store.picture(first, 100) is None
    assert store.state(first) is Look.WAITING
    qtbot.waitUntil(lambda: store.picture(first, 100) is not None, timeout=WAIT)
    assert store.state(first) is Look.READY
    picture = store.picture(first, 100)
    assert picture is not None
    assert (picture.width(), picture.height()) == (64, 64)  # not enlarged
    assert store.picture(broken) is None
    qtbot.waitUntil(lambda: store.state(broken) is Look.NONE, timeout=WAIT)
    # moving across it shows other images
    assert store.scrub(first, 0.0) is None
    qtbot.waitUntil(lambda: store.scrub(first, 0.0) is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: store.scrub(first, 1.0) is not None, timeout=WAIT)
    begin, end = store.scrub(first, 0.0), store.scrub(first, 1.0)
    assert begin is not None
    assert end is not None
    assert begin.size() != end.size()
    assert store.scrub(Subject.of_item(an_item()), 0.5) is None
    # what is in sight is asked for, then what is near; the rest is let go
    grid = object()
    store.look_at(grid, [Subject.of_series(n) for n in range(20, 30)])
    store.look_at(grid, [Subject.of_series(1)], [Subject.of_series(2)])
    for number in (1, 2):
        qtbot.waitUntil(
            lambda: store.state(Subject.of_series(number)) is Look.READY,  # noqa: B023
            timeout=WAIT,
        )
    service: Any = ctx.thumbnails
    assert list(service._wishes) == []
    store.shutdown()


def test_memory_is_bounded_and_pictures_come_back(
    ctx: ViewContext, fakes: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbs, "_BYTES", 128 * 128 * 4 * 3)
    fakes.chooser.files = {number: [sample("CT_small.dcm")] for number in range(6)}
    store = ThumbStore(ctx)
    for number in range(6):
        subject = Subject.of_series(number)
        qtbot.waitUntil(
            lambda: store.picture(subject) is not None,  # noqa: B023
            timeout=WAIT,
        )
    assert store._bytes <= 128 * 128 * 4 * 3
    gone = Subject.of_series(0)
    assert store.state(gone) is Look.WAITING
    qtbot.waitUntil(lambda: store.picture(gone) is not None, timeout=WAIT)
    store.shutdown()
