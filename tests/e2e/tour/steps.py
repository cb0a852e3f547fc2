"""The story."""

from tests.e2e.tour.report import Report
from tests.e2e.tour.screen import Screen
from tests.e2e.tour.session import Desktop


class Story:
    """What a new user does, and sees."""

    def __init__(self, desktop: Desktop, screen: Screen, report: Report) -> None:
        self._desktop = desktop
        self._screen = screen
        self._report = report

    def play(self) -> None:
        """Play all of it."""
        self._report.play("The window opens", self.open_window)

    def open_window(self) -> None:
        """Start the program and wait for its window."""
        self._desktop.start_program()
        self._screen.wait("Library", seconds=60)
