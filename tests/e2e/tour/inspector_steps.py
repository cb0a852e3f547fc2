"""The part of the story about one node: looked at, run again, split, deleted."""

from tests.e2e.tour.create_steps import CreateSteps
from tests.e2e.tour.part import Steps

_PATIENT = "CL-1001"
_SERIES = "Ax T1"
_TITLE = "One node closely"


class InspectorSteps(CreateSteps):
    """What a person sees of a node, and does with it."""

    def inspector_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Make a feed with a second node", self.node_to_look_at),
            ("Its values, command, log, plugin and origin", self.look_closely),
            ("Search the log, and show it large", self.search_log),
            ("Where it comes from, as card and paragraph", self.origin_of_node),
            ("Run it again with the same values", self.run_same),
            ("Split it by kind of file", self.split_node),
            ("Highlight several nodes and join them", self.join_nodes),
            ("Delete them, once that is confirmed", self.delete_nodes),
        )

    def node_to_look_at(self) -> None:
        """Tick a series, make a feed of it, and convert it."""
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
        self._add_node("pl-dcm2niix")
        self._next_until("Add node")
        self._screen.press(id="next", role="push button")
        self._screen.wait(contains="pl-dcm2niix", id="name", role="label", seconds=60)
        self._report.picture("node-on-its-way")
        self._screen.wait("Ready", id="state", seconds=120)
        self._screen.wait(contains=".nii", role="table cell", seconds=60)

    def look_closely(self) -> None:
        """Show the defaults, then unfold the sections one after the other."""
        self._screen.press(contains="left at the default", role="push button")
        self._screen.settle()
        self._report.picture("node-values")
        self._turn("Run")
        self._turn("Parameters")
        self._turn("Command")
        self._report.picture("node-command")
        self._turn("Command")
        self._turn("Plugin")
        self._turn("Origin")
        self._report.picture("node-plugin-origin")
        self._turn("Plugin")
        self._turn("Origin")

    def _turn(self, section: str) -> None:
        """Fold or unfold a section of the inspector."""
        head = self._screen.wait(
            contains=section,
            role="check box",
            which=lambda spot: (
                spot.name.startswith(section) and spot.name.endswith("folded")
            ),
        )
        self._screen.click(head)
        self._screen.settle()

    def search_log(self) -> None:
        """Find words, go to the next, and look at all of it in a sheet."""
        self._turn("Log")
        field = self._screen.wait("Search the log", role="text", seconds=30)
        self._screen.fill(field, "e")
        self._screen.wait(contains="Hits: ", role="label", seconds=30)
        self._screen.key("Return")
        self._screen.settle()
        self._report.picture("node-log")
        self._screen.press("Larger", role="push button")
        self._screen.settle()
        self._report.picture("node-log-large")
        self._screen.key("Escape")
        self._screen.settle()
        self._turn("Log")

    def origin_of_node(self) -> None:
        """Open the card and copy it; then the paragraph."""
        self._turn("Origin")
        self._screen.press("Provenance", role="push button")
        self._screen.press("Copy as JSON", role="push button")
        self._screen.wait(contains="is on the clipboard", role="label", seconds=30)
        self._report.picture("node-provenance")
        self._screen.press("Methods paragraph", role="check box")
        self._screen.press("Copy paragraph", role="push button")
        self._screen.settle()
        self._report.picture("node-methods")
        self._screen.key("Escape")
        self._screen.settle()

    def run_same(self) -> None:
        """Press Run again: a toast leads to the new node."""
        self._screen.press("Run again", role="push button")
        self._screen.wait(contains="runs again", role="label", seconds=30)
        # the toast stays some seconds: it is pressed before anything is pictured
        self._screen.press("Show", role="push button")
        self._report.picture("node-run-again")
        self._screen.wait(contains="of 3", role="label", seconds=60)
        self._screen.wait("Ready", id="state", seconds=120)

    def split_node(self) -> None:
        """Choose from the menu; the parts become nodes."""
        self._screen.press("More: split, join, delete, track", role="push button")
        self._screen.settle()
        self._report.picture("node-menu")
        # popup menus are not in the accessible tree: the sixth entry splits
        self._screen.key(*["Down"] * 6, "Return")
        self._screen.press("By file type", role="push button")
        self._screen.settle()
        self._report.picture("node-split")
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)
        self._screen.wait(contains="is split into", role="label", seconds=30)

    def join_nodes(self) -> None:
        """Highlight with Shift in the list of nodes; join what is highlighted."""
        self._screen.press("List", role="check box")
        row = self._screen.wait(contains="pl-dcm2niix", role="table cell", seconds=30)
        self._screen.click(row)
        self._screen.key("shift+Down")
        self._screen.wait("2 nodes", id="title", role="label", seconds=30)
        self._screen.settle()
        self._report.picture("nodes-several")
        self._screen.press("Join", role="push button")
        self._screen.settle()
        self._report.picture("node-join")
        self._screen.press(id="next", role="push button")
        self._screen.wait("Join nodes", id="title", role="label", seconds=30)
        self._screen.settle()
        self._report.picture("node-join-plugin")
        self._screen.key("Escape")
        self._screen.settle()

    def delete_nodes(self) -> None:
        """Delete what is highlighted: it says what goes along."""
        self._screen.press(contains="Delete ", role="push button")
        self._screen.settle()
        self._report.picture("nodes-delete")
        self._screen.press(contains="Delete ", id="next", role="push button")
        self._screen.wait(contains="deleted.", role="label", seconds=90)
        self._screen.press("Graph", role="check box")
        self._screen.settle()
        self._report.picture("nodes-deleted")
