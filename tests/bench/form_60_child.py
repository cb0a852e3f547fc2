"""Opens the form of a plugin with 60 parameters, and prints the time until painted.

Its last line is the median of several forms in ms. All 60 are part of the command, as
after a run that was given all of them; each form is a plugin's that was not shown
before. A form counts as painted once the rows on screen are, and is complete, to the
last row, in the line before.
"""

import statistics
import sys
import time
from types import SimpleNamespace
from typing import Any

from PySide6.QtWidgets import QApplication, QMainWindow

from chrislib.cube.types import Plugin, PluginId, PluginParameter
from chrislib.feeds.form import ParameterForm
from chrislib.paths import resources
from chrislib.views.feeds.form_view import FormView
from chrislib.views.theme.theme import Theme

_PARAMETERS, _FORMS = 60, 7
_KINDS = ("string", "integer", "float", "boolean", "path", "unextpath")


def form(number: int) -> ParameterForm:
    """Return a form whose 60 parameters are all given."""
    plugin = Plugin(
        id=PluginId(number), name=f"pl-many{number}", version="1.0.0", type="ds",
        title="", category="", description="", documentation="", authors="",
        license="", icon="", dock_image="", min_cpu_limit=1000, max_cpu_limit=4000,
        min_memory_limit=200, max_memory_limit=4000, min_gpu_limit=0,
        max_gpu_limit=0, min_number_of_workers=1, max_number_of_workers=1,
        creation_date=None,
    )  # fmt: skip
    parameters = [
        PluginParameter(
            name=f"value{place}",
            type=_KINDS[place % len(_KINDS)],
            optional=place % 3 != 0,
            default=None,
            flag=f"--value{place}",
            short_flag=f"-{place}",
            action="store_true" if _KINDS[place % len(_KINDS)] == "boolean" else "",
            help=f"What value {place} is good for, in some words that may wrap.",
            ui_exposed=True,
        )
        for place in range(_PARAMETERS)
    ]
    values = {"integer": "3", "float": "0.5", "boolean": "true", "string": "words"}
    made = ParameterForm(plugin, parameters)
    made.adopt({p.name: values.get(p.type, "home/me/uploads/a") for p in parameters})
    assert len(made.given) == _PARAMETERS
    return made


def painted(view: FormView, number: int) -> tuple[float, float]:
    """Return ms until a form is painted, and until its last row is there."""
    shown = form(number)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    began = time.perf_counter()
    view.set_form(shown)
    view.repaint()
    first = time.perf_counter()
    while not view.complete:
        application.processEvents()
    view.repaint()
    assert view.rows == _PARAMETERS
    return 1000 * (first - began), 1000 * (time.perf_counter() - began)


def main() -> float:
    """Show forms one after the other; return the median time until painted."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme = Theme(resources())
    theme.apply(application)
    context: Any = SimpleNamespace(theme=theme, messages=None)
    window = QMainWindow()
    view = FormView(context)
    window.setCentralWidget(view)
    window.resize(720, 560)
    window.show()
    application.processEvents()
    handle = window.windowHandle()
    assert handle is not None
    assert handle.isExposed(), "nothing is painted off screen"
    painted(view, 0)  # fonts and styles are loaded
    times = [painted(view, number) for number in range(1, _FORMS + 1)]
    whole = statistics.median(last for _, last in times)
    print(f"complete after {whole:.1f} ms")
    return statistics.median(first for first, _ in times)


if __name__ == "__main__":
    app = QApplication(sys.argv)
    print(f"{main():.3f}")
