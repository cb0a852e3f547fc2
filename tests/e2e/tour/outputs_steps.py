"""The part of the story about outputs: of a node, of the whole feed, and onwards."""

from tests.e2e.tour.create_steps import CreateSteps
from tests.e2e.tour.part import Steps
from tests.e2e.tour.screen import Spot

_PATIENT = "CL-1001"
_SERIES = "Ax T1"
_TITLE = "What was left behind"


class OutputsSteps(CreateSteps):
    """What a person does with what runs left behind."""

    def outputs_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Make a feed with outputs", self.feed_with_outputs),
            ("Convert its images with a second node", self.second_node),
            ("The outputs of all nodes as one tree", self.whole_feed),
            ("Narrow outputs by words and kind", self.narrow_outputs),
            ("One table of files, the largest first", self.table_of_files),
            ("What can be done with an output", self.menu_of_output),
            ("Put an output into the tray, and take it out", self.tick_output),
        )

    def feed_with_outputs(self) -> None:
        """Tick a series and make a feed of it."""
        self._go("PACS Lookup")
        self._clear_tray()
        self._ask(f"id: {_PATIENT}")
        row = self._screen.wait(contains=_SERIES, role="table cell", seconds=40)
        self._screen.click(row)
        self._screen.key("t")
        self._screen.wait(contains="1 item", role="label")
        self._screen.press("Create feed", role="push button")
        self._screen.fill(self._screen.wait("Title", role="text"), _TITLE)
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)
        self._go_module("Feeds")
        row = self._screen.wait(contains=_TITLE, role="list item", seconds=120)
        self._screen.click(row)
        self._screen.wait(contains="pl-dircopy", id="name", role="label", seconds=60)
        self._screen.wait("Ready", id="state", seconds=120)
        self._screen.wait(contains=".dcm", role="table cell", seconds=60)
        self._screen.settle()
        self._report.picture("outputs-links")

    def second_node(self) -> None:
        """Add a node and wait until it is ready."""
        self._add_node("pl-dcm2niix")
        self._next_until("Add node")
        self._screen.press(id="next", role="push button")
        self._screen.wait(contains="pl-dcm2niix", id="name", role="label", seconds=60)
        self._screen.wait("Ready", id="state", seconds=120)
        self._screen.wait(contains=".nii", role="table cell", seconds=60)

    def whole_feed(self) -> None:
        """Show both nodes as folders; unfold one with the keys."""
        self._screen.press("Whole feed", role="check box")
        row = self._output_row("pl-dcm2niix")
        self._screen.click(row)
        self._screen.key("Right")
        self._screen.wait(contains=".nii", role="table cell", seconds=60)
        self._screen.settle()
        self._report.picture("outputs-whole-feed")

    def narrow_outputs(self) -> None:
        """Type words: what fits is left, with the folders it is in."""
        field = self._screen.wait("Filter by name", role="text")
        self._screen.fill(field, "nii")
        self._screen.gone(contains=".dcm", role="table cell", seconds=30)
        self._screen.press(contains=".nii", role="table cell")
        self._screen.wait("Preview picture", seconds=40)
        self._screen.settle()
        self._report.picture("outputs-filter")
        self._screen.fill(field, "no such file")
        self._screen.wait("Nothing fits the filter", role="label", seconds=30)
        self._report.picture("outputs-nothing-fits")
        self._screen.press("Show all", role="push button")
        self._screen.gone(name="Nothing fits the filter", role="label")

    def table_of_files(self) -> None:
        """Show one list and sort it by size."""
        self._screen.press("Table", role="check box")
        self._screen.wait(contains="/", role="table cell", seconds=30)
        head = self._screen.wait("Size", role="table column header", seconds=30)
        self._screen.click(head)
        self._screen.settle()
        self._screen.click(head)
        self._screen.settle()
        self._report.picture("outputs-table")

    def menu_of_output(self) -> None:
        """Open the menu of a file."""
        row = self._screen.wait(contains=".nii", role="table cell", seconds=30)
        self._screen.click(row, button=3)
        self._screen.settle()
        self._report.picture("outputs-menu")
        self._screen.key("Escape")

    def tick_output(self) -> None:
        """Put it into the tray with its key, and take it out again."""
        row = self._screen.wait(contains=".nii", role="table cell", seconds=30)
        self._screen.click(row)
        self._screen.key("t")
        self._screen.wait(contains="put into the tray", role="label", seconds=30)
        self._report.picture("outputs-ticked")
        self._screen.key("t")
        self._screen.wait(contains="taken out of the tray", role="label", seconds=30)
        self._screen.press("Tree", role="check box")
        self._screen.press("Node", role="check box")

    def _output_row(self, name: str) -> Spot:
        return self._screen.wait(
            role="table cell",
            seconds=60,
            which=lambda spot: spot.name.startswith(name) and "Folder" in spot.name,
        )
