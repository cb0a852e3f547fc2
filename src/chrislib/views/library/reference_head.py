"""What stands above the references: search, kinds, license, order, cards or rows."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.library.model import Reference
from chrislib.views.library.reference_model import (
    KINDS,
    LARGEST,
    NAME,
    NEWEST,
    Narrowed,
    kind_of,
)
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import ElidedLabel, Label

_FEW = 5
"""So few are seen at a glance: nothing to narrow them by is offered."""
_ORDERS = (("Name", NAME), ("Newest fetch", NEWEST), ("Largest", LARGEST))


class ReferenceHead(QWidget):
    """Tells how the list is wanted."""

    changed = Signal()
    """Other references are wanted, or another order."""
    view_chosen = Signal(str)
    """"cards" or "rows"."""
    hidden_asked = Signal(bool)
    """Whether sources that are taken for mechanisms are shown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._licenses: tuple[str, ...] = ()
        self._summary = ElidedLabel(
            theme, style="small", token="text.muted", name="reference.summary"
        )
        self._hidden = button(
            theme, "", kind="quiet", icon="eye", name="reference.hidden", small=True
        )
        self._hidden.setCheckable(True)
        self._hidden.toggled.connect(self.hidden_asked)
        self._hidden.hide()
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Label(theme, "Reference Data", style="page"))
        head.addWidget(self._summary, 1)
        head.addWidget(self._hidden)
        self._field = Field(
            theme,
            "Search name, content, author or category",
            name="reference.search",
            icon="search",
            small=True,
        )
        self._field.setMinimumWidth(theme.px(160))
        self._field.textChanged.connect(lambda _text: self.changed.emit())
        kinds = [("all", "All", ""), *((key, words, "") for key, words, _ in KINDS)]
        self._kinds = Segments(theme, kinds, name="reference.kind")
        self._kinds.chosen.connect(lambda _key: self.changed.emit())
        self._license = _box("reference.license", "License", "Any license")
        self._license.setMaximumWidth(theme.px(160))
        self._order = _box("reference.order", "Order")
        for words, key in _ORDERS:
            self._order.addItem(words, key)
        for box in (self._license, self._order):
            box.currentIndexChanged.connect(lambda _at: self.changed.emit())
        self._views = Segments(
            theme,
            [("cards", "Cards", "layout-grid"), ("rows", "List", "list")],
            name="reference.view",
        )
        self._views.chosen.connect(self.view_chosen)
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self._field, 1)
        for widget in (self._kinds, self._license, self._order, self._views):
            tools.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 12, 16, 12)
        column.setSpacing(10)
        column.addLayout(head)
        column.addLayout(tools)

    @property
    def wanted(self) -> Narrowed:
        """How the list is wanted."""
        kind = self._kinds.current
        return Narrowed(
            text=self._field.text(),
            kind="" if kind == "all" else kind,
            license=str(self._license.currentData() or ""),
            order=str(self._order.currentData() or NAME),
        )

    def offer(self, references: Sequence[Reference]) -> None:
        """Offer to narrow the list by what the references are."""
        there = {kind_of(one) for one in references}
        several = len(references) >= _FEW and len(there) > 1
        for key, _, _ in KINDS:
            self._kinds.offer(key, several and key in there)
        self._kinds.setVisible(several)
        if not several and self._kinds.current != "all":
            self._kinds.choose("all")
        self._offer_licenses(one.license for one in references)
        self._license.setVisible(len(self._licenses) > 1 and len(references) >= _FEW)
        self._order.setVisible(len(references) >= _FEW)

    def show_view(self, view: str) -> None:
        """Show which view is on."""
        self._views.choose(view)

    def tell(self, words: str) -> None:
        """Say how many references there are."""
        self._summary.setText(words)

    def tell_hidden(self, number: int) -> None:
        """Say how many sources are hidden."""
        words = f"{number:,} hidden {'source' if number == 1 else 'sources'}"
        back = self._hidden.isChecked()
        self._hidden.setText("Back to new references" if back else words)
        self._hidden.setVisible(number > 0 or self._hidden.isChecked())

    def show_all(self) -> None:
        """Take everything that narrows the list away."""
        self._kinds.choose("all")
        self._license.setCurrentIndex(0)
        self._field.clear()
        self.changed.emit()

    def focus_filter(self) -> None:
        """Put the cursor into the search."""
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _offer_licenses(self, licenses: Iterable[str]) -> None:
        found = tuple(sorted({one for one in licenses if one}, key=str.casefold))
        if found == self._licenses:
            return
        self._licenses = found
        chosen = self._license.currentData()
        self._license.blockSignals(True)
        while self._license.count() > 1:
            self._license.removeItem(1)
        for one in found:
            self._license.addItem(one, one)
        self._license.setCurrentIndex(max(0, self._license.findData(chosen)))
        self._license.blockSignals(False)


def _box(name: str, label: str, every: str = "") -> QComboBox:
    box = combo(name, label, small=True)
    if every:
        box.addItem(every, "")
    return box
