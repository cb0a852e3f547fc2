"""One parameter of the form: its flag, its field, its help, and what is wrong."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QWidget,
)

from chrislib.cube.types import PluginParameter
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.values import PATH_TYPES, is_on_word, type_note
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, button, icon_button
from chrislib.views.widgets.text import Label

_LABEL_WIDTH = 136
_CROSS = 28
_ERROR, _HELP = 1, 2
"""Rows of the grid below the field."""


class FormRow(QWidget):
    """A parameter; it writes into the form's buffer and tells when it did."""

    edited = Signal(str)
    removed = Signal(str)
    path_wanted = Signal(str)

    def __init__(
        self,
        theme: Theme,
        form: ParameterForm,
        parameter: PluginParameter,
        *,
        prefix: str = "form",
    ) -> None:
        super().__init__()
        self._theme = theme
        self._form = form
        self.parameter = parameter
        self.name = parameter.name
        self._id = f"{prefix}.{parameter.name}"
        flag = parameter.flag or parameter.name
        self.setObjectName(f"{self._id}.row")
        self._field: Field | None = None
        self._check: QCheckBox | None = None
        note = type_note(parameter)
        self._help_text = "\n".join(part for part in (parameter.help, note) if part)
        self._help: Label | None = None
        self._wrong: _Wrong | None = None
        # a form may have a hundred rows: only what is needed is made
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 12)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        self._grid.setColumnMinimumWidth(2, _CROSS)
        self._grid.setColumnStretch(1, 1)
        label = Label(theme, flag, style="mono", wrap=True)
        label.setFixedWidth(_LABEL_WIDTH)
        self._grid.addWidget(label, 0, 0, Qt.AlignmentFlag.AlignVCenter)
        if not parameter.optional:
            self._grid.addWidget(
                Label(theme, "required", style="caption", token="text.muted"),
                _ERROR,
                0,
                2,
                1,
                Qt.AlignmentFlag.AlignTop,
            )
        self._make_field(flag)
        if self._help_text:
            self._help = Label(
                theme,
                self._help_text,
                style="caption",
                token="text.secondary",
                wrap=True,
                name=f"{self._id}.help",
            )
            self._grid.addWidget(self._help, _HELP, 1)
        if parameter.optional:
            cross = icon_button(
                theme, "x", name=f"{self._id}.remove", tooltip=f"Take {flag} out"
            )
            cross.clicked.connect(lambda: self.removed.emit(self.name))
            self._grid.addWidget(cross, 0, 2, Qt.AlignmentFlag.AlignTop)

    def take_from_form(self) -> None:
        """Show what the buffer holds, without telling."""
        text = self._form.text(self.name)
        if self._field is not None and self._field.text() != text:
            self._field.blockSignals(True)
            self._field.setText(text)
            self._field.blockSignals(False)
        if self._check is not None:
            self._check.blockSignals(True)
            self._check.setChecked(self._is_on(text))
            self._check.blockSignals(False)

    def show_error(self, message: str) -> None:
        """Mark the field as refused and say why, or take that back."""
        if message and self._wrong is None:
            self._wrong = _Wrong(self._theme, name=f"{self._id}.error")
            self._grid.addWidget(self._wrong, _ERROR, 1)
        if self._wrong is not None:
            self._wrong.say(message)
        if self._help is not None and self._help.isHidden() != bool(message):
            self._help.setVisible(not message)
        if self._field is not None:
            self._field.set_refused(bool(message))
            self._field.setAccessibleDescription(message or self._help_text)

    @property
    def error(self) -> str:
        """What is said to be wrong, "" for nothing."""
        return self._wrong.words if self._wrong is not None else ""

    def go_in(self) -> None:
        """Take the focus."""
        target = self._field or self._check
        if target is not None:
            target.setFocus(Qt.FocusReason.OtherFocusReason)
        if self._field is not None:
            self._field.selectAll()

    def _make_field(self, flag: str) -> None:
        parameter, left = self.parameter, Qt.AlignmentFlag.AlignLeft
        if parameter.type == "boolean":
            self._check = QCheckBox("On")
            self._check.setObjectName(self._id)
            self._check.setAccessibleName(flag)
            self._check.setChecked(self._is_on(self._form.text(self.name)))
            self._check.toggled.connect(self._switched)
            self._grid.addWidget(self._check, 0, 1, left)
            return
        self._field = Field(self._theme, _hint(parameter), name=self._id, label=flag)
        self._field.setText(self._form.text(self.name))
        self._field.textEdited.connect(self._typed)
        if parameter.type in {"integer", "float"}:
            self._field.setFixedWidth(self._theme.px(220))
            self._grid.addWidget(self._field, 0, 1, left)
            return
        if parameter.type not in PATH_TYPES:
            self._grid.addWidget(self._field, 0, 1)
            return
        choose = button(
            self._theme,
            "Choose …",
            kind="quiet",
            name=f"{self._id}.choose",
            tooltip="Choose data of this feed, the library or the storage",
        )
        choose.clicked.connect(lambda: self.path_wanted.emit(self.name))
        row = QHBoxLayout()
        row.addWidget(self._field, 1)
        row.addWidget(choose)
        self._grid.addLayout(row, 0, 1)

    def _typed(self, text: str) -> None:
        self._form.set(self.name, text)
        self.edited.emit(self.name)

    def _switched(self, on: bool) -> None:
        words = ("false", "true")
        if self.parameter.action == "store_false":
            words = ("true", "false")
        self._form.set(self.name, words[on])
        self.edited.emit(self.name)

    def _is_on(self, text: str) -> bool:
        on = is_on_word(text)
        return not on if self.parameter.action == "store_false" else on

    def take(self, text: str) -> None:
        """Take a value as if it were typed."""
        if self._field is not None:
            self._field.setText(text)
            self._typed(text)


class _Wrong(QWidget):
    """What is wrong with a field, with its glyph."""

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._glyph = QLabel()
        self._words = Label(
            theme, style="small", token="state.failed", wrap=True, name=name
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def words(self) -> str:
        """What is said, "" for nothing."""
        return self._words.text()

    def say(self, message: str) -> None:
        """Say something else; "" hides it."""
        self._words.setText(message)
        self.setVisible(bool(message))

    def _dress(self) -> None:
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(
            self._theme.pixmap("circle-x", "state.failed", size=14, dpr=ratio)
        )


def _hint(parameter: PluginParameter) -> str:
    if parameter.type in PATH_TYPES:
        return "Choose, or type a path of the server's storage"
    if parameter.type == "integer":
        return "Whole number"
    if parameter.type == "float":
        return "Number"
    return ""
