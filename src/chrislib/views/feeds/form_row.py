"""One parameter of the form: its flag, its field, its help, and what is wrong."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.types import PluginParameter
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.values import PATH_TYPES, is_on_word, type_note
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, button, icon_button
from chrislib.views.widgets.text import Label

_LABEL_WIDTH = 136


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
        left = QVBoxLayout()
        left.setSpacing(0)
        left.setContentsMargins(0, 6, 0, 0)
        label = Label(theme, flag, style="mono")
        label.setWordWrap(True)
        left.addWidget(label)
        if not parameter.optional:
            left.addWidget(
                Label(theme, "required", style="caption", token="text.muted")
            )
        left.addStretch(1)
        side = QWidget()
        side.setLayout(left)
        side.setFixedWidth(_LABEL_WIDTH)
        note = type_note(parameter)
        self._help_text = "\n".join(part for part in (parameter.help, note) if part)
        self._help = Label(
            theme, self._help_text, style="caption", token="text.secondary", wrap=True
        )
        self._help.setObjectName(f"{self._id}.help")
        self._help.setVisible(bool(self._help_text))
        self._glyph = QLabel()
        self._error = Label(
            theme,
            style="small",
            token="state.failed",
            wrap=True,
            name=f"{self._id}.error",
        )
        wrong = QHBoxLayout()
        wrong.setSpacing(6)
        wrong.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        wrong.addWidget(self._error, 1)
        middle = QVBoxLayout()
        middle.setSpacing(4)
        middle.addWidget(self._make_field(flag))
        middle.addLayout(wrong)
        middle.addWidget(self._help)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 12)
        grid.setHorizontalSpacing(12)
        grid.addWidget(side, 0, 0)
        grid.addLayout(middle, 0, 1)
        cross = self._make_cross(flag)
        grid.addWidget(cross, 0, 2, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(1, 1)
        theme.changed.connect(self._dress)
        self.show_error("")
        self._dress()

    def _make_cross(self, flag: str) -> QWidget:
        cross = icon_button(
            self._theme,
            "x",
            name=f"{self._id}.remove",
            tooltip=f"Take {flag} out",
        )
        cross.clicked.connect(lambda: self.removed.emit(self.name))
        policy = cross.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        cross.setSizePolicy(policy)
        cross.setVisible(self.parameter.optional)
        return cross

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
        self._error.setText(message)
        self._error.setVisible(bool(message))
        self._glyph.setVisible(bool(message))
        self._help.setVisible(bool(self._help_text) and not message)
        if self._field is not None:
            self._field.set_refused(bool(message))
            self._field.setAccessibleDescription(message or self._help_text)

    def go_in(self) -> None:
        """Take the focus."""
        target = self._field or self._check
        if target is not None:
            target.setFocus(Qt.FocusReason.OtherFocusReason)
        if self._field is not None:
            self._field.selectAll()

    def _make_field(self, flag: str) -> QWidget:
        parameter = self.parameter
        if parameter.type == "boolean":
            self._check = QCheckBox("On")
            self._check.setObjectName(self._id)
            self._check.setAccessibleName(flag)
            self._check.setChecked(self._is_on(self._form.text(self.name)))
            self._check.toggled.connect(self._switched)
            return _at_left(self._check, top=4)
        self._field = Field(self._theme, _hint(parameter), name=self._id, label=flag)
        self._field.setText(self._form.text(self.name))
        self._field.textEdited.connect(self._typed)
        if parameter.type in {"integer", "float"}:
            self._field.setMaximumWidth(self._theme.px(220))
            return _at_left(self._field)
        if parameter.type not in PATH_TYPES:
            return self._field
        choose = button(
            self._theme,
            "Choose …",
            kind="quiet",
            name=f"{self._id}.choose",
            tooltip="Choose data of this feed, the library or the storage",
        )
        choose.clicked.connect(lambda: self.path_wanted.emit(self.name))
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._field, 1)
        row.addWidget(choose)
        return both

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

    def _dress(self) -> None:
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(
            self._theme.pixmap("circle-x", "state.failed", size=14, dpr=ratio)
        )


def _at_left(piece: QWidget, *, top: int = 0) -> QWidget:
    """Return a widget that takes the row's width, with `piece` at its left end."""
    wide = QWidget()
    line = QHBoxLayout(wide)
    line.setContentsMargins(0, top, 0, 0)
    line.addWidget(piece, 1)
    line.addStretch(1)
    return wide


def _hint(parameter: PluginParameter) -> str:
    if parameter.type in PATH_TYPES:
        return "Choose, or type a path of the server's storage"
    if parameter.type == "integer":
        return "Whole number"
    if parameter.type == "float":
        return "Number"
    return ""
