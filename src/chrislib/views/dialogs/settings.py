"""Settings: how the window looks and moves, and the account in use."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.library.deidentify.model import names_server, with_server
from chrislib.views.ports import Preferences
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line

_SIZES = {"0.9": 0.9, "1": 1.0, "1.15": 1.15, "1.3": 1.3}


class SettingsSheet(Sheet):
    """Each change counts at once; there is nothing to save.

    Parameters
    ----------
    notices : QWidget, optional
        The page about desktop messages.
    runs : QWidget, optional
        The page about runs that were started elsewhere.
    server : str
        Address of the present server, "" for none.
    kept : QWidget, optional
        A line about what is kept on this computer.
    """

    sign_in_requested = Signal()
    station_requested = Signal()
    motion_changed = Signal(bool)

    def __init__(
        self,
        window: QWidget,
        theme: Theme,
        settings: Preferences,
        *,
        account: str,
        notices: QWidget | None = None,
        runs: QWidget | None = None,
        server: str = "",
        kept: QWidget | None = None,
    ) -> None:
        super().__init__(window, theme, "Settings", width=880, height=640)
        self.setObjectName("settings.sheet")
        self._settings = settings
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(Label(theme, "Look", style="section"))
        column.addLayout(self._look())
        column.addWidget(line())
        column.addWidget(Label(theme, "Account", style="section"))
        column.addWidget(
            Label(theme, account, token="text.secondary", name="settings.account")
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        sign_in = button(theme, "Sign in …", icon="server", name="settings.sign-in")
        station = button(
            theme, "Use this computer", icon="house", name="settings.station"
        )
        station.setToolTip("Samples and plugins on this computer, no server needed")
        sign_in.clicked.connect(self._sign_in)
        station.clicked.connect(self._station)
        row.addWidget(sign_in)
        row.addWidget(station)
        row.addStretch(1)
        column.addLayout(row)
        if server:
            column.addWidget(self._only_clean(server))
        column.addWidget(line())
        column.addWidget(Label(theme, "Plugins", style="section"))
        column.addWidget(self._readmes())
        if kept is not None:
            column.addWidget(line())
            column.addWidget(Label(theme, "This computer", style="section"))
            column.addWidget(kept)
        column.addStretch(1)
        self.sections = QListWidget()
        self._pages = QStackedWidget()
        self._pages.addWidget(page)
        self.body.addWidget(
            self._with_sections({"Notifications": notices, "Runs": runs})
        )

    def show_section(self, name: str) -> None:
        """Show "general" or "notices"."""
        self.sections.setCurrentRow(int(name == "notices"))

    def _with_sections(self, pages: Mapping[str, QWidget | None]) -> QWidget:
        """Return the pages with the list of their names at the left."""
        names = ["General"]
        for name, page in pages.items():
            if page is not None:
                self._pages.addWidget(page)
                names.append(name)
        sections, theme = self.sections, self._theme
        sections.setObjectName("settings.sections")
        sections.setAccessibleName("Sections")
        sections.setFixedWidth(theme.px(168))
        sections.setFrameShape(QFrame.Shape.NoFrame)
        sections.setFont(theme.font("body"))
        sections.setStyleSheet("QListWidget::item { padding-left: 16px; }")
        for name in names:
            item = QListWidgetItem(name, sections)
            item.setSizeHint(QSize(100, theme.px(32)))
        sections.setCurrentRow(0)
        sections.currentRowChanged.connect(self._pages.setCurrentIndex)
        sections.setVisible(len(names) > 1)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(sections)
        if len(names) > 1:
            row.addWidget(line(vertical=True))
        row.addWidget(self._pages, 1)
        return whole

    def _look(self) -> QGridLayout:
        theme = self._theme
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(12)
        mode = Segments(
            theme,
            [("dark", "Dark", ""), ("light", "Light", ""), ("system", "System", "")],
            name="settings.theme",
        )
        mode.choose(theme.mode)
        mode.chosen.connect(self._choose_mode)
        size = Segments(
            theme,
            [
                ("0.9", "Small", ""),
                ("1", "Normal", ""),
                ("1.15", "Large", ""),
                ("1.3", "Largest", ""),
            ],
            name="settings.text-size",
        )
        for key, factor in _SIZES.items():
            if factor == theme.text_size:
                size.choose(key)
        size.chosen.connect(self._choose_size)
        still = QCheckBox("Less motion")
        still.setObjectName("settings.still")
        still.setChecked(bool(self._settings.get("reduced_motion")))
        still.toggled.connect(self._choose_motion)
        tab = QCheckBox("Tab moves the focus everywhere")
        tab.setObjectName("settings.tab")
        tab.setToolTip("Otherwise Tab in a list, picture or graph folds the panels")
        tab.setChecked(bool(self._settings.get("tab_moves_focus")))
        tab.toggled.connect(lambda on: self._keep("tab_moves_focus", on))
        for row, (words, piece) in enumerate(
            (
                ("Theme", mode),
                ("Text size", size),
                ("Motion", still),
                ("Keys", tab),
            )
        ):
            label = Label(theme, words, token="text.secondary")
            grid.addWidget(label, row, 0)
            grid.addWidget(piece, row, 1)
        grid.setColumnMinimumWidth(0, 120)
        grid.setColumnStretch(2, 1)
        return grid

    def _only_clean(self, server: str) -> QCheckBox:
        """Return the box that keeps original files from the present server."""
        box = QCheckBox("This server only gets de-identified files")
        box.setObjectName("settings.deidentified")
        box.setToolTip("Uploads to it need a de-identification project, always.")
        name = "deidentified_only"
        box.setChecked(names_server(str(self._settings.get(name) or ""), server))
        box.toggled.connect(
            lambda on: self._keep(
                name, with_server(str(self._settings.get(name) or ""), server, on=on)
            )
        )
        return box

    def _readmes(self) -> QCheckBox:
        """Return the box that lets READMEs be read; on, as only a press asks."""
        box = QCheckBox("Plugin documentation may be read from the internet")
        box.setObjectName("settings.readmes")
        box.setToolTip(
            "Only when “Read README” is pressed, from github.com or gitlab.com. Only "
            "the address of the plugin's source code is sent."
        )
        box.setChecked(self._settings.get("plugin_readmes") is not False)
        box.toggled.connect(lambda on: self._keep("plugin_readmes", on))
        return box

    def _keep(self, name: str, value: object) -> None:
        try:
            self._settings.set(name, value)
        except ChrislibError as error:
            # the change counts until the end; only keeping it has failed
            self.set_note(f"{error.title} {error.detail}", kind="failed")

    def _choose_mode(self, mode: str) -> None:
        self._keep("theme", mode)
        self._theme.choose(mode=mode)

    def _choose_size(self, key: str) -> None:
        self._keep("text_size", _SIZES[key])
        self._theme.choose(text_size=_SIZES[key])

    def _choose_motion(self, still: bool) -> None:
        self._keep("reduced_motion", still)
        self.motion_changed.emit(still)

    def _sign_in(self) -> None:
        self.accept()
        self.sign_in_requested.emit()

    def _station(self) -> None:
        self.accept()
        self.station_requested.emit()
