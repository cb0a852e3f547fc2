"""One rule of a smart collection: what, how, which."""

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from chrislib.library.mine.model import Collection, Field, Op, Rule
from chrislib.views.library.mine import rules
from chrislib.views.library.mine.rules import AGES, FIELDS, Kind
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field as TextField
from chrislib.views.widgets.buttons import icon_button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import Label

_MEGA = 1_000_000
_LARGEST = 1_000_000


class RuleRow(QWidget):
    """A line of the sheet.

    Signals
    -------
    changed
        It says something else now.
    removed
        Its cross was pressed.
    """

    changed = Signal()
    removed = Signal()

    def __init__(
        self, theme: Theme, rule: Rule, *, collections: Sequence[Collection]
    ) -> None:
        super().__init__()
        self._theme = theme
        self._collections = tuple(collections)
        self._shows = False
        self._what = _combo("smart.rule.field", "What")
        for field, ways in FIELDS.items():
            self._what.addItem(ways.words, field)
        self._how = _combo("smart.rule.op", "How")
        self._text = TextField(theme, name="smart.rule.text", label="Value")
        self._choice = _combo("smart.rule.choice", "Which")
        self._number = TextField(theme, name="smart.rule.number", label="Number")
        self._number.setValidator(QIntValidator(0, _LARGEST, self._number))
        self._number.setFixedWidth(theme.px(112))
        self._mega = Label(theme, "MB", token="text.secondary")
        self._unit = _combo("smart.rule.unit", "Unit")
        for words, days in AGES:
            self._unit.addItem(words, days)
        self._date = TextField(
            theme, "2026-03-04", name="smart.rule.date", label="Date, year first"
        )
        self._date.setMaxLength(10)
        self._date.setFixedWidth(theme.px(112))
        self._remove = icon_button(
            theme, "x", name="smart.rule.remove", tooltip="Remove this rule"
        )
        self._build()
        self._connect()
        self.show_rule(rule)

    def rule(self) -> Rule:
        """Return the rule as it is written."""
        field, op = self._field(), self._op()
        match rules.kind_of(field, op):
            case Kind.NOTHING:
                return Rule(field, op)
            case Kind.LIST:
                parts = [one.strip() for one in self._text.text().split(",")]
                return Rule(field, op, tuple(one for one in parts if one))
            case Kind.NUMBER | Kind.DAYS:
                return Rule(field, op, self._amount())
            case Kind.MEGABYTES:
                amount = self._amount()
                return Rule(field, op, None if amount is None else amount * _MEGA)
            case Kind.AGE:
                amount, unit = self._amount(), float(self._unit.currentData())
                return Rule(field, op, None if amount is None else round(amount * unit))
            case Kind.DATE:
                return Rule(field, op, self._date.text().strip())
            case Kind.CHOICE | Kind.COLLECTION:
                return Rule(field, op, self._choice.currentData())
            case _:
                return Rule(field, op, self._text.text().strip())

    def show_rule(self, rule: Rule) -> None:
        """Show a rule without telling of it."""
        self._shows = True
        self._what.setCurrentIndex(max(0, self._what.findData(rule.field)))
        self._fill_ops(rule.op)
        self._show_value(rule)
        self._shows = False

    def set_refused(self, refused: bool) -> None:
        """Mark the value as the one that is missing."""
        for piece in (self._text, self._number, self._date):
            piece.set_refused(refused)

    def focus_value(self) -> None:
        """Put the cursor where the value is written."""
        for piece in (self._text, self._number, self._date, self._choice):
            if piece.isVisibleTo(self):
                piece.setFocus()
                return

    def _amount(self) -> int | None:
        text = self._number.text()
        return int(text) if text else None

    def _field(self) -> Field:
        found = self._what.currentData()
        return found if isinstance(found, Field) else Field(found)

    def _op(self) -> Op:
        found = self._how.currentData()
        return found if isinstance(found, Op) else Op(found)

    def _fill_ops(self, wanted: Op | None) -> None:
        self._how.blockSignals(True)
        self._how.clear()
        for op, words in FIELDS[self._field()].ops:
            self._how.addItem(words, op)
        if wanted is not None:
            self._how.setCurrentIndex(max(0, self._how.findData(wanted)))
        self._how.blockSignals(False)

    def _show_value(self, rule: Rule) -> None:
        kind = rules.kind_of(rule.field, rule.op)
        value = rule.value
        texts, numbers = (Kind.TEXT, Kind.LIST), (Kind.NUMBER, Kind.DAYS)
        self._text.setVisible(kind in texts)
        amount = (*numbers, Kind.MEGABYTES, Kind.AGE)
        self._number.setVisible(kind in amount)
        self._unit.setVisible(kind is Kind.AGE)
        self._date.setVisible(kind is Kind.DATE)
        self._choice.setVisible(kind in (Kind.CHOICE, Kind.COLLECTION))
        self._mega.setVisible(kind is Kind.MEGABYTES)
        if kind in texts:
            several = value if isinstance(value, tuple) else (value,)
            self._text.setText(", ".join(str(one) for one in several if one))
            hint = "MR, CT" if kind is Kind.LIST else ""
            self._text.setPlaceholderText(hint)
        elif kind in numbers and isinstance(value, int | float):
            self._number.setText(str(int(value)))
        elif kind is Kind.MEGABYTES and isinstance(value, int | float):
            self._number.setText(str(round(value / _MEGA)))
        elif kind is Kind.AGE and isinstance(value, int | float):
            number, place = rules.as_age(float(value))
            self._number.setText(str(number))
            self._unit.setCurrentIndex(place)
        elif kind is Kind.DATE:
            self._date.setText(str(value or ""))
        elif kind in (Kind.CHOICE, Kind.COLLECTION):
            self._fill_choices(rule, kind)

    def _fill_choices(self, rule: Rule, kind: Kind) -> None:
        self._choice.clear()
        if kind is Kind.COLLECTION:
            for one in self._collections:
                self._choice.addItem(one.title, str(one.collection_id))
        else:
            for words, value in FIELDS[rule.field].choices:
                self._choice.addItem(words, value)
        for place in range(self._choice.count()):
            if self._choice.itemData(place) == rule.value:
                self._choice.setCurrentIndex(place)

    def _retype(self) -> None:
        """Begin with a usual value: another field, or another comparison."""
        field, op = self._field(), self._op()
        before = self._text.text().strip()
        value = rules.usual_value(field, op)
        kind = rules.kind_of(field, op)
        if kind is Kind.TEXT and before:
            value = before
        elif kind is Kind.DATE:
            value = date.today().isoformat()
        self._shows = True
        self._show_value(Rule(field, op, value))
        self._shows = False
        self._tell()

    def _tell(self) -> None:
        if not self._shows:
            self.set_refused(False)
            self.changed.emit()

    def _connect(self) -> None:
        self._what.currentIndexChanged.connect(self._chose_field)
        self._how.currentIndexChanged.connect(self._chose_op)
        self._text.textChanged.connect(self._tell)
        self._number.textChanged.connect(self._tell)
        self._unit.currentIndexChanged.connect(self._tell)
        self._date.textChanged.connect(self._tell)
        self._choice.currentIndexChanged.connect(self._tell)
        self._remove.clicked.connect(self.removed)

    def _chose_field(self) -> None:
        if not self._shows:
            self._fill_ops(None)
            self._retype()

    def _chose_op(self) -> None:
        if not self._shows:
            now = self.rule()
            same = self._text.isVisibleTo(self)
            if same and rules.kind_of(now.field, now.op) is Kind.TEXT:
                self._tell()
            else:
                self._retype()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._what.setFixedWidth(self._theme.px(176))
        self._how.setFixedWidth(self._theme.px(176))
        row.addWidget(self._what)
        row.addWidget(self._how)
        row.addWidget(self._text, 1)
        row.addWidget(self._choice, 1)
        for piece in (self._number, self._mega, self._unit, self._date):
            row.addWidget(piece)
        row.addStretch(0)
        row.addWidget(self._remove)


def _combo(name: str, label: str) -> QComboBox:
    made = combo(name, label)
    made.setMaxVisibleItems(30)
    return made
