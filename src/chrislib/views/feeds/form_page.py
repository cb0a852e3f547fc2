"""The form of a plugin with what helps to fill it in: a picker, and earlier runs."""

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from chrislib.feeds.form import ParameterForm
from chrislib.feeds.plugins import EarlierRun
from chrislib.views.context import ViewContext
from chrislib.views.feeds.earlier_runs import EarlierRuns
from chrislib.views.feeds.form_view import FormView
from chrislib.views.feeds.path_picker import PathPicker, Paths
from chrislib.views.widgets.text import line


class FormPage(QWidget):
    """Form and command line, and a column beside them while it is needed.

    Parameters
    ----------
    own : callable
        What the feed offers for paths, see `PathPicker`.
    """

    def __init__(self, context: ViewContext, *, own: Paths, name: str = "form") -> None:
        super().__init__()
        self._context = context
        self._wanted = ""
        self.last_run: EarlierRun | None = None
        """The run the values were taken from, if they were."""
        self.view = FormView(context, name=name)
        self.picker = PathPicker(context, own=own)
        self.runs = EarlierRuns(context)
        self._side = QStackedWidget()
        self._side.addWidget(self.picker)
        self._side.addWidget(self.runs)
        self._side.setFixedWidth(self.picker.maximumWidth())
        self._line = line(vertical=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.view, 1)
        row.addWidget(self._line)
        row.addWidget(self._side)
        self.view.path_wanted.connect(self._pick)
        self.view.earlier_wanted.connect(self._earlier)
        self.picker.picked.connect(self._take_path)
        self.picker.closed.connect(self._close)
        self.runs.picked.connect(self._take_run)
        self.runs.closed.connect(self._close)
        self._close()

    def set_form(self, form: ParameterForm) -> None:
        """Show another plugin's parameters."""
        self.last_run = None
        self._close()
        self.view.set_form(form)

    def shutdown(self) -> None:
        """Cancel what runs."""
        self.picker.shutdown()
        self.runs.shutdown()

    def escape(self) -> bool:
        """Put the column away; says whether it was there."""
        was = not self._side.isHidden()
        self._close()
        return was

    # -- inside ----------------------------------------------------------------

    def _open(self, page: QWidget) -> None:
        self._side.setCurrentWidget(page)
        self._side.show()
        self._line.show()

    def _close(self) -> None:
        self._side.hide()
        self._line.hide()
        if self._wanted:
            self.view.go_to(self._wanted)
        self._wanted = ""

    def _pick(self, name: str) -> None:
        form = self.view.form
        if form is None:
            return
        self._wanted = name
        self._open(self.picker)
        parameter = form.parameter(name)
        self.picker.open_for(parameter.flag or parameter.name)

    def _take_path(self, path: str) -> None:
        self.view.take_path(self._wanted, path)
        self._close()

    def _earlier(self) -> None:
        form = self.view.form
        if form is not None:
            self._wanted = ""
            self._open(self.runs)
            self.runs.open_for(form.plugin.name)

    def _take_run(self, run: EarlierRun, values: dict[str, str]) -> None:
        unknown = self.view.adopt(values)
        self.last_run = run
        self._close()
        self.view.go_in()
        if unknown:
            names = ", ".join(unknown)
            self._context.messages.info(
                "The values were filled in, but not all of them.",
                f"This version does not know {names}.",
            )
