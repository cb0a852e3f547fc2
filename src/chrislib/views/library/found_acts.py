"""What can be done with results: tick, pull, view, cancel, look at only these."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QModelIndex, QObject, QPoint, Qt, Signal

from chrislib.library.found import patient_key, study_key
from chrislib.library.model import EntryId, ItemState
from chrislib.library.names import clean
from chrislib.views.context import ViewContext
from chrislib.views.library.found_model import FoundModel, Node
from chrislib.views.library.found_tree import FoundTree
from chrislib.views.library.opening import ItemOpener

_ASKABLE = {ItemState.WANTED, ItemState.CANCELLED, ItemState.FAILED}


class FoundActs(QObject):
    """The verbs of the results.

    Parameters
    ----------
    entry : callable
        Gives the History entry that what is pulled belongs to.
    """

    only_asked = Signal(object, object)
    """Patients and studies that alone are to be shown, key to words each."""

    def __init__(
        self,
        ctx: ViewContext,
        tree: FoundTree,
        model: FoundModel,
        *,
        opener: ItemOpener,
        entry: Callable[[], EntryId | None],
    ) -> None:
        super().__init__(tree)
        self._ctx = ctx
        self._tree = tree
        self._model = model
        self._opener = opener
        self._entry = entry
        self._tasks = ctx.tasks("pacs pulls")
        tree.ticked.connect(self._tick_index)
        tree.acted.connect(self._act_index)
        tree.opened.connect(self._open_index)
        tree.key_pressed.connect(self._key)
        tree.menu_asked.connect(self._menu)

    def shutdown(self) -> None:
        """Cancel what runs here; pulls are jobs and go on."""
        self._tasks.cancel_all()

    def wanted(self) -> list[Node]:
        """Return the series that are ticked, shown and not asked for."""
        found: list[Node] = []
        for item in self._ctx.library.tray.items():
            if item.series_uid and item.state in _ASKABLE:
                for branch in self._model.branches_of(item.series_uid)[:1]:
                    found += [
                        leaf
                        for leaf in branch.leaves()
                        if leaf.series is not None
                        and leaf.series.series_uid == item.series_uid
                    ]
        return found

    def pull(self, nodes: Iterable[Node]) -> None:
        """Bring everything below some nodes into the Library."""
        wanted = [row for node in nodes for row in node.found()]
        if wanted:
            self._tasks.start(
                self._ctx.library.pull(wanted, entry_id=self._entry()), name="pull"
            )

    def _nodes(self) -> list[Node]:
        found = (self._model.node(index) for index in self._tree.highlighted())
        return [node for node in found if node is not None]

    def _key(self, key: str) -> None:
        if key == "T":
            self._tick(self._nodes())
        elif key == "Shift+T":
            self._tick(list(self._model.roots))
        elif key == "A":
            self.pull(self._nodes() or self.wanted())
        elif key == "O":
            self._only(self._nodes())
        elif key in (" ", "E"):
            self._look_at(self._nodes()[:1])

    def _tick_index(self, index: QModelIndex) -> None:
        node = self._model.node(index)
        if node is not None:
            nodes = self._nodes()
            self._tick(nodes if node in nodes and len(nodes) > 1 else [node])

    def _tick(self, nodes: Iterable[Node]) -> None:
        nodes = list(nodes)
        leaves = [leaf for node in nodes for leaf in node.leaves()]
        checked = Qt.CheckState.Checked
        off = all(self._model.check_state(node) == checked for node in nodes)
        tray = self._ctx.library.tray
        if off:
            items = (self._model.item_of(leaf) for leaf in leaves)
            tray.remove(*(item.item_id for item in items if item is not None))
            return
        wanted = [row for leaf in leaves for row in leaf.found()]

        async def tick() -> None:
            items = await self._ctx.library.want(wanted)
            tray.add(*(item.item_id for item in items))

        self._tasks.start(tick(), name="tick")

    def _act_index(self, index: QModelIndex) -> None:
        node = self._model.node(index)
        if node is None:
            return
        word = self._model.action(node)
        item = self._model.item_of(node)
        if word == "View":
            self._look_at([node])
        elif word == "Cancel" and item is not None:
            self._tasks.start(self._ctx.library.cancel(item.item_id), name="cancel")
        elif word:
            self.pull([node])

    def _open_index(self, index: QModelIndex) -> None:
        node = self._model.node(index)
        if node is None:
            return
        if node.series is None:
            first = self._model.index_of(node)
            self._tree.setExpanded(first, not self._tree.isExpanded(first))
        else:
            self._look_at([node])

    def _look_at(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            item = self._model.item_of(node)
            if item is not None and item.state is ItemState.READY:
                self._opener.open(item)

    def _only(self, nodes: Iterable[Node]) -> None:
        patients: dict[tuple[str, str], str] = {}
        studies: dict[tuple[str, str], str] = {}
        for node in nodes:
            if node.study is None:
                patients[patient_key(node.patient)] = self._model.title(node)
            else:
                day = str(node.study.date or "")
                words = clean(node.study.description) or "(no description)"
                studies[study_key(node.study)] = f"{words} {day}".strip()
        if patients or studies:
            self.only_asked.emit(patients, studies)

    def _menu(self, at: QPoint) -> None:
        nodes = self._nodes()
        if not nodes:
            return
        level = "these patients" if nodes[0].study is None else "these studies"
        self._tree.popup(
            at,
            [
                ("Add", "A", lambda: self.pull(nodes)),
                ("View", "E", lambda: self._look_at(nodes[:1])),
                ("Tick or untick", "T", lambda: self._tick(nodes)),
                (f"Only {level}", "O", lambda: self._only(nodes)),
            ],
        )
