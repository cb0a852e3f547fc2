"""Unfolding the tree: what is asked for, and the way down to a folder."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject

from chrislib.library.storage.model import Entry
from chrislib.views.context import ViewContext
from chrislib.views.library.files.tree_model import FolderTree, Node
from chrislib.views.library.files.tree_view import FolderView


class Folding(QObject):
    """Fills the tree as it is unfolded and leads to paths in it."""

    def __init__(self, ctx: ViewContext, view: FolderView, parent: QObject) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._view = view
        self._tree: FolderTree = view.tree
        self._tasks = ctx.tasks("files tree")
        self._reveal = ctx.tasks("files way down")
        self._rooted = False
        view.unfolding.connect(self._unfolding)
        view.more.connect(self._more)

    async def root(self) -> None:
        """Show the folders at the top, unless they are there (network)."""
        if not self._rooted:
            entries = await self._ctx.storage.roots()
            if not self._rooted:
                self._rooted = True
                self._tree.show_roots(entries)

    def start(self) -> None:
        """Show the folders at the top soon (network)."""
        self._tasks.start(self.root(), name="top", failed=_quiet)

    def restart(self) -> None:
        """Begin anew: another server or account."""
        self._tasks.cancel_all()
        self._reveal.cancel_all()
        self._rooted = False
        self._tree.show_roots(())

    def reveal(self, path: str) -> None:
        """Unfold down to a folder and highlight it (network)."""
        self._reveal.cancel_all()
        self._reveal.start(self._down(path), name="way down", failed=_quiet)

    def look_again(self, *paths: str) -> None:
        """Ask again for what is in folders that are unfolded (network)."""
        for node in list(self._tree.nodes()):
            entry = node.entry
            if entry is None or entry.path not in paths or not node.known:
                continue
            self._tasks.start(self._again(node), name="look again", failed=_quiet)

    def relabel(self) -> None:
        """Give folders the names that are known now."""
        for node in list(self._tree.nodes()):
            if node.entry is not None:
                entry = self._ctx.storage.relabeled(node.entry)
                if entry != node.entry:
                    self._tree.change(node, entry)

    def shutdown(self) -> None:
        """Stop asking."""
        self._tasks.cancel_all()
        self._reveal.cancel_all()

    # --- inside -----------------------------------------------------------------

    def _unfolding(self, index: QModelIndex) -> None:
        node = self._tree.node(index)
        if node.entry is not None and node.branch is None:
            self._tasks.start(
                self._next(node), name="unfold", failed=self._failed(node)
            )

    def _more(self, index: QModelIndex) -> None:
        node = self._tree.node(index).parent
        if node is not None and node.branch is not None and not node.loading:
            self._tree.start(node)
            self._tasks.start(self._next(node), name="more", failed=self._failed(node))

    async def _next(self, node: Node) -> None:
        assert node.entry is not None
        if node.branch is None:
            node.branch = self._ctx.storage.branch(node.entry)
            self._tree.start(node)
        branch = node.branch
        page = await branch.next()
        if node.branch is branch:
            self._tree.add(node, page.entries, left=branch.left, more=page.more)
            # they may have been learnt while the page was on its way
            await self._ctx.storage.learn(node.entry.path)
            self.relabel()

    def _failed(self, node: Node) -> Callable[[BaseException], None]:
        def failed(error: BaseException) -> None:
            self._tree.forget(node)
            self._view.collapse(self._tree.index_of(node))
            self._ctx.messages.failed(error)

        return failed

    async def _down(self, path: str) -> None:
        await self.root()
        node = self._start(path)
        while node is not None and node.entry is not None and node.entry.path != path:
            await self._known(node)
            depth = node.entry.path.count("/") + 2
            below = "/".join(path.split("/")[:depth])
            found = self._tree.by_path(node, below)
            if found is None:
                # not among those that were asked for: it is put there by itself
                place = await self._ctx.storage.place(below)
                if place.highlight:
                    return
                left = node.branch.left if node.branch is not None else 0
                self._tree.add(node, [place.folder], left=left, more=left > 0)
                found = self._tree.by_path(node, below)
            self._view.setExpanded(self._tree.index_of(node), True)
            node = found
        if node is not None:
            self._highlight(node)

    def _start(self, path: str) -> Node | None:
        for node in self._tree.nodes():
            if node.parent is None or node.parent.entry is not None:
                continue
            top = node.entry.path if node.entry is not None else ""
            if path == top or path.startswith(f"{top}/"):
                return node
        return None

    async def _known(self, node: Node) -> None:
        if node.branch is None:
            await self._next(node)

    async def _again(self, node: Node) -> None:
        entry = node.entry
        assert entry is not None
        branch = self._ctx.storage.branch(entry)
        page = await branch.next()
        keys = {one.key for one in page.entries}
        if not page.more:
            for child in list(node.children):
                if child.entry is not None and child.entry.key not in keys:
                    self._tree.remove(child)
        for one in page.entries:
            known = self._tree.child(node, one)
            if known is not None and known.entry != one:
                self._tree.change(known, self._ctx.storage.relabeled(one))
        node.branch = branch
        self._tree.add(node, page.entries, left=branch.left, more=page.more)

    def _highlight(self, node: Node) -> None:
        index = self._tree.index_of(node)
        self._view.setCurrentIndex(index)
        self._view.scrollTo(index)


def entry_at(tree: FolderTree, index: QModelIndex) -> Entry | None:
    """Return the folder of an index."""
    return tree.node(index).entry


def _quiet(_error: BaseException) -> None:
    """Say nothing: the table tells what is wrong with a place."""
