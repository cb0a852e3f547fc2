"""The context menu of rows: everything the keys do, and the collections."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from chrislib.library.mine.model import (
    QUICK,
    CollectionId,
    CollectionKind,
    Level,
    Row,
    RowId,
)
from chrislib.library.model import ItemState
from chrislib.library.words import count
from chrislib.views.library.mine.paint import LABEL_WORDS
from chrislib.views.library.mine.sections import can_remove

if TYPE_CHECKING:
    from chrislib.views.library.mine.page import MinePage

_WAITS = frozenset({ItemState.WANTED, ItemState.CANCELLED, ItemState.FAILED})


def row_menu(
    page: "MinePage", rows: Sequence[Row], ids: Sequence[RowId], *, level: Level
) -> QMenu:
    """Return the menu of highlighted rows.

    Parameters
    ----------
    rows : sequence of Row
        The first of them, by which the verbs are chosen.
    ids : sequence of RowId
        All of them.
    """
    menu = QMenu(page)
    menu.setObjectName("mine.menu")
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    acts, first = page.acts, rows[0]
    folder = first.level in (Level.PATIENT, Level.STUDY)

    def add(words: str, do: Callable[[], object]) -> None:
        menu.addAction(words).triggered.connect(lambda _on=False: do())

    if folder and len(ids) == 1:
        add("Open\tReturn", lambda: page.go_into(first))
    add("View\tE", lambda: page.hands.press("E"))
    if len(ids) > 1:
        add("Compare\tC", lambda: page.hands.press("C"))
    add("Tick or untick\tT", lambda: page.hands.press("T"))
    states = {row.state for row in rows}
    if states & _WAITS:
        add("Add\tA", lambda: page.hands.press("A"))
    if ItemState.ON_THE_WAY in states:
        add("Cancel", lambda: acts.cancel(level, ids))
    add("Get files …\tD", lambda: acts.get_files(level, ids))
    add("Create feed …", lambda: acts.new_feed(level, ids))
    menu.addSeparator()
    _marks(menu, page)
    add("Keywords\tK", lambda: page.hands.press("K"))
    menu.addSeparator()
    _collections(menu, page, ids, level=level)
    menu.addSeparator()
    spot = page.spot
    if spot.collection is not None and can_remove(spot, acts.collections):
        inside = spot.collection
        add("Take out of the collection\tDel", lambda: acts.remove_from(inside, ids))
        add("Remove from My Library …", lambda: acts.remove(level, ids))
    else:
        add("Remove from My Library …\tDel", lambda: acts.remove(level, ids))
    return menu


def _marks(menu: QMenu, page: "MinePage") -> None:
    def add(to: QMenu, words: str, key: str) -> None:
        to.addAction(f"{words}\t{key}").triggered.connect(
            lambda _on=False: page.hands.press(key)
        )

    flags = menu.addMenu("Flag")
    for words, key in (("Pick", "P"), ("Reject", "X"), ("No flag", "U")):
        add(flags, words, key)
    stars = menu.addMenu("Stars")
    for number in range(6):
        said = "No star" if not number else count(number, "star")
        add(stars, said, str(number))
    labels = menu.addMenu("Label")
    for number, words in LABEL_WORDS.items():
        add(labels, words, str(number))


def _collections(
    menu: QMenu, page: "MinePage", ids: Sequence[RowId], *, level: Level
) -> None:
    into = menu.addMenu("Add to collection")
    into.setObjectName("mine.menu.collections")

    def add(words: str, collection_id: CollectionId) -> None:
        into.addAction(words.replace("&", "&&")).triggered.connect(
            lambda _on=False: page.acts.add_to(collection_id, level, ids)
        )

    add("Quick collection\tB", QUICK)
    for one in page.acts.collections:
        if one.kind is CollectionKind.MANUAL:
            add(one.title, one.collection_id)
    into.addSeparator()
    into.addAction("New collection …").triggered.connect(
        lambda _on=False: page.new_collection_asked.emit(level, list(ids))
    )
