"""Two days between which feeds were made."""

from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label


class DaysSheet(Sheet):
    """From and to, both included; one of them may be left empty."""

    chosen = Signal(object, object)

    def __init__(
        self, window: QWidget, theme: Theme, since: date | None, until: date | None
    ) -> None:
        super().__init__(
            window,
            theme,
            "Feeds between two days",
            "Both days are included.",
            width=520,
            height=280,
        )
        self.setObjectName("feeds.days")
        page = QWidget()
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        self._fields: list[Field] = []
        for column, (words, day) in enumerate((("From", since), ("To", until))):
            field = Field(
                theme,
                "2026-03-04",
                name=f"feeds.days.{words.lower()}",
                label=words,
            )
            field.setText("" if day is None else day.isoformat())
            field.returnPressed.connect(self._press)
            head = Label(theme, words, style="caption", token="text.secondary")
            grid.addWidget(head, 0, column)
            grid.addWidget(field, 1, column)
            self._fields.append(field)
        outer = QVBoxLayout(page)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.addLayout(grid)
        outer.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Show")
        self.next_pressed.connect(self._press)

    def _press(self) -> None:
        days = []
        for field in self._fields:
            text = field.text().strip()
            try:
                days.append(date.fromisoformat(text) if text else None)
            except ValueError:
                field.set_refused(True)
                self.set_note("Write days as 2026-03-04.", kind="failed")
                return
            field.set_refused(False)
        since, until = days
        if since is not None and until is not None and since > until:
            since, until = until, since
        self.chosen.emit(since, until)
        self.accept()
