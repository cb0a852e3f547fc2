"""History and Reference Data in the real window, on a real station."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from chrislib.library.model import EntryKind, ItemState
from chrislib.views.library.history_list import HistoryList
from chrislib.views.library.reference_cards import ReferenceCards
from chrislib.views.navigation import ShowFeed, ShowLibrary

Program = Any
LONG = 60_000


@pytest.fixture
def program(program_factory: Any, station: Any) -> Program:
    found = program_factory(station)
    found.window.resize(1440, 900)
    return found


def go(program: Program, section: str, kind: type[Any], name: str) -> Any:
    program.context.navigator.go(ShowLibrary(section))
    program.wait(
        lambda: (
            (found := program.window.findChild(kind, name)) is not None
            and found.isVisible()
        ),
        timeout=LONG,
    )
    return program.window.findChild(kind, name)


def press(view: ReferenceCards, title: str) -> None:
    """Click the button of a card."""
    model: Any = view.model()
    row = next(at for at, one in enumerate(model.shown) if one.title == title)
    index = model.index(row)
    view.scrollTo(index)
    delegate: Any = view.itemDelegate()
    card = delegate._card(view.visualRect(index))
    at = delegate._button(model.shown[row], card).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def own_runs(program: Program) -> set[str]:
    """Return the jobs that were sent from here: the station has those of others."""
    return {
        str(job.key)
        for job in program.services.jobs.jobs()
        if not getattr(job.intent, "found", False)
    }


def titles(view: Any) -> list[str]:
    return [one.title for one in view.model().shown]


def test_references_are_fetched_at_once_hidden_and_taken_out(
    program: Program,
) -> None:
    # The list of new ones is out of sight where other tests fetched all there is.
    go(program, "reference", QWidget, "library.reference")
    new = program.window.findChild(ReferenceCards, "reference.new")
    mine = program.window.findChild(ReferenceCards, "reference.mine")
    program.wait(lambda: len(titles(new)) + len(titles(mine)) >= 4, timeout=LONG)
    # the station is shared: some may have been fetched by another test
    wanted = titles(new)[:2]
    for title in wanted:
        row = titles(new).index(title)
        new.setCurrentIndex(new.model().index(row, 0))
        QTest.keyClick(new, Qt.Key.Key_T)
    if wanted:
        button = program.window.findChild(QAbstractButton, "reference.fetch")
        assert button.text() == f"Fetch {len(wanted)}"
        button.click()
    program.wait(
        lambda: (
            set(wanted) <= set(titles(mine))
            and all(
                one.item.state is ItemState.READY and one.item.size
                for one in mine.model().shown
                if one.title in wanted
            )
        ),
        timeout=LONG,
    )
    title = wanted[0] if wanted else titles(mine)[0]
    row = titles(mine).index(title)
    reference = mine.model().shown[row]
    mine.setCurrentIndex(mine.model().index(row, 0))
    QTest.keyClick(mine, Qt.Key.Key_Delete)
    program.wait(lambda: title not in titles(mine), timeout=LONG)
    # its files are still there: the same run is taken again, nothing runs anew
    jobs = own_runs(program)
    press(new, title)
    program.wait(lambda: title in titles(mine), timeout=LONG)
    assert own_runs(program) == jobs
    now = mine.model().shown[titles(mine).index(title)]
    assert now.item.path == reference.item.path
    # what it held is remembered
    assert now.item.images == reference.item.images
    hidden = program.window.findChild(QAbstractButton, "reference.hidden")
    hidden.click()
    program.wait(
        lambda: any(one.plugin_name == "pl-dircopy" for one in new.model().shown),
        timeout=LONG,
    )
    # it needs to be told what to copy: no click can fetch it
    copy = next(o for o in new.model().shown if o.plugin_name == "pl-dircopy")
    assert copy.hidden
    assert copy.needs_values


def entries_of(history: HistoryList) -> dict[str, Any]:
    model: Any = history.model()
    found = (model.entry(model.index(row, 0)) for row in range(model.rowCount()))
    return {entry.title: entry for entry in found if entry is not None}


def select(history: HistoryList, entry: Any) -> None:
    model: Any = history.model()
    history.setFocus()
    history.selectRow(model.row_of(entry.entry_id))
    history.setCurrentIndex(model.index(model.row_of(entry.entry_id), 0))


def test_history_of_the_station_is_searched_removed_and_leads_to_feeds(
    program: Program, tmp_path: Path
) -> None:
    folder = tmp_path / "walnut scans"
    folder.mkdir()
    (folder / "readme.txt").write_text("walnut")
    library = program.services.library

    async def send() -> Any:
        (item,) = await library.upload(await library.scan([folder]))
        return item

    sent = program.run(send())
    program.wait(
        lambda: library.item(sent.item_id).state is ItemState.READY, timeout=LONG
    )
    path = library.item(sent.item_id).path

    async def feed() -> Any:
        return await program.services.feeds.making.create(
            title="Feed of walnuts", items=[library.item(sent.item_id)]
        )

    program.run(feed(), LONG)
    history = go(program, "overview", HistoryList, "overview.history")
    program.wait(lambda: "walnut scans" in entries_of(history), timeout=LONG)

    def uses() -> Any:
        return program.services.history.feeds_of(entries_of(history)["walnut scans"])

    program.wait(lambda: len(uses()) == 1, timeout=LONG)
    assert uses()[0].title.startswith("Feed of walnuts")
    assert path
    places: list[Any] = []
    program.context.navigator.requested.connect(places.append)
    select(history, entries_of(history)["walnut scans"])
    QTest.keyClick(history, Qt.Key.Key_F)
    assert places[-1] == ShowFeed(uses()[0].feed_id)
    history = go(program, "overview", HistoryList, "overview.history")
    field = program.window.findChild(QLineEdit, "overview.history.filter")
    QTest.keyClicks(field, "scans walnut")
    program.wait(lambda: list(entries_of(history)) == ["walnut scans"], timeout=LONG)
    entry = entries_of(history)["walnut scans"]
    assert entry.kind is EntryKind.UPLOAD
    select(history, entry)
    QTest.keyClick(history, Qt.Key.Key_Delete)
    program.wait(lambda: entries_of(history) == {})
    undo: Callable[[], list[QAbstractButton]] = lambda: [  # noqa: E731
        one
        for one in program.window.findChildren(QAbstractButton)
        if one.text() == "Undo" and one.isVisible()
    ]
    program.wait(lambda: bool(undo()))
    undo()[-1].click()
    program.wait(lambda: "walnut scans" in entries_of(history))
