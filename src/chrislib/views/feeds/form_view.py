"""The parameters of a plugin as a form and as a command line, over one buffer."""

import math
import time
from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.form import ParameterForm
from chrislib.feeds.tokens import tokenize
from chrislib.views.context import ViewContext
from chrislib.views.feeds.form_row import FormRow
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.text import Label, line

_ROW = 56
_AHEAD = 1
"""Rows below the visible part that are there at once."""
_SLICE = 0.005
"""Seconds of the window's thread that the other rows take at a time."""


class CommandHighlighter(QSyntaxHighlighter):
    """Flags are bold, the program is muted, what cannot be read is underlined."""

    def __init__(self, box: QPlainTextEdit, theme: Theme) -> None:
        super().__init__(box.document())
        self._theme = theme
        self._form: ParameterForm | None = None

    def set_form(self, form: ParameterForm) -> None:
        """Color the commands of another form."""
        self._form = form
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """Color one line."""
        begin = self.currentBlock().position()
        name = self._form.plugin.name if self._form is not None else ""
        for token in tokenize(text)[0]:
            style = QTextCharFormat()
            if token.text == name and begin == 0 and token.start == 0:
                style.setForeground(self._theme.color("text.muted"))
            elif token.text.startswith("-"):
                style.setFontWeight(QFont.Weight.DemiBold)
            self.setFormat(token.start, token.end - token.start, style)
        for problem in self._form.problems if self._form is not None else ():
            start = max(0, problem.start - begin)
            end = min(len(text), problem.end - begin)
            for at in range(start, end):
                style = self.format(at)
                color = QColor(self._theme.color("state.failed"))
                style.setUnderlineStyle(
                    QTextCharFormat.UnderlineStyle.SpellCheckUnderline
                )
                style.setUnderlineColor(color)
                self.setFormat(at, 1, style)


