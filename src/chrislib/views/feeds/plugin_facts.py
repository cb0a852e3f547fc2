"""What a plugin is: its words, version, image, documentation and parameters."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.types import Plugin, PluginParameter
from chrislib.feeds.values import show_value
from chrislib.shown import one_line, plain
from chrislib.views.context import ViewContext
from chrislib.views.feeds.plugin_readme import PluginReadme, open_page, web_address
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.text import Label, line, plain_tooltip

WIDTH = 336
_READING_WIDTH = 500
ABOUT, README = "about", "readme"
_SOON_MS = 120
_KINDS = {
    "string": "text",
    "integer": "whole number",
    "float": "number",
    "boolean": "switch",
    "path": "data",
    "unextpath": "data, linked",
}


class PluginFacts(QWidget):
    """The panel beside the list of plugins; `version_chosen` gives a `Plugin`."""

    version_chosen = Signal(object)

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self._context = context
        self._theme = context.theme
        self._tasks = context.tasks("plugin facts")
        self._plugin: Plugin | None = None
        self._versions: list[Plugin] = []
        theme = context.theme
        self.setObjectName("plugin.facts")
        self.setFixedWidth(WIDTH)
        self._name = Label(theme, style="section", wrap=True, name="plugin.name")
        self._title = Label(theme, style="body", wrap=True, name="plugin.title")
        self.box = combo("plugin.version", "Version")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._text = Label(
            theme, style="small", token="text.secondary", wrap=True, name="plugin.text"
        )
        self._facts = Facts(theme, share=84)
        self._facts.setObjectName("plugin.rows")
        self._docs = button(
            theme,
            "Documentation",
            kind="quiet",
            icon="link",
            name="plugin.docs",
            small=True,
        )
        self._copy = button(
            theme,
            "Copy image",
            kind="quiet",
            icon="copy",
            name="plugin.image.copy",
            small=True,
        )
        self.parts = Segments(
            theme,
            [(ABOUT, "About", ""), (README, "README", "")],
            name="plugin.parts",
        )
        self.readme = PluginReadme(context)
        self._head = Label(theme, "Parameters", style="small-strong")
        self._parameters = Label(
            theme,
            style="caption",
            token="text.secondary",
            wrap=True,
            name="plugin.parameters",
        )
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._ask)
        self._build()
        self.box.activated.connect(self._pick)
        self.parts.chosen.connect(self._show_part)
        self._docs.clicked.connect(self._open_docs)
        self._copy.clicked.connect(self._copy_image)
        self.show_plugin(None)

    def show_plugin(self, plugin: Plugin | None) -> None:
        """Show another plugin; what has to be asked for follows a little later."""
        if plugin is not None and plugin == self._plugin:
            return
        self._tasks.cancel_all()
        same = (
            plugin is not None
            and self._plugin is not None
            and plugin.name == self._plugin.name
        )
        self._plugin = plugin
        self._whole.setVisible(plugin is not None)
        if self.parts.current == README:
            self.readme.show_plugin(plugin)
        if plugin is None:
            return
        self._name.setText(one_line(plugin.name))
        self._title.setText(one_line(plugin.title))
        self._title.setVisible(bool(plugin.title))
        self._text.setText(plain(plugin.description))
        self._text.setVisible(bool(plugin.description))
        rows = (
            ("Category", one_line(plugin.category)),
            ("Authors", one_line(plugin.authors)),
            ("License", one_line(plugin.license)),
            ("Image", one_line(plugin.dock_image)),
            ("Kind", "joins several nodes" if plugin.type == "ts" else ""),
        )
        self._facts.show_facts([(label, value) for label, value in rows if value])
        self._docs.setVisible(bool(web_address(plugin.documentation)))
        self._docs.setToolTip(plain_tooltip(plugin.documentation[:200]))
        self._copy.setVisible(bool(plugin.dock_image))
        if not same:
            self._fill([plugin])
        self._parameters.setText("")
        self._head.setText("Parameters")
        self._soon.start()

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._soon.stop()
        self._tasks.cancel_all()
        self.readme.shutdown()

    # -- inside ----------------------------------------------------------------

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        buttons.addWidget(self._docs)
        buttons.addWidget(self._copy)
        buttons.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._name, 1)
        head.addWidget(self.box, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setContentsMargins(16, 0, 16, 16)
        column.setSpacing(8)
        for piece in (self._title, self._text, self._facts):
            column.addWidget(piece)
        column.addLayout(buttons)
        column.addWidget(line())
        column.addWidget(self._head)
        column.addWidget(self._parameters)
        column.addStretch(1)
        self._inner = QWidget()
        self._inner.setLayout(column)
        scroll = scrolled(self._inner)
        reading = QWidget()
        column = QVBoxLayout(reading)
        column.setContentsMargins(16, 0, 16, 16)
        column.addWidget(self.readme)
        self._pages = QStackedWidget()
        self._pages.addWidget(scroll)
        self._pages.addWidget(reading)
        top = QVBoxLayout()
        top.setContentsMargins(16, 16, 16, 0)
        top.setSpacing(12)
        top.addLayout(head)
        top.addWidget(self.parts)
        self._whole = QWidget()
        column = QVBoxLayout(self._whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self._pages, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._whole)

    def _ask(self) -> None:
        plugin = self._plugin
        if plugin is None:
            return
        feeds = self._context.feeds
        # the words at hand are enough to go on with: what fails here is asked again
        self._tasks.start(
            feeds.plugins.versions(plugin.name),
            name="versions",
            done=self._fill,
            failed=lambda _error: None,
        )
        self._tasks.start(
            feeds.plugins.parameters(plugin.id),
            name="parameters",
            done=self._show_parameters,
            failed=lambda error: self._parameters.setText(str(error)),
        )

    def _fill(self, versions: list[Plugin]) -> None:
        self._versions = versions or self._versions
        current = self._plugin.version if self._plugin is not None else ""
        self.box.clear()
        several = len(self._versions) > 1
        for place, one in enumerate(self._versions):
            self.box.addItem(one.version)
            if one.version == current:
                self.box.setCurrentIndex(place)
        self.box.setEnabled(several)

    def _pick(self, place: int) -> None:
        if 0 <= place < len(self._versions):
            plugin = self._versions[place]
            self.show_plugin(plugin)
            self.version_chosen.emit(plugin)

    def _show_parameters(self, parameters: Sequence[PluginParameter]) -> None:
        self._head.setText(f"Parameters ({len(parameters)})")
        self._parameters.setText(
            "\n\n".join(map(parameter_words, parameters))
            or "This plugin has no parameters."
        )

    def _show_part(self, part: str) -> None:
        """Show what the server says, or the README beside a list that is narrower."""
        reading = part == README
        self.setFixedWidth(_READING_WIDTH if reading else WIDTH)
        self._pages.setCurrentIndex(int(reading))
        if reading:
            self.readme.show_plugin(self._plugin)

    def _open_docs(self) -> None:
        if self._plugin is not None:
            open_page(self._context, web_address(self._plugin.documentation))

    def _copy_image(self) -> None:
        if self._plugin is not None:
            QGuiApplication.clipboard().setText(self._plugin.dock_image)
            self._context.messages.info("The image's name is on the clipboard.")


def parameter_words(parameter: PluginParameter) -> str:
    """Return a parameter in two lines: flag and kind, and what it is for."""
    flag = parameter.flag or parameter.name
    if parameter.short_flag and parameter.short_flag != flag:
        flag = f"{parameter.short_flag}, {flag}"
    kind = _KINDS.get(parameter.type, parameter.type or "text")
    notes = [kind]
    if not parameter.optional:
        notes.append("required")
    elif parameter.type != "boolean" and show_value(parameter.default):
        notes.append(f"default {show_value(parameter.default)}")
    first = f"{flag}  ({', '.join(notes)})"
    return f"{first}\n{parameter.help}" if parameter.help else first
