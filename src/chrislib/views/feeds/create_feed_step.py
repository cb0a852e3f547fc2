"""The page where the first step of a new feed is chosen, or put together."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.cube.types import Plugin
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.recipes import Recipe, of_plugin
from chrislib.jobs.model import RunIntent
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed_first import FirstStepList
from chrislib.views.feeds.form_view import FormView
from chrislib.views.feeds.plugin_list import PluginList
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import Label

CHOICE, PLUGIN, PARAMETERS = range(3)


class FirstStepHead(QWidget):
    """The choices with their head; it stands on two pages, one at a time."""

    another = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self.list = FirstStepList(theme)
        other = button(theme, "Choose another …", kind="quiet", name="create.another")
        other.clicked.connect(self.another)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Label(theme, "First step", style="section"))
        head.addWidget(Label(theme, "optional", style="small", token="text.muted"), 1)
        head.addWidget(other)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.list)


class FirstStepPage(QWidget):
    """Choices; behind "Choose another …" plugins, and the parameters of one.

    Signals
    -------
    said : (str, str)
        Words for the sheet's foot, and their kind.
    moved
        Another of its parts is shown.
    taken
        A step was put together and is chosen now.
    """

    said = Signal(str, str)
    moved = Signal()
    taken = Signal()

    def __init__(self, context: ViewContext, head: FirstStepHead) -> None:
        super().__init__()
        self._context = context
        self._tasks = context.tasks("first step")
        self._head = head
        self._plugin: Plugin | None = None
        self._form: ParameterForm | None = None
        self._stack = QStackedWidget()
        self._choice = QWidget()
        self.place = QVBoxLayout(self._choice)
        self.place.setContentsMargins(24, 16, 24, 16)
        self.place.addStretch(1)
        self.plugins = PluginList(context.theme)
        self.form_view = FormView(context, paths=_no_paths)
        for page in (self._choice, self.plugins, self.form_view):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.plugins.chosen.connect(self._chosen)
        self.plugins.activated.connect(lambda _plugin: self.go_on())
        self.plugins.retry.connect(self._load)
        self._load_recipes()

    @property
    def part(self) -> int:
        """CHOICE, PLUGIN or PARAMETERS."""
        return self._stack.currentIndex()

    def show_plugins(self) -> None:
        """Offer every plugin that can follow the data."""
        self._stack.setCurrentIndex(PLUGIN)
        self.moved.emit()
        self._load()

    def go_on(self) -> bool:
        """Do what Next means here; False when the sheet goes on itself."""
        if self.part == PLUGIN:
            if self._plugin is None:
                self.said.emit("Choose a plugin first.", "failed")
            else:
                self._ask_form(self._plugin)
            return True
        if self.part == PARAMETERS:
            if self.form_view.ask():
                self._take()
            else:
                count = len(self.form_view.visible_errors())
                words = "1 field needs" if count == 1 else f"{count} fields need"
                self.said.emit(f"{words} attention", "failed")
            return True
        return False

    def go_back(self) -> bool:
        """Do what Back means here; False when the sheet goes back itself."""
        if self.part == CHOICE:
            return False
        self._stack.setCurrentIndex(self.part - 1)
        self.moved.emit()
        return True

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    # -- inside ----------------------------------------------------------------

    def _load_recipes(self) -> None:
        now = self._context.now()
        self._tasks.start(
            self._context.feeds.making.recipes(),
            name="recipes",
            done=lambda found: self._head.list.set_recipes(found, now),
        )

    def _load(self) -> None:
        if self.plugins.model.total:
            return
        self.plugins.start_loading()
        self._tasks.start(
            self._context.feeds.plugins.usable(),
            name="plugins",
            done=self._show_plugins,
            failed=self.plugins.show_failure,
        )

    def _show_plugins(self, plugins: Sequence[Plugin]) -> None:
        # what joins several nodes cannot follow the only one
        usable = [plugin for plugin in plugins if plugin.type == "ds"]
        self.plugins.set_plugins(usable, self._context.feeds.plugins.recent())

    def _chosen(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self.said.emit("", "info")

    def _ask_form(self, plugin: Plugin) -> None:
        if self._form is not None and self._form.plugin.id == plugin.id:
            self._show_form(self._form)
            return
        self.said.emit(f"Asking for the parameters of {plugin.name}", "info")
        self._tasks.start(
            self._context.feeds.plugins.form_for(plugin),
            name="form",
            done=self._show_form,
            failed=lambda error: self.said.emit(str(error), "failed"),
        )

    def _show_form(self, form: ParameterForm) -> None:
        self._form = form
        self.form_view.set_form(form)
        self._stack.setCurrentIndex(PARAMETERS)
        self.form_view.go_in()
        self.said.emit("", "info")
        self.moved.emit()

    def _take(self) -> None:
        form = self._form
        if form is None:
            return
        plugin = form.plugin
        intent = RunIntent(
            plugin_id=plugin.id,
            plugin_name=plugin.name,
            plugin_version=plugin.version,
            plugin_type=plugin.type,
            parameters=dict(form.payload()),
        )
        recipe: Recipe = of_plugin(intent)
        self._head.list.take(recipe)
        self._stack.setCurrentIndex(CHOICE)
        self.moved.emit()
        self.taken.emit()


def _no_paths() -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    """Offer no paths: the feed's own are not known yet."""
    return ()
