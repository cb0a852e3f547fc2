"""The files of many pairs, listed behind the scenes: pairs, progress, and Stop."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.aio import several
from chrislib.feeds.compare_known import Known
from chrislib.feeds.compare_model import FilesCompared, RunsCompared
from chrislib.feeds.compare_nodes import NodePair
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.feeds.compare_pairs import PairList
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import ElidedLabel, line

MOST = 200
"""So many pairs are read by themselves; of more those in sight, all when asked."""
_AT_ONCE = 2
"""Pairs: each asks for the folders of both sides."""
_SCROLLED_MS = 150


class FilesBehind(QWidget):
    """Lists the files of pairs in their order; the pairs over a strip that tells.

    Parameters
    ----------
    view : PairList
        The pairs.
    known : Known
        What was found already.
    read : callable
        Gets what differs in values, of pairs beyond the first `MOST`.
    found : callable
        Gets a place, and the files of both nodes there.
    """

    def __init__(
        self,
        context: ViewContext,
        view: PairList,
        *,
        known: Known,
        read: Callable[[dict[str, RunsCompared]], None],
        found: Callable[[str, FilesCompared], None],
    ) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._view = view
        self._known = known
        self._read = read
        self._found = found
        self._tasks = context.tasks("compare behind")
        self._pairs: dict[str, NodePair] = {}
        self._wanted: dict[str, NodePair] = {}
        self._tried: set[str] = set()
        self._later: set[str] = set()
        self._aside = ""
        self._running = self._stopped = False
        self.setObjectName("compare.behind")
        self.words = ElidedLabel(
            theme, style="caption", token="text.secondary", name="compare.behind.words"
        )
        self.stop_button = button(
            theme, "Stop", name="compare.behind.stop",
            tooltip="Do not list files of further nodes", small=True,
        )  # fmt: skip
        self.go_button = button(
            theme, "Compare all", name="compare.behind.go",
            tooltip="List the files of all nodes on both sides", small=True,
        )  # fmt: skip
        strip = QWidget()
        row = QHBoxLayout(strip)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.stop_button)
        row.addWidget(self.go_button)
        # as high with its button as without: nothing above it moves
        strip.setMinimumHeight(theme.px(40))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(view, 1)
        column.addWidget(line())
        column.addWidget(strip)
        self._scrolled = QTimer(self, singleShot=True, interval=_SCROLLED_MS)
        self._scrolled.timeout.connect(self._look_around)
        bar = view.verticalScrollBar()
        for moved in (bar.valueChanged, bar.rangeChanged):
            moved.connect(lambda *_: self._scrolled.start())
        self.stop_button.clicked.connect(self.stop)
        self.go_button.clicked.connect(self.go)
        self._say()

    @property
    def busy(self) -> bool:
        """Whether files are being listed."""
        return bool(self._tasks.pending) or self._scrolled.isActive()

    def show_pairs(self, pairs: Sequence[NodePair]) -> None:
        """Begin with other pairs; of many, with those in sight."""
        self.end()
        self._pairs = {one.place: one for one in pairs if one.left and one.right}
        self._later = set(list(self._pairs)[MOST:])
        self._stopped = False
        if len(self._pairs) <= MOST:
            self._wanted = dict(self._pairs)
        else:
            self._scrolled.start()
        self._begin()

    def leave_out(self, place: str) -> None:
        """Leave the highlighted pair to who lists its files; others follow."""
        self._aside = place
        self._begin()

    def told(self, place: str) -> None:
        """Say how far it is: the files of a pair are known, or cannot be."""
        self._tried.add(place)
        self._wanted.pop(place, None)
        self._say()

    def go(self) -> None:
        """List the files of all pairs that are left, in order (network)."""
        self._stopped = False
        self._tried.clear()
        self._wanted = {
            place: pair
            for place, pair in self._pairs.items()
            if not self._known.counted(place)
        }
        self._begin()

    def stop(self) -> None:
        """List no more; what was found stays."""
        self._tasks.cancel_all()
        self._scrolled.stop()
        self._wanted = {}
        self._running, self._stopped = False, True
        self._say()

    def end(self) -> None:
        """End what runs, and forget the pairs."""
        self.stop()
        self._pairs, self._aside = {}, ""
        self._tried.clear()
        self._say()

    # -- inside ------------------------------------------------------------------

    def _look_around(self) -> None:
        """Of very many pairs, go on with those in sight."""
        if self._stopped or self._running or len(self._pairs) <= MOST:
            return
        self._wanted = {
            one.place: one
            for one in self._view.in_sight()
            if one.place in self._pairs
            and one.place not in self._tried
            and not self._known.counted(one.place)
        }
        self._begin()

    def _begin(self) -> None:
        if not self._running and self._next(take=False) is not None:
            self._running = True
            self._tasks.start(
                several(range(_AT_ONCE), self._work, at_once=_AT_ONCE),
                name="files",
                done=lambda _nothing: self._ended(),
                failed=self._broke,
            )
        self._say()

    def _next(self, *, take: bool = True) -> NodePair | None:
        places = (one for one in self._wanted if one != self._aside)
        place = next(places, None)
        if place is None:
            return None
        return self._wanted.pop(place) if take else self._wanted[place]

    async def _work(self, _number: int) -> None:
        """Read one pair after another (network)."""
        comparing = self._context.feeds.comparing
        while (pair := self._next()) is not None:
            if pair.left is None or pair.right is None:
                continue
            if pair.place in self._later and pair.place not in self._known.runs:
                self._read(await comparing.pairs([pair]))
            if not self._known.counted(pair.place):
                files = await comparing.files(pair.left, pair.right)
                self._found(pair.place, files)

    def _ended(self) -> None:
        self._running = False
        # what is in sight may be other pairs by now
        if len(self._pairs) > MOST and not self._wanted:
            self._scrolled.start()
        self._begin()

    def _broke(self, error: BaseException) -> None:
        self.stop()
        self._tasks.report(error)

    def _say(self) -> None:
        total = len(self._pairs)
        done = total - self._known.unlisted if total else 0
        going = self._running or self._aside in self._wanted
        if going:
            words = f"Comparing files: {done:,} of {total:,}"
        elif done < total:
            words = f"Files of {count(total - done, 'pair')} not compared"
        else:
            words = "Files compared by name and size" if total else ""
        self.words.setText(words)
        self.stop_button.setVisible(going)
        self.go_button.setVisible(not going and done < total)
