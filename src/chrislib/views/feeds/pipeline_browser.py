"""Pipelines to look round in: the list, the tree beside it, and what can be done."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from chrislib.cube.types import Pipeline
from chrislib.feeds.pipelines import PipelineTree
from chrislib.shown import one_line, plain
from chrislib.views.context import ViewContext
from chrislib.views.feeds.pipeline_list import PipelineList
from chrislib.views.feeds.pipeline_tree import PipelineTreeView, Shape
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.text import Label, line

if TYPE_CHECKING:
    from chrislib.views.feeds.pipeline_acts import PipelineActs

WIDTH = 400


class PipelineBrowser(QWidget):
    """The pipelines of the server.

    Signals
    -------
    chosen : PipelineTree or None
        What is highlighted, once its nodes are known.
    activated
        Return or a double click on a pipeline whose nodes are known.
    """

    chosen = Signal(object)
    activated = Signal()

    def __init__(self, context: ViewContext, acts: "PipelineActs") -> None:
        super().__init__()
        self._context = context
        self._acts = acts
        self._tasks = context.tasks("pipelines")
        self._loaded = False
        self._tree: PipelineTree | None = None
        self._kept: dict[int, PipelineTree] = {}
        theme = context.theme
        self.setObjectName("pipelines")
        self.list = PipelineList(theme)
        self.tree_view = PipelineTreeView(theme, name="pipelines.tree")
        self._name = Label(theme, style="section", wrap=True, name="pipelines.name")
        self._text = Label(
            theme,
            style="small",
            token="text.secondary",
            wrap=True,
            name="pipelines.text",
        )
        self._facts = Facts(theme, share=84)
        self._facts.setObjectName("pipelines.facts")
        self._more = icon_button(
            theme, "ellipsis", name="pipelines.more", tooltip="Export, share, delete"
        )
        self._upload = button(
            theme, "Upload a file …", icon="upload", name="pipelines.upload"
        )
        self._build()
        self.list.chosen.connect(self._highlight)
        self.list.activated.connect(self._activate)
        self.list.retry.connect(self.load)
        self.list.menu_wanted.connect(self._menu_at)
        self._more.clicked.connect(
            lambda: self._menu_at(
                self._more.mapToGlobal(QPoint(0, self._more.height()))
            )
        )
        self._upload.clicked.connect(self._upload_file)
        self._show(None)

    @property
    def tree(self) -> PipelineTree | None:
        """The highlighted pipeline with its nodes, None while they are not known."""
        return self._tree

    def begin(self) -> None:
        """Ask for the pipelines the first time, and take the focus."""
        if not self._loaded:
            self._loaded = True
            self.load()
        self.list.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def load(self, choose: int | None = None) -> None:
        """Ask the server for its pipelines; `choose` is highlighted then."""
        if not self.list.model.total:
            self.list.start_loading()
        feeds = self._context.feeds

        def show(found: list[Pipeline]) -> None:
            pipelines = feeds.pipelines
            self._kept.clear()
            self.list.set_pipelines(found, pipelines.recent(), pipelines.username)
            if choose is not None:
                self.list.choose(choose)
            self._highlight(self.list.current)

        self._tasks.start(
            feeds.pipelines.all(),
            name="pipelines",
            done=show,
            failed=self.list.show_failure,
        )

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    # -- the highlighted one ---------------------------------------------------

    def _highlight(self, pipeline: object) -> None:
        one = pipeline if isinstance(pipeline, Pipeline) else None
        self._show(one)
        known = self._kept.get(one.id) if one is not None else None
        if one is None or known is not None:
            self._take(known)
            return
        self._take(None)

        def keep(tree: PipelineTree) -> None:
            self._kept[tree.pipeline.id] = tree
            current = self.list.current
            if current is not None and current.id == tree.pipeline.id:
                self._take(tree)

        def fail(error: BaseException) -> None:
            self._text.setText(str(error))
            self._text.show()

        self._tasks.start(
            self._context.feeds.pipelines.tree(one), name="tree", done=keep, failed=fail
        )

    def _show(self, pipeline: Pipeline | None) -> None:
        self._side.setVisible(pipeline is not None)
        if pipeline is None:
            return
        self._name.setText(one_line(pipeline.name))
        self._text.setText(plain(pipeline.description))
        self._text.setVisible(bool(pipeline.description))
        own = self.list.model.own(pipeline)
        seen = "only by you" if own else "only by its owner"
        rows = (
            ("Category", one_line(pipeline.category)),
            ("Authors", one_line(pipeline.authors)),
            ("Owner", "you" if own else pipeline.owner_username),
            ("Seen", f"{seen} (locked)" if pipeline.locked else "by everybody"),
        )
        self._facts.show_facts([(label, value) for label, value in rows if value])

    def _take(self, tree: PipelineTree | None) -> None:
        self._tree = tree
        self.tree_view.show_shapes(shapes_of(tree) if tree is not None else ())
        self.chosen.emit(tree)

    def _activate(self, _pipeline: object) -> None:
        if self._tree is not None:
            self.activated.emit()

    # -- acts ------------------------------------------------------------------

    def _menu_at(self, at: QPoint) -> None:
        pipeline = self.list.current
        if pipeline is not None:
            self.menu_of(pipeline).popup(at)

    def menu_of(self, pipeline: Pipeline) -> QMenu:
        """Return what can be done with the highlighted pipeline."""
        tree = self._tree
        menu = QMenu(self)
        menu.setObjectName("pipelines.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for kind in ("YAML", "JSON"):
            export = menu.addAction(f"Export as {kind} …")
            export.setObjectName(f"pipelines.export.{kind.lower()}")
            export.setEnabled(tree is not None)
            export.triggered.connect(
                lambda _on=False, kind=kind: self._export(kind.lower())
            )
        menu.addSeparator()
        if pipeline.locked:
            share = menu.addAction("Let everybody see it …")
            share.setObjectName("pipelines.share")
            share.setEnabled(self.list.model.own(pipeline))
            share.triggered.connect(lambda: self._change(self._acts.share(pipeline)))
        delete = menu.addAction("Delete on server …")
        delete.setObjectName("pipelines.delete")
        delete.setEnabled(self.list.model.own(pipeline))
        delete.triggered.connect(lambda: self._change(self._acts.delete(pipeline)))
        return menu

    def _export(self, kind: str) -> None:
        if self._tree is not None:
            self._tasks.start(self._acts.export(self._tree, kind), name="export")

    def _change(self, act: Coroutine[Any, Any, bool]) -> None:
        def changed(sure: bool) -> None:
            if sure:
                self.load()

        self._tasks.start(act, name="change", done=changed)

    def _upload_file(self) -> None:
        self._tasks.start(
            self._acts.choose_file(
                made=lambda one: self.load(one.id), back=self.list.search
            ),
            name="upload",
        )

    # -- inside ----------------------------------------------------------------

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._more, 0, Qt.AlignmentFlag.AlignTop)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(16, 16, 16, 16)
        side.setSpacing(8)
        side.addLayout(head)
        side.addWidget(self._text)
        side.addWidget(self._facts)
        side.addWidget(self.tree_view, 1)
        self._side.setFixedWidth(WIDTH)
        left = QVBoxLayout()
        left.setContentsMargins(24, 16, 24, 16)
        left.setSpacing(12)
        left.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._upload)
        foot.addStretch(1)
        left.addLayout(foot)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(line(vertical=True))
        row.addWidget(self._side)


def shapes_of(
    tree: PipelineTree, problems: dict[int, int] | None = None
) -> list[Shape]:
    """Return a pipeline's nodes as they are drawn."""
    wrong = problems or {}
    return [
        Shape(
            node.id,
            one_line(node.title),
            one_line(f"{node.plugin} {node.version}"),
            node.parents,
            wrong.get(node.id, 0),
        )
        for node in tree.nodes
    ]
