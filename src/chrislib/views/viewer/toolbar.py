"""The viewer's toolbar: the way back, tools, window presets, toggles."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QToolButton, QWidget

from chrislib.dicom.render import Window
from chrislib.views.theme.theme import Theme
from chrislib.views.viewer.overlay import number
from chrislib.views.widgets.buttons import Segments, button, icon_button
from chrislib.views.widgets.text import ElidedLabel, line, plain_tooltip

TOOLS = (
    ("window", "Window", "W", "contrast"),
    ("pan", "Pan", "M", "hand"),
    ("zoom", "Zoom", "Z", "zoom-in"),
)
AS_STORED = "As stored"


class ToolButton(QToolButton):
    """A tool with glyph, word and key."""

    def __init__(self, theme: Theme, words: str, *, key: str, icon: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self.setText(f" {words}  {key}")
        self.setAccessibleName(words)
        self.setToolTip(plain_tooltip(f"{words} ({key})"))
        self.setCheckable(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggled.connect(lambda _on: self._dress())
        self._dress()
        theme.changed.connect(self._dress)

    def sizeHint(self) -> QSize:
        """Return room for glyph, word and key."""
        hint = super().sizeHint()
        return QSize(hint.width() + 16, self._theme.px(28))

    def _dress(self) -> None:
        token = "text.primary" if self.isChecked() else "text.secondary"
        self.setFont(self._theme.font("small-strong"))
        self.setIcon(self._theme.icon(self._icon, token, size=16))
        fill = self._theme.hex("bg.selected")
        self.setStyleSheet(
            f"QToolButton:checked {{ background: {fill};"
            f" color: {self._theme.hex('text.primary')}; }}"
        )


class Toolbar(QWidget):
    """Back, tools, presets, and what is shown; 44 px high."""

    back = Signal()
    tool_chosen = Signal(str)
    preset_chosen = Signal(object)
    """A Window, or None for the one of the file."""
    reset = Signal()
    invert = Signal()
    play = Signal()
    texts_toggled = Signal(bool)
    full_screen = Signal()
    layout_chosen = Signal(str)
    linked = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._windows: list[Window | None] = [None]
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(theme.px(44))
        self._group = QButtonGroup(self)
        self._tools: dict[str, ToolButton] = {}
        self.presets = QComboBox()
        self._layouts = Segments(
            theme,
            [
                ("single", "Single", "square"),
                ("compare", "Compare", "columns-2"),
                ("planes", "Three planes", "layout-grid"),
            ],
            name="viewer.layout",
        )
        self._link = icon_button(
            theme, "link", name="viewer.link", tooltip="Link views (S)"
        )
        self._link.setCheckable(True)
        self._link.setChecked(True)
        self._link.toggled.connect(self.linked)
        self._link.hide()
        self._layouts.chosen.connect(self.layout_chosen)
        self._title = ElidedLabel(
            theme, style="small", token="text.secondary", name="viewer.title"
        )
        self._texts = icon_button(
            theme, "info", name="viewer.texts", tooltip="Overlay text (V)"
        )
        self._texts.setCheckable(True)
        self._texts.setChecked(True)
        self._texts.toggled.connect(self.texts_toggled)
        self._play = icon_button(
            theme, "play", name="viewer.play", tooltip="Play (Space)"
        )
        self._play.clicked.connect(self.play)
        self._pictures = QWidget()
        self._fill_pictures()
        self._fill()
        self.show_tool("window")
        self.show_presets(())

    def _fill(self) -> None:
        back = button(
            self._theme,
            "Back",
            kind="quiet",
            icon="arrow-left",
            name="viewer.back",
            tooltip="Back (G)",
            small=True,
        )
        back.clicked.connect(self.back)
        full = icon_button(
            self._theme, "maximize", name="viewer.fullscreen", tooltip="Full screen (F)"
        )
        full.clicked.connect(self.full_screen)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(back)
        row.addWidget(line(vertical=True))
        row.addWidget(self._pictures)
        row.addSpacing(8)
        row.addWidget(self._title, 1)
        row.addWidget(self._layouts)
        row.addWidget(self._link)
        row.addWidget(self._texts)
        row.addWidget(full)

    def _fill_pictures(self) -> None:
        tools = QHBoxLayout(self._pictures)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(8)
        for key, words, letter, icon in TOOLS:
            tool = ToolButton(self._theme, words, key=letter, icon=icon)
            tool.setObjectName(f"viewer.tool.{key}")
            tool.clicked.connect(lambda _on=False, key=key: self.tool_chosen.emit(key))
            self._group.addButton(tool)
            self._tools[key] = tool
            tools.addWidget(tool)
        tools.addWidget(line(vertical=True))
        self.presets.setObjectName("viewer.presets")
        self.presets.setAccessibleName("Window preset")
        self.presets.setProperty("small", True)
        self.presets.setFont(self._theme.font("small"))
        self.presets.setMinimumWidth(self._theme.px(130))
        self.presets.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.presets.activated.connect(self._preset)
        tools.addWidget(self.presets)
        for icon, name, tip, signal in (
            ("rotate-ccw", "viewer.reset", "Reset view (R)", self.reset),
            ("contrast", "viewer.invert", "Invert (I)", self.invert),
        ):
            made = icon_button(self._theme, icon, name=name, tooltip=tip)
            made.clicked.connect(signal)
            tools.addWidget(made)
        tools.addWidget(self._play)

    def show_title(self, title: str) -> None:
        """Say what is being looked at."""
        self._title.setText(title)

    def show_tool(self, tool: str) -> None:
        """Mark the tool in use."""
        self._tools[tool].setChecked(True)

    def show_kind(self, *, pictures: bool, planes: bool, compare: bool = False) -> None:
        """Offer only what the page understands."""
        self._pictures.setVisible(pictures)
        self._texts.setVisible(pictures)
        self._layouts.setVisible(planes or compare)
        self._layouts.offer("planes", planes)
        self._layouts.offer("compare", compare)
        if not (planes and self._layouts.current == "single"):
            self._layouts.choose("planes" if planes else "single")

    def show_linking(self, shown: bool) -> None:
        """Offer to link views, where there are several."""
        self._link.setVisible(shown)

    def toggle_link(self) -> None:
        """Press the button that links views, if it is there."""
        if self._link.isVisible():
            self._link.toggle()

    def show_layout(self, key: str) -> None:
        """Mark the layout in use."""
        self._layouts.choose(key)

    def show_playing(self, playing: bool) -> None:
        """Show whether the stack plays."""
        self._play.set_icon("square" if playing else "play")

    def toggle_texts(self) -> None:
        """Press the overlay text button."""
        self._texts.toggle()

    def show_presets(self, windows: Sequence[Window]) -> None:
        """Offer windows by name, first the file's own."""
        self._windows = [None, *windows]
        self.presets.clear()
        self.presets.addItem(AS_STORED)
        for window in windows:
            self.presets.addItem(
                f"{window.name}  {number(window.width)} / {number(window.center)}"
            )
        self.presets.setVisible(len(windows) > 0)

    def choose_preset(self, place: int) -> None:
        """Choose a preset by its place in the list."""
        if 0 <= place < len(self._windows):
            self.presets.setCurrentIndex(place)
            self._preset(place)

    def _preset(self, place: int) -> None:
        self.preset_chosen.emit(self._windows[place])
