"""Where a run computes and what it may use: a choice, and limits with their bounds."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.types import ComputeResource
from chrislib.feeds.limits import Bound, Limits
from chrislib.feeds.states import duration
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.text import Label

_UNITS = {"cpu_limit": "cores", "memory_limit": "MiB or GiB"}


class ComputeView(QWidget):
    """One of the compute resources of a plugin, and the limits of the run."""

    changed = Signal()

    def __init__(self, theme: Theme, *, prefix: str = "") -> None:
        super().__init__()
        self._prefix = prefix
        self._theme = theme
        self._limits: Limits | None = None
        self._compute = ""
        self._refused = ""
        self._fields: dict[str, tuple[Field, Label]] = {}
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(24, 16, 24, 16)
        self._column.setSpacing(4)
        inner = QWidget()
        inner.setLayout(self._column)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolled(inner))
        self._error = Label(
            theme,
            style="small",
            token="state.failed",
            wrap=True,
            name=f"{prefix}compute.error",
        )

    # -- what it holds ---------------------------------------------------------

    @property
    def compute(self) -> str:
        """Name of the chosen resource, "" where the plugin has none."""
        return self._compute

    @property
    def limits(self) -> Limits | None:
        """The buffer of the limits."""
        return self._limits

    def show_choices(
        self, computes: Sequence[ComputeResource], limits: Limits, *, wanted: str = ""
    ) -> None:
        """Offer another plugin's resources and limits.

        Parameters
        ----------
        wanted : str
            Chosen where it is among them; else none is, and the words say so. Without
            a wish the first is.
        """
        self._limits = limits
        self._refused = ""
        names = [one.name for one in computes]
        gone = bool(wanted and names and wanted not in names)
        first = names[0] if names and not gone else ""
        self._compute = wanted if wanted in names else first
        self._clear()
        self._column.addWidget(Label(self._theme, "Compute", style="section"))
        self._column.addSpacing(4)
        for resource in computes:
            self._add_resource(resource)
        if not computes:
            words = "The server names no compute resource: it takes its own."
            self._say(words)
        if gone:
            self._refused = f"{wanted} is not offered any more. Choose another one."
        self._column.addWidget(self._error)
        self._add_limits(limits)
        self._column.addStretch(1)
        self.judge()

    def refuse(self, message: str) -> None:
        """Say what a server has against the chosen resource."""
        self._refused = message
        self.judge()

    def ask(self) -> bool:
        """Judge all limits; go to the first refused one and return False, or True."""
        self.judge()
        errors = self._limits.errors() if self._limits is not None else {}
        for name, (field, _) in self._fields.items():
            if name in errors:
                field.setFocus(Qt.FocusReason.OtherFocusReason)
                field.selectAll()
                return False
        return not errors

    def judge(self) -> None:
        """Show what is wrong."""
        errors = self._limits.errors() if self._limits is not None else {}
        for name, (field, label) in self._fields.items():
            message = errors.get(name, "")
            field.set_refused(bool(message))
            field.setAccessibleDescription(message)
            label.setText(message)
            label.setVisible(bool(message))
        self._error.setText(self._refused)
        self._error.setVisible(bool(self._refused))

    @property
    def problems(self) -> int:
        """How many fields need attention."""
        errors = self._limits.errors() if self._limits is not None else {}
        return len(errors) + bool(self._refused)

    def go_in(self) -> None:
        """Take the focus in the choice, or in the first limit."""
        buttons = self._group.buttons()
        chosen = self._group.checkedButton() or (buttons[0] if buttons else None)
        if chosen is not None:
            chosen.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self._fields:
            next(iter(self._fields.values()))[0].setFocus(
                Qt.FocusReason.OtherFocusReason
            )

    # -- inside ----------------------------------------------------------------

    def _clear(self) -> None:
        for choice in self._group.buttons():
            self._group.removeButton(choice)
        self._error.setParent(None)
        while (item := self._column.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                # its fields are not to be found by name any more
                old.setParent(None)
                old.deleteLater()
        self._fields.clear()

    def _say(self, words: str) -> None:
        label = Label(
            self._theme, words, style="caption", token="text.secondary", wrap=True
        )
        self._column.addWidget(label)

    def _add_resource(self, resource: ComputeResource) -> None:
        choice = QRadioButton(resource.name.replace("&", "&&"))
        choice.setObjectName(f"{self._prefix}compute.{resource.name}")
        choice.setAccessibleName(resource.name)
        choice.setChecked(resource.name == self._compute)
        self._group.addButton(choice)
        choice.toggled.connect(lambda on, name=resource.name: self._choose(name, on=on))
        self._column.addWidget(choice)
        words = Label(
            self._theme,
            compute_words(resource),
            style="caption",
            token="text.secondary",
            wrap=True,
        )
        # under the words of the choice, not under its circle
        words.setContentsMargins(23, 0, 0, 10)
        words.setVisible(bool(words.text()))
        self._column.addWidget(words)

    def _choose(self, name: str, *, on: bool) -> None:
        if on:
            self._compute = name
            self._refused = ""
            self.judge()
            self.changed.emit()

    def _add_limits(self, limits: Limits) -> None:
        self._column.addSpacing(12)
        self._column.addWidget(Label(self._theme, "Limits", style="section"))
        if not limits.taken:
            self._say(
                "This server takes no limits for the nodes of a pipeline: each gets "
                "the least its plugin asks for."
            )
        fixed = [bound for bound in limits.bounds if not bound.open]
        if any(bound.open for bound in limits.bounds):
            self._say("What is left empty takes the least the plugin asks for.")
        grid = QGridLayout()
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        row = 0
        for bound in limits.bounds:
            if bound.open:
                row = self._add_limit(grid, row, bound, limits)
        holder = QWidget()
        holder.setLayout(grid)
        self._column.addWidget(holder)
        if fixed:
            self._say(f"Fixed by the plugin: {', '.join(map(_fixed, fixed))}.")

    def _add_limit(
        self, grid: QGridLayout, row: int, bound: Bound, limits: Limits
    ) -> int:
        theme = self._theme
        field = Field(
            theme,
            bound.show(bound.low),
            name=f"{self._prefix}limit.{bound.name}",
            label=bound.label,
        )
        field.setText(limits.text(bound.name))
        field.setMaximumWidth(theme.px(140))
        field.textEdited.connect(lambda text: self._typed(bound.name, text))
        unit = _UNITS.get(bound.name, "")
        words = f"{bound.words}{f', in {unit}' if unit == 'cores' else ''}"
        grid.addWidget(Label(theme, bound.label), row, 0)
        grid.addWidget(field, row, 1)
        grid.addWidget(
            Label(theme, words, style="caption", token="text.secondary"), row, 2
        )
        error = Label(
            theme,
            style="small",
            token="state.failed",
            wrap=True,
            name=f"{self._prefix}limit.{bound.name}.error",
        )
        error.hide()
        grid.addWidget(error, row + 1, 1, 1, 2)
        self._fields[bound.name] = (field, error)
        return row + 2

    def _typed(self, name: str, text: str) -> None:
        if self._limits is not None:
            self._limits.set(name, text)
            self.judge()
            self.changed.emit()


def _fixed(bound: Bound) -> str:
    """Return a limit that leaves no choice in words: "1 worker", "no GPU"."""
    if bound.name == "memory_limit":
        return f"{bound.show(bound.low)} of memory"
    what = {"cpu_limit": "CPU", "gpu_limit": "GPU"}.get(bound.name, "worker")
    if not bound.low:
        return f"no {what}"
    many = "s" if what == "worker" and bound.low > 1 else ""
    return f"{bound.show(bound.low)} {what}{many}"


def compute_words(resource: ComputeResource) -> str:
    """Return what is known of a resource."""
    seconds = resource.max_job_exec_seconds
    limit = "" if seconds < 0 else f"up to {duration(seconds)} a run"
    return " · ".join(part for part in (resource.description, limit) if part)
