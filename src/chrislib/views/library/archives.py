"""The choice of a PACS, the same wherever it stands."""

from PySide6.QtCore import QObject, QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox

from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext


class ArchiveChoice(QObject):
    """Reads the PACS of the server once per connection and fills combo boxes."""

    def __init__(self, ctx: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._tasks = ctx.tasks("library archives")
        self._names: tuple[str, ...] = ()
        self._boxes: list[QComboBox] = []
        self._asked: object = None
        self._unsubscribe = ctx.session.subscribe(self.look)
        ctx.theme.changed.connect(self._dress)

    @property
    def names(self) -> tuple[str, ...]:
        """The PACS known so far."""
        return self._names

    def combo(self, name: str) -> QComboBox:
        """Return a box with "All PACS" and every PACS."""
        box = QComboBox()
        box.setObjectName(name)
        box.setAccessibleName("PACS")
        box.setToolTip("Which PACS to ask")
        box.setMinimumWidth(self._ctx.theme.px(136))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setIconSize(QSize(14, 14))
        self._boxes.append(box)
        self._fill(box)
        self.look()
        return box

    def release(self, box: QComboBox) -> None:
        """Forget a box that goes away with its sheet."""
        if box in self._boxes:
            self._boxes.remove(box)

    def chosen(self, box: QComboBox) -> str:
        """Return the chosen PACS, "" for all."""
        return str(box.currentData() or "")

    def choose(self, box: QComboBox, name: str) -> None:
        """Choose a PACS, also one that is not known yet."""
        at = box.findData(name)
        if at < 0:
            box.addItem(self._icon(), name, name)
            at = box.count() - 1
        box.setCurrentIndex(at)

    def look(self) -> None:
        """Ask the server when the connection is another one (network)."""
        pacs = self._ctx.session.pacs
        if pacs is None or pacs is self._asked:
            return
        self._asked = pacs
        self._tasks.start(
            self._ctx.library.archives(),
            name="list PACS",
            done=self._show,
            failed=self._failed,
        )

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._unsubscribe()
        self._boxes.clear()
        self._tasks.cancel_all()

    def _show(self, names: tuple[str, ...]) -> None:
        self._names = names
        for box in self._boxes:
            self._fill(box)

    def _failed(self, error: BaseException) -> None:
        # a lookup says it in words; the box alone is no place for it
        self._asked = None
        if not isinstance(error, ChrislibError):
            self._ctx.messages.failed(error)

    def _fill(self, box: QComboBox) -> None:
        before = self.chosen(box)
        box.clear()
        box.addItem(self._icon(), "All PACS", "")
        for name in self._names:
            box.addItem(self._icon(), name, name)
        if before:
            self.choose(box, before)

    def _icon(self) -> QIcon:
        return self._ctx.theme.icon("server", size=14)

    def _dress(self) -> None:
        for box in self._boxes:
            for at in range(box.count()):
                box.setItemIcon(at, self._icon())