class FormView(QWidget):
    """Form above, command line below; an edit in either is in the other at once."""

    changed = Signal()
    path_wanted = Signal(str)
    earlier_wanted = Signal()

    def __init__(self, context: ViewContext, *, name: str = "form") -> None:
        super().__init__()
        self._name = name
        theme = context.theme
        self._context = context
        self._theme = theme
        self._form: ParameterForm | None = None
        self._rows: dict[str, FormRow] = {}
        self._order: list[str] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(
            lambda: self._grow(until=time.perf_counter() + _SLICE)
        )
        self._touched: set[str] = set()
        self._asked = False
        self._writing = False
        self._none = Label(theme, style="body", token="text.secondary", wrap=True)
        self._add = button(theme, "Add parameter", icon="plus", name=f"{name}.add")
        self._add.clicked.connect(self._choose_parameter)
        self.earlier = button(
            theme,
            "From an earlier run …",
            kind="quiet",
            icon="history",
            name=f"{name}.earlier",
        )
        self.earlier.clicked.connect(self.earlier_wanted)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 8, 0)
        self._list.setSpacing(4)
        self._list.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._list)
        self._scroll = scrolled(inner)
        self.command = QPlainTextEdit()
        self.command.setObjectName(f"{name}.command")
        self.command.setAccessibleName("Command line")
        self.command.setTabChangesFocus(True)
        self._highlighter = CommandHighlighter(self.command, theme)
        self._problem = Label(
            theme,
            style="small",
            token="state.failed",
            wrap=True,
            name=f"{name}.problem",
        )
        self._problem.hide()
        self.extra = QVBoxLayout()
        self._build()
        self.command.textChanged.connect(self._command_typed)
        theme.changed.connect(self._dress)
        self._dress()

    def _build(self) -> None:
        theme = self._theme
        copy = button(
            theme,
            "Copy",
            kind="quiet",
            icon="copy",
            name=f"{self._name}.copy",
            small=True,
        )
        copy.clicked.connect(self._copy)
        head = QHBoxLayout()
        head.addWidget(Label(theme, "Parameters", style="section"), 1)
        head.addWidget(self.earlier)
        head.addWidget(self._add)
        foot = QHBoxLayout()
        foot.addWidget(Label(theme, "Command line", style="small-strong"))
        foot.addWidget(
            Label(
                theme,
                "The same values as above; type here or there",
                style="caption",
                token="text.secondary",
            ),
            1,
        )
        foot.addWidget(copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self.extra)
        column.addWidget(self._none)
        column.addWidget(self._scroll, 1)
        column.addWidget(line())
        column.addLayout(foot)
        column.addWidget(self.command)
        column.addWidget(self._problem)

    @property
    def form(self) -> ParameterForm | None:
        """The buffer."""
        return self._form

    @property
    def rows(self) -> int:
        """How many parameters have their row by now."""
        return len(self._rows)

    @property
    def complete(self) -> bool:
        """Whether every given parameter has its row: long forms grow behind."""
        return len(self._rows) == len(self._order)

    def error(self, name: str) -> str:
        """Return what is said at a field, "" for nothing."""
        return self._rows[name].error if name in self._rows else ""

    def set_form(self, form: ParameterForm) -> None:
        """Show another plugin's parameters."""
        self._form = form
        self._touched.clear()
        self._asked = False
        for row in self._rows.values():
            row.hide()
            row.deleteLater()
        self._rows.clear()
        self._order.clear()
        self._writing = True
        self._highlighter.set_form(form)
        self._writing = False
        self._update_rows()
        self._write_command()
        self._judge()

    def ask(self) -> bool:
        """Judge all fields; go to the first refused one and return False, or True."""
        self._asked = True
        self._judge()
        errors = self.visible_errors()
        if not errors:
            return True
        first = next((name for name in self._order if name in errors), "")
        row = self._row(first)
        if row is None:
            self.command.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            row.go_in()
            self._scroll.ensureWidgetVisible(row)
        return False

    def visible_errors(self) -> dict[str, str]:
        """Return what is wrong with fields that were touched or asked for."""
        if self._form is None:
            return {}
        errors = self._form.errors()
        if self._asked:
            return errors
        return {
            name: words
            for name, words in errors.items()
            if not name or name in self._touched
        }

    def go_in(self) -> None:
        """Take the focus in the first field."""
        if self._rows:
            next(iter(self._rows.values())).go_in()
        else:
            self.command.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- inside ----------------------------------------------------------------

    def _update_rows(self) -> None:
        """Show a row for each parameter that is part of the command."""
        form = self._form
        if form is None:
            return
        given = {parameter.name: parameter for parameter in form.given}
        for name in set(self._rows) - set(given):
            row = self._rows.pop(name)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._order = list(given)
        for row in self._rows.values():
            row.take_from_form()
        self._grow(until=0.0)
        left = len(form.addable)
        self._add.setText(f"Add parameter ({left})")
        self._add.setVisible(left > 0)
        self._none.setVisible(not given)
        self._none.setText(
            "This plugin needs no values. Add a parameter to change a default."
            if left
            else "This plugin has no parameters."
        )

    def _grow(self, *, until: float) -> None:
        """Add rows in their order: those on screen at once, the others behind.

        Parameters
        ----------
        until : float
            Go on until then (`time.perf_counter`), once the screen is full.
        """
        form = self._form
        if form is None or self.complete:
            return
        # sizes are dear to ask for: a row is seldom lower than this
        room = self._scroll.viewport().height() // self._theme.px(_ROW) + _AHEAD
        errors = self.visible_errors()
        for place, name in enumerate(self._order):
            if name in self._rows:
                continue
            if place > room and time.perf_counter() > until:
                self._later.start()
                break
            row = FormRow(self._theme, form, form.parameter(name), prefix=self._name)
            row.path_wanted.connect(self.path_wanted)
            row.edited.connect(self._field_edited)
            row.removed.connect(self._remove)
            row.show_error(errors.get(name, ""))
            self._list.insertWidget(place, row)
            self._rows[name] = row
        built = self._rows
        self._rows = {name: built[name] for name in self._order if name in built}

    def _row(self, name: str) -> FormRow | None:
        """Return the row of a parameter; it is there from now on."""
        if name in self._order and name not in self._rows:
            self._grow(until=math.inf)
        return self._rows.get(name)

    def _field_edited(self, name: str) -> None:
        self._touched.add(name)
        self._update_rows()
        self._write_command()
        self._judge()

    def _remove(self, name: str) -> None:
        if self._form is not None:
            self._form.unset(name)
            self._field_edited(name)

    def _choose_parameter(self) -> None:
        form = self._form
        if form is None:
            return
        menu = QMenu(self)
        menu.setObjectName(f"{self._name}.add.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for parameter in form.addable:
            words = (
                parameter.help
                if len(parameter.help) < 64
                else (parameter.help[:63] + "…")
            )
            text = f"{parameter.flag}\t{words}".replace("&", "&&")
            action = menu.addAction(text)
            action.setObjectName(f"{self._name}.add.{parameter.name}")
            action.triggered.connect(
                lambda _on=False, name=parameter.name: self.add_parameter(name)
            )
        menu.popup(self._add.mapToGlobal(QPoint(0, self._add.height())))

    def add_parameter(self, name: str) -> None:
        """Make an optional parameter part of the command and go to its field."""
        if self._form is None:
            return
        self._form.add(name)
        self._update_rows()
        self._write_command()
        self._judge()
        self.go_to(name)

    def go_to(self, name: str) -> None:
        """Take the focus in a field, if it is there."""
        row = self._row(name)
        if row is not None:
            row.go_in()

    def take_path(self, name: str, path: str) -> None:
        """Put a path into a field."""
        row = self._row(name)
        if row is not None:
            row.take(path)

    def adopt(self, values: Mapping[str, str]) -> list[str]:
        """Take over what an earlier run was given; return names that are unknown."""
        form = self._form
        if form is None:
            return []
        unknown = form.adopt(values)
        self._touched.update(parameter.name for parameter in form.given)
        self._update_rows()
        self._write_command()
        self._judge()
        return unknown

    def _command_typed(self) -> None:
        if self._writing or self._form is None:
            return
        before = {p.name: self._form.text(p.name) for p in self._form.given}
        self._form.parse(self.command.toPlainText())
        for parameter in self._form.parameters:
            name = parameter.name
            now = self._form.text(name) if self._form.is_set(name) else None
            if now != before.get(name):
                self._touched.add(name)
        self._update_rows()
        self._judge()
        self._rehighlight()

    def _rehighlight(self) -> None:
        # formats are no edits, but Qt tells them as changes
        self._writing = True
        self._highlighter.rehighlight()
        self._writing = False

    def _write_command(self) -> None:
        if self._form is None:
            return
        text = self._form.made_command_line()
        if self.command.toPlainText() != text:
            self._writing = True
            self.command.setPlainText(text)
            self._writing = False
        self._rehighlight()

    def _judge(self) -> None:
        errors = self.visible_errors()
        for name, row in self._rows.items():
            row.show_error(errors.get(name, ""))
        self._problem.setText(errors.get("", ""))
        self._problem.setVisible("" in errors)
        self.changed.emit()

    def _copy(self) -> None:
        from PySide6.QtGui import QGuiApplication

        QGuiApplication.clipboard().setText(self.command.toPlainText())
        self._context.messages.info("The command is on the clipboard.")

    def _dress(self) -> None:
        self.command.setFont(self._theme.font("mono"))
        height = self.command.fontMetrics().lineSpacing() * 3 + 16
        self.command.setFixedHeight(height)
        self._rehighlight()
