"""The choice of a PACS, the same wherever it stands."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.pacs.types import join_pacs, pacs_words, split_pacs
from chrislib.views.context import ViewContext
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.combos import combo

_SEVERAL = "\\several"


class SeveralPacs(QFrame):
    """Boxes for some of the PACS, under the choice they belong to.

    Signals
    -------
    taken : str
        Those that were ticked, joined.
    """

    taken = Signal(str)

    def __init__(
        self,
        theme: Theme,
        names: Sequence[str],
        *,
        ticked: Sequence[str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("pacs.several")
        self.setAccessibleName("Which PACS to ask")
        self.setProperty("surface", "raised")
        self._boxes: list[QCheckBox] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        for name in names:
            box = QCheckBox(name.replace("&", "&&"))
            box.setAccessibleName(name)
            box.setChecked(name in ticked)
            box.toggled.connect(lambda _on: self._count())
            self._boxes.append(box)
            column.addWidget(box)
        self._take = button(theme, "Ask these", name="pacs.several.take", small=True)
        self._take.clicked.connect(self._taken)
        column.addSpacing(4)
        column.addWidget(self._take)
        self._count()

    def pop_up(self) -> None:
        """Show it under its parent, the first box in focus."""
        parent = self.parentWidget()
        assert parent is not None
        self.adjustSize()
        self.setMinimumWidth(parent.width())
        self.move(parent.mapToGlobal(QPoint(0, parent.height() + 2)))
        self.show()
        if self._boxes:
            self._boxes[0].setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the choice with Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._taken()
            return
        super().keyPressEvent(event)

    def _ticked(self) -> list[str]:
        return [box.accessibleName() for box in self._boxes if box.isChecked()]

    def _count(self) -> None:
        number = len(self._ticked())
        self._take.setEnabled(number > 0)
        self._take.setText(f"Ask {number} PACS" if number else "Tick some")

    def _taken(self) -> None:
        ticked = self._ticked()
        if ticked:
            # all of them ticked are these, also when one is added on the server
            self.taken.emit(join_pacs(ticked))
            self.close()


class ArchiveChoice(QObject):
    """Reads the PACS of the server once per connection and fills combo boxes."""

    def __init__(self, ctx: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._tasks = ctx.tasks("library archives")
        self._names: tuple[str, ...] = ()
        self._boxes: list[QComboBox] = []
        self._before: dict[QComboBox, str] = {}
        self._asked: object = None
        self._unsubscribe = ctx.session.subscribe(self.look)
        ctx.theme.changed.connect(self._dress)

    @property
    def names(self) -> tuple[str, ...]:
        """The PACS known so far."""
        return self._names

    def combo(self, name: str) -> QComboBox:
        """Return a box with "All PACS" and every PACS."""
        box = combo(name, "PACS")
        box.setToolTip("Which PACS to ask")
        box.setMinimumWidth(self._ctx.theme.px(136))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setIconSize(QSize(14, 14))
        box.activated.connect(lambda _at: self._activated(box))
        self._boxes.append(box)
        self._fill(box)
        self.look()
        return box

    def release(self, box: QComboBox) -> None:
        """Forget a box that goes away with its sheet."""
        self._before.pop(box, None)
        if box in self._boxes:
            self._boxes.remove(box)

    def chosen(self, box: QComboBox) -> str:
        """Return the chosen PACS (several as `join_pacs` joins them), "" for all."""
        data = str(box.currentData() or "")
        return "" if data == _SEVERAL else data

    def choose(self, box: QComboBox, pacs: str) -> None:
        """Choose PACS, also some that are not known yet."""
        at = box.findData(pacs)
        if at < 0:
            several = box.findData(_SEVERAL)
            at = box.count() if several < 0 else several
            box.insertItem(at, self._icon(), pacs_words(pacs), pacs)
            words = ", ".join(split_pacs(pacs))
            box.setItemData(at, words, Qt.ItemDataRole.ToolTipRole)
        box.setCurrentIndex(at)
        self._before[box] = pacs

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
        if len(self._names) > 2:
            box.insertSeparator(box.count())
            box.addItem("Several …", _SEVERAL)
        if before:
            self.choose(box, before)

    def _activated(self, box: QComboBox) -> None:
        """Take a choice, or let several be ticked."""
        if box.currentData() != _SEVERAL:
            self._before[box] = self.chosen(box)
            return
        before = self._before.get(box, "")
        self.choose(box, before)
        popup = SeveralPacs(
            self._ctx.theme, self._names, ticked=split_pacs(before), parent=box
        )
        popup.taken.connect(lambda pacs: self.choose(box, pacs))
        popup.pop_up()

    def _icon(self) -> QIcon:
        return self._ctx.theme.icon("server", size=14)

    def _dress(self) -> None:
        for box in self._boxes:
            for at in range(box.count()):
                if not box.itemIcon(at).isNull():
                    box.setItemIcon(at, self._icon())
