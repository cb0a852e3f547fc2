"""A smart collection's name and rules, with how many series fit now."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library.mine.model import (
    Collection,
    CollectionId,
    CollectionKind,
    Filters,
    Group,
    Level,
    Listing,
    Query,
    Rule,
)
from chrislib.views.context import ViewContext
from chrislib.views.library.mine import rules
from chrislib.views.library.mine.rule_row import RuleRow
from chrislib.views.library.mine.words import unit
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line

_WAIT_MS = 200


class SmartSheet(Sheet):
    """Rules line by line; what fits them is counted while they change.

    Signals
    -------
    saved : (str, Group)
        Name and rules.
    """

    saved = Signal(str, object)

    def __init__(
        self, window: QWidget, ctx: ViewContext, *, title: str, group: Group | None
    ) -> None:
        new = group is None
        super().__init__(
            window,
            ctx.theme,
            "New smart collection" if new else "Smart collection",
            "Holds what fits its rules, now and later",
            width=760,
            height=560,
        )
        self.setObjectName("smart")
        self._ctx = ctx
        self._tasks = self.own(ctx.tasks("smart collection"))
        self._kept: tuple[Group, ...] = tuple(
            one for one in (group or Group()).rules if isinstance(one, Group)
        )
        self._rows: list[RuleRow] = []
        self._name = Field(ctx.theme, name="smart.name", label="Name")
        self._name.setMaxLength(80)
        self._name.setText(title)
        self._match = combo("smart.match", "How many of the rules")
        self._match.addItem("All of these rules hold", False)
        self._match.addItem("Any of these rules holds", True)
        self._match.setCurrentIndex(int(bool(group and group.any)))
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT_MS)
        self._lay_out()
        for one in (group or Group((rules.first_rule(),))).rules:
            if isinstance(one, Rule) and one.field in rules.FIELDS:
                self._add(one)
        self._wait.timeout.connect(self._count)
        self._match.currentIndexChanged.connect(self._changed)
        self._name.textEdited.connect(lambda _text: self._name.set_refused(False))
        self.next_button.setText("Create" if new else "Save")
        self.next_pressed.connect(self._press)
        self._changed()

    @property
    def rows(self) -> tuple[RuleRow, ...]:
        """The lines of the sheet."""
        return tuple(self._rows)

    def group(self) -> Group:
        """Return the rules as they are written."""
        written = tuple(row.rule() for row in self._rows)
        return Group((*written, *self._kept), any=bool(self._match.currentData()))

    def add_rule(self) -> RuleRow:
        """Add a line, with the cursor in it."""
        row = self._add(rules.first_rule())
        row.focus_value()
        self._changed()
        return row

    def _add(self, rule: Rule) -> RuleRow:
        row = RuleRow(self._ctx.theme, rule, collections=_choosable(self._ctx))
        row.changed.connect(self._changed)
        row.removed.connect(lambda: self._remove(row))
        self._rows.append(row)
        self._lines.addWidget(row)
        return row

    def _remove(self, row: RuleRow) -> None:
        self._rows.remove(row)
        self._lines.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._changed()

    def _changed(self) -> None:
        self._wait.start()

    def _count(self) -> None:
        """Ask how much fits (disk)."""
        if not all(rules.is_whole(row.rule()) for row in self._rows):
            self.set_note("")
            return
        query = Query(Level.ALL, Filters(rules=self.group()))
        self._tasks.cancel_all()
        self._tasks.start(
            self._ctx.my_library.listing(query),
            name="count",
            done=self._counted,
            failed=self._not_counted,
        )

    def _counted(self, found: Listing) -> None:
        fits = "fits" if len(found.ids) == 1 else "fit"
        self.set_note(f"{unit(Level.ALL, len(found.ids))} {fits} now")

    def _not_counted(self, error: BaseException) -> None:
        if isinstance(error, ChrislibError):
            self.set_note(error.title, kind="failed")
        else:
            self._ctx.messages.failed(error)

    def _press(self) -> None:
        name = self._name.text().strip()
        missing = [row for row in self._rows if not rules.is_whole(row.rule())]
        self._name.set_refused(not name)
        for row in self._rows:
            row.set_refused(row in missing)
        if not name:
            self.set_note("Write a name, so that you find it again.", kind="failed")
            self._name.setFocus()
            return
        if missing:
            self.set_note("A rule has no value yet.", kind="failed")
            missing[0].focus_value()
            return
        self.saved.emit(name, self.group())
        self.accept()

    def _lay_out(self) -> None:
        theme = self._ctx.theme
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Label(theme, "Name", style="small", token="text.secondary"))
        head.addWidget(self._name, 1)
        head.addWidget(self._match)
        column.addLayout(head)
        column.addWidget(line())
        inside = QWidget()
        self._lines = QVBoxLayout()
        self._lines.setSpacing(8)
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, 8, 0)
        inner.setSpacing(8)
        inner.addLayout(self._lines)
        if self._kept:
            number = sum(len(one.rules) for one in self._kept)
            inner.addWidget(
                Label(
                    theme,
                    f"{number} more rules in groups stay as they are.",
                    style="small",
                    token="text.muted",
                )
            )
        more = button(
            theme, "Add rule", kind="quiet", icon="plus", name="smart.add", small=True
        )
        more.clicked.connect(self.add_rule)
        under = QHBoxLayout()
        under.addWidget(more)
        under.addStretch(1)
        inner.addLayout(under)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        inside.setAutoFillBackground(False)
        column.addWidget(area, 1)
        self.body.addWidget(page)


def _choosable(ctx: ViewContext) -> Sequence[Collection]:
    """Return what a rule may name: not sets, and no other smart collections."""
    quick = Collection(CollectionId("quick"), "Quick collection", CollectionKind.QUICK)
    manual = CollectionKind.MANUAL
    return (
        quick,
        *(one for one in ctx.my_library.collections if one.kind is manual),
    )
