"""The head of the list of feeds: New feed, or what is done to several."""

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.text import ElidedLabel, Label


class ListHead(QStackedWidget):
    """A title and New feed; once several feeds are highlighted, their number and acts.

    Signals
    -------
    act : str
        "download", "delete" or "more" was pressed for the highlighted feeds.
    """

    new_feed = Signal()
    act = Signal(str)
    one_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.new_button = button(
            theme,
            "New feed",
            icon="plus",
            name="feeds.new",
            tooltip="Make a feed of what is in the tray (Ctrl+N)",
            small=True,
        )
        self.new_button.clicked.connect(self.new_feed)
        plain = QHBoxLayout()
        plain.setContentsMargins(12, 12, 12, 8)
        plain.addWidget(Label(theme, "Feeds", style="section", name="feeds.title"), 1)
        plain.addWidget(self.new_button)
        self._count = ElidedLabel(theme, style="section", name="feeds.bulk.count")
        several = QHBoxLayout()
        several.setContentsMargins(12, 10, 8, 6)
        several.setSpacing(2)
        several.addWidget(self._count, 1)
        for icon, act, words in (
            ("download", "download", "Get these feeds …"),
            ("trash-2", "delete", "Delete these feeds on the server … (Del)"),
            ("ellipsis", "more", "More for these feeds"),
        ):
            made = icon_button(theme, icon, name=f"feeds.bulk.{act}", tooltip=words)
            made.clicked.connect(lambda _on=False, act=act: self.act.emit(act))
            several.addWidget(made)
        self._more = made
        one = icon_button(
            theme, "x", name="feeds.bulk.end", tooltip="Highlight one only (Esc)"
        )
        one.clicked.connect(self.one_wanted)
        several.addWidget(one)
        for row in (plain, several):
            page = QWidget()
            page.setLayout(row)
            self.addWidget(page)

    def show_highlighted(self, count: int) -> None:
        """Show how many feeds are highlighted; up to one shows New feed."""
        if count > 1:
            self._count.setText(f"{count:,} feeds")
        self.setCurrentIndex(1 if count > 1 else 0)

    def menu_place(self) -> QPoint:
        """Return where the menu of "more" opens, on the screen."""
        return self._more.mapToGlobal(self._more.rect().bottomLeft())
