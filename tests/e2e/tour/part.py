"""What every part of the story can count on."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.tour.report import Report
from tests.e2e.tour.screen import Screen

Steps = tuple[tuple[str, Callable[[], object]], ...]


class Part:
    """A part of the story; `Story` has the ways from place to place."""

    _screen: Screen
    _report: Report
    _results: Path

    def _go(self, place: str) -> None:
        """Go to a place of the Library."""
        raise NotImplementedError

    def _go_module(self, name: str) -> None:
        """Show a module."""
        raise NotImplementedError

    def _theme(self, name: str) -> None:
        """Switch the theme in the settings."""
        raise NotImplementedError

    def _choose_in_dialog(self, path: Path) -> None:
        """Choose a file or folder in the dialog that is open."""
        raise NotImplementedError

    def _add_node(self, plugin: str) -> None:
        """Choose a plugin for a node after the highlighted one."""
        raise NotImplementedError

    def _next_until(self, last: str) -> None:
        """Press Next until the button is called so."""
        raise NotImplementedError
