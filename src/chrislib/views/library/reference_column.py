"""One column of references: its head, its cards or rows, or why there are none."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.views.library.reference_cards import Pictures, ReferenceCards
from chrislib.views.library.reference_model import ReferenceModel
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import ElidedLabel, Label


class ReferenceColumn(QWidget):
    """My references, or New references.

    Parameters
    ----------
    action : str
        Name of the button for everything that is ticked; "" for none.
    """

    acted = Signal()

    def __init__(
        self,
        theme: Theme,
        model: ReferenceModel,
        *,
        name: str,
        title: str,
        picture: Pictures,
        action: str = "",
    ) -> None:
        super().__init__()
        self._model = model
        self.view = ReferenceCards(
            theme, model, name=name, label=title, picture=picture
        )
        self._title = Label(theme, title, style="section")
        self._number = Label(theme, style="small", token="text.muted")
        self._words = ElidedLabel(theme, style="small", token="text.muted")
        self._words.setAlignment(Qt.AlignmentFlag.AlignRight)
        row = QWidget()
        row.setFixedHeight(theme.px(28))
        head = QHBoxLayout(row)
        head.setContentsMargins(0, 0, 16, 0)
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._number)
        head.addWidget(self._words, 1)
        self._button = button(
            theme,
            "Fetch",
            kind="primary",
            icon="download",
            name=action or f"{name}.action",
            small=True,
        )
        self._button.clicked.connect(self.acted)
        policy = self._button.sizePolicy()
        policy.setRetainSizeWhenHidden(bool(action))
        self._button.setSizePolicy(policy)
        self._button.hide()
        head.addWidget(self._button)
        self._hint = Label(theme, "", token="text.muted", wrap=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._hint)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 10, 0, 0)
        column.setSpacing(10)
        column.addWidget(row)
        column.addWidget(self._stack, 1)

    def tell(self, title: str, words: str, *, empty: str) -> None:
        """Say what the column holds; `empty` where it holds nothing."""
        number = len(self._model.shown)
        self._title.setText(title)
        self._number.setText(f"{number:,}")
        self._words.setText(words)
        self._hint.setText(empty)
        self._stack.setCurrentWidget(self.view if number else self._hint)

    def offer(self, words: str) -> None:
        """Offer the button for what is ticked; "" takes it away."""
        self._button.setVisible(bool(words))
        if words:
            self._button.setText(words)

    def yield_to_tray(self, full: bool) -> None:
        """Give up being the primary button while the tray has one."""
        self._button.set_kind("secondary" if full else "primary")
