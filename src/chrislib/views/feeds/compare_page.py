"""Compare two feeds or two runs: node by node, values, files, pictures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QSplitter, QStackedWidget

from chrislib.aio import Progress, several
from chrislib.feeds.collect_model import FeedNodes
from chrislib.feeds.compare_files import FilePair
from chrislib.feeds.compare_known import Known
from chrislib.feeds.compare_model import FilesCompared, RunsCompared
from chrislib.feeds.compare_nodes import NodePair, match_nodes
from chrislib.feeds.compare_text import PairReport, Report
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.feeds.collect_cover import Cover, Work
from chrislib.views.feeds.compare_behind import MOST, FilesBehind
from chrislib.views.feeds.compare_pairs import PairList, PairModel
from chrislib.views.feeds.compare_pictures import PicturePair
from chrislib.views.feeds.compare_rows import CompareModel, CompareTree
from chrislib.views.feeds.compare_sections import sections_of, shown_runs
from chrislib.views.feeds.compare_sides import Side, SidePicker, Sides
from chrislib.views.feeds.compare_taking import TakingAlong
from chrislib.views.feeds.hidden_titles import HiddenTitles
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import line

if TYPE_CHECKING:
    from chrislib.feeds.compare import Comparing

_ONLY = "feeds.compare.only"


class ComparePage(Cover):
    """The page.

    Parameters
    ----------
    feeds : sequence of (int, str)
        The feeds that can be chosen: number and title.
    left, right : Side
        What is compared at first.
    file : str
        Path of the file to begin with, "" for none.
    """

    def __init__(
        self,
        context: ViewContext,
        feeds: Sequence[tuple[int, str]],
        *,
        left: Side,
        right: Side,
        file: str = "",
    ) -> None:
        super().__init__(context, "Compare", name="compare")
        theme = context.theme
        self._context = context
        self._feeds = list(feeds)
        self._known: dict[int, FeedNodes] = {}
        self._pairs: list[NodePair] = []
        self._pair: NodePair | None = None
        self._file = file
        self.known = Known()
        self._tasks = context.tasks("compare")
        self._pair_tasks = context.tasks("compare pair")
        self._value_tasks = context.tasks("compare values")
        self._titles = HiddenTitles(context, self)
        self.sides = Sides(theme)
        self.model = CompareModel()
        self.tree = CompareTree(theme, self.model)
        self.pair_model = PairModel(self.known)
        self.pair_list = PairList(theme, self.pair_model)
        self.behind = FilesBehind(
            context, self.pair_list,
            known=self.known, read=self._take_runs, found=self._take_files,
        )  # fmt: skip
        self.pictures = PicturePair(context)
        self.work = Work(theme, name="compare.work")
        self.only = QCheckBox("Only differences")
        self.only.setObjectName("compare.only")
        self.only.setFont(theme.font("small"))
        self.only.setChecked(context.layout.get(_ONLY) is True)
        self.taking = TakingAlong(context, self)
        self._state = StateView(theme, "columns-2", "", primary=False)
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self._choose(left, right)

    @property
    def comparing(self) -> "Comparing":
        """The service behind the page."""
        return self._context.feeds.comparing

    # -- what the pane calls -------------------------------------------------------

    def focus_first(self) -> None:
        """Begin with the nodes, or with the values of two runs."""
        first = self.tree if self.pair_list.isHidden() else self.pair_list
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def look_again(self) -> None:
        """Read both sides anew."""
        self._known.clear()
        self._side_changed()

    def shutdown(self) -> None:
        """End what runs."""
        self._stop()
        self.pictures.shutdown()

    # -- choosing ------------------------------------------------------------------

    def _choose(self, left: Side, right: Side) -> None:
        """Show these sides, and read their feeds."""
        for picker, side in ((self.sides.left, left), (self.sides.right, right)):
            picker.offer_feeds(self._feeds, side.feed_id, hidden=self._titles.on)
            picker.offer_nodes(self._known.get(side.feed_id), side.node_id)
        self._load(left, right)

    def _load(self, left: Side, right: Side) -> None:
        self._stop()
        if not left.feed_id or not right.feed_id:
            self._say(
                "Choose what to compare", "A feed, or a node of it, on each side."
            )
            return
        self.work.run(
            self._tasks,
            lambda _progress: self._read([left.feed_id, right.feed_id]),
            words="Looking at both sides",
            name="feeds",
            done=lambda _nothing: self._show(left, right),
            failed=self._failed,
        )

    async def _read(self, feed_ids: Sequence[int]) -> None:
        missing = list(dict.fromkeys(one for one in feed_ids if one not in self._known))
        found = await several(missing, self.comparing.nodes, at_once=2)
        self._known.update(zip(missing, found, strict=True))

    def _show(self, left: Side, right: Side) -> None:
        sides = ((self.sides.left, left), (self.sides.right, right))
        for picker, side in sides:
            picker.offer_nodes(self._known[side.feed_id], side.node_id)
        one, other = self._known[left.feed_id], self._known[right.feed_id]
        self.known.begin(())
        if (left.node_id is None) != (right.node_id is None):
            self._say(
                "Choose a node on both sides",
                "A node is compared with a node, a feed with a feed.",
            )
            return
        whole = left.node_id is None
        if whole and left.feed_id == right.feed_id:
            self._say(
                "Both sides are the same feed",
                "Choose another feed on one side, or two of its nodes.",
            )
            return
        if whole:
            self._pairs = match_nodes(one.nodes, other.nodes)
        else:
            first, second = left.find(one), right.find(other)
            if first is None or second is None:
                self._say("The node is gone", "It is not in its feed any more.")
                return
            place = one.places.get(first.id, first.plugin_name)
            self._pairs = [NodePair(place, first, second)]
        self.known.begin(self._pairs)
        self.pair_list.setVisible(whole)
        self.behind.setVisible(whole)
        self.pair_model.show_pairs(self._pairs)
        self._stack.setCurrentIndex(1)
        self._describe()
        self._dress()
        if not self._pairs:
            self._say("There is nothing to compare", "Neither feed has nodes.")
            return
        self.pair_list.choose(0)
        self._show_pair(self._pairs[0])
        if whole:
            both = [one for one in self._pairs if one.left and one.right][:MOST]
            self._value_tasks.start(
                self.comparing.pairs(both), name="values", done=self._take_runs
            )
            self.behind.show_pairs(self._pairs)
            self.behind.leave_out(self._pairs[0].place)

    def _side_changed(self) -> None:
        self._load(self.sides.left.side, self.sides.right.side)

    def _shown_runs(self, place: str) -> RunsCompared | None:
        return shown_runs(self.known.runs.get(place), hidden=self._titles.on)

    def _titles_changed(self) -> None:
        self._fill()
        for picker in (self.sides.left, self.sides.right):
            feed_id = picker.side.feed_id
            picker.offer_feeds(self._feeds, feed_id, hidden=self._titles.on)

    def _turn(self) -> None:
        left, right = self.sides.left.side, self.sides.right.side
        self._choose(right, left)

    # -- one pair ------------------------------------------------------------------

    def _show_pair(self, pair: NodePair) -> None:
        self._pair = pair
        self._pair_tasks.cancel_all()
        self.pictures.show_pair(None)
        self._fill()
        left, right = pair.left, pair.right
        self.behind.leave_out(pair.place)
        if left is None or right is None:
            return
        place = pair.place
        if place not in self.known.runs:
            self._pair_tasks.start(
                self.comparing.runs(left, right),
                name="runs",
                done=lambda runs: self._take_runs({place: runs}),
            )
        if place not in self.known.files:
            self._pair_tasks.start(
                self.comparing.files(left, right),
                name="files",
                done=lambda files: self._take_files(place, files),
            )

    def _take_runs(self, found: dict[str, RunsCompared]) -> None:
        self.known.take_runs(found)
        self.pair_model.tell(found)
        self._describe()
        if self._pair is not None and self._pair.place in found:
            self._fill()

    def _take_files(
        self, place: str, files: FilesCompared, *, hold: bool = False
    ) -> None:
        here = self._pair is not None and self._pair.place == place
        self.known.take_files(place, files, hold=here or hold)
        self.pair_model.tell([place])
        self.behind.told(place)
        self._describe()
        if here:
            self._fill()
            self._begin_with_file(files)

    def _begin_with_file(self, files: FilesCompared) -> None:
        """Highlight the file the page was opened for, once."""
        wanted, self._file = self._file, ""
        if not wanted:
            return
        for pair in files.pairs:
            sides = (pair.left, pair.right)
            if any(side is not None and side.path == wanted for side in sides):
                self.tree.choose(pair)

    def _fill(self) -> None:
        """Show what is known of the highlighted pair."""
        pair = self._pair
        if pair is None:
            return
        place, only = pair.place, self.only.isChecked()
        runs, files = self._shown_runs(place), self.known.files.get(place)
        self.model.show_sections(sections_of(pair, runs, files, only=only))
        self._dress()

    def _row_chosen(self) -> None:
        row = self.model.row_at(self.tree.currentIndex())
        self.pictures.show_pair(row if isinstance(row, FilePair) else None)
        self._dress()

    # -- contents --------------------------------------------------------------------

    def _compare_contents(self) -> None:
        """Compare files of the same size: the highlighted ones, or all."""
        pair, wanted = self._pair, self._same_size()
        if pair is None or not wanted:
            return
        place = pair.place

        def told(found: dict[str, str]) -> None:
            files = self.known.files[place]
            fresh = tuple(
                replace(one, verdict=found.get(one.relative, one.verdict))
                for one in files.pairs
            )
            self._take_files(place, replace(files, pairs=fresh))
            self._row_chosen()
            left = len(wanted) - len(found)
            if left:
                self._context.messages.warning(
                    f"{count(left, 'file')} could not be compared.",
                    "They could not be fetched, or are too large.",
                )

        self.work.run(
            self._tasks,
            lambda progress: self.comparing.contents(wanted, progress=progress),
            words="Comparing contents",
            name="contents",
            done=told,
        )

    def _same_size(self) -> list[FilePair]:
        rows = [
            self.model.row_at(index)
            for index in self.tree.selectionModel().selectedRows()
        ]
        chosen = [r for r in rows if isinstance(r, FilePair) and r.verdict == "size"]
        if chosen or self._pair is None:
            return chosen
        files = self.known.files.get(self._pair.place)
        every = files.pairs if files is not None else ()
        return [one for one in every if one.verdict == "size"]

    # -- for who takes it along ------------------------------------------------------

    @property
    def report(self) -> Report:
        """What is known so far."""
        return Report(
            left=self._side_words(self.sides.left),
            right=self._side_words(self.sides.right),
            server=self.comparing.server,
            pairs=tuple(
                PairReport(
                    place=pair.place,
                    left=pair.left,
                    right=pair.right,
                    runs=self._shown_runs(pair.place),
                    files=self.known.files.get(pair.place),
                )
                for pair in self._pairs
            ),
        )

    async def read_all(self, progress: Progress) -> None:
        """Read what was not looked at yet (network)."""
        both = [one for one in self._pairs if one.left and one.right]
        missing = [one for one in both if one.place not in self.known.runs]
        self._take_runs(await self.comparing.pairs(missing))
        for number, pair in enumerate(both):
            if pair.place not in self.known.files and pair.left and pair.right:
                files = await self.comparing.files(pair.left, pair.right)
                self._take_files(pair.place, files, hold=True)
            progress(number + 1, len(both))

    # -- inside ----------------------------------------------------------------------

    def _stop(self) -> None:
        for tasks in (self._tasks, self._pair_tasks, self._value_tasks):
            tasks.cancel_all()
        self.behind.end()
        self.taking.stop()
        self.work.end()

    def _cancel(self) -> None:
        """End what was asked for; what is read behind the scenes goes on."""
        self._tasks.cancel_all()
        self.taking.stop()
        self.work.end()
        if not self._pairs:
            self._say(
                "Choose what to compare", "A feed, or a node of it, on each side."
            )

    def _failed(self, error: BaseException) -> None:
        self._stack.setCurrentIndex(0)
        self._state.show_error(error, self._side_changed)
        self._dress()

    def _say(self, title: str, text: str) -> None:
        self._pairs, self._pair = [], None
        self._state.show_state("columns-2", title, text)
        self._stack.setCurrentIndex(0)
        self._describe()
        self._dress()

    def _only_changed(self, only: bool) -> None:
        self._context.layout.put(_ONLY, only)
        self._fill()

    def _dress(self) -> None:
        there = bool(self._pairs)
        self.taking.set_enabled(there)
        self.only.setEnabled(there)
        self.pictures.contents.setEnabled(bool(self._same_size()))

    def _describe(self) -> None:
        words = self.known.head if self._pairs else ""
        if self._pairs and self.pair_list.isHidden():
            words = self.known.of(self._pairs[0]).head
        self.subtitle.setText(words)

    def _side_words(self, picker: SidePicker) -> str:
        side = picker.side
        words = picker.feed.currentText()
        return words if side.node_id is None else f"{words}, node {side.node_id}"

    def _build(self) -> None:
        for tool in (self.only, *self.taking.buttons):
            self.tools.addWidget(tool)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.tree)
        right.addWidget(self.pictures)
        right.setSizes([480, 300])
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(self.behind)
        whole.addWidget(right)
        whole.setStretchFactor(1, 1)
        whole.setSizes([280, 1100])
        self.behind.setMinimumWidth(200)
        self.pictures.setMinimumHeight(180)
        for splitter in (right, whole):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
        self._stack.addWidget(self._state)
        self._stack.addWidget(whole)
        for piece in (self.sides, line(), self.work):
            self.body.addWidget(piece)
        self.body.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.sides.changed.connect(self._side_changed)
        self._titles.changed.connect(self._titles_changed)
        self.sides.turned.connect(lambda _on=False: self._turn())
        self.work.cancelled.connect(self._cancel)
        self.only.toggled.connect(self._only_changed)
        self.pair_list.chosen.connect(self._show_pair)
        chosen = self.tree.selectionModel()
        chosen.currentChanged.connect(lambda *_: self._row_chosen())
        chosen.selectionChanged.connect(lambda *_: self._dress())
        self.pictures.contents_pressed.connect(self._compare_contents)
        for key in ("E", "Return"):
            opened = QShortcut(QKeySequence(key), self.tree)
            opened.setContext(Qt.ShortcutContext.WidgetShortcut)
            opened.activated.connect(self.pictures.open_both)
