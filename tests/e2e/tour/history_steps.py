"""The part of the story about reference data, and History with what became of it."""

from tests.e2e.tour.part import Part, Steps

PHANTOM = "CT phantom"
SURFACES = "fsaverage5"


class HistorySteps(Part):
    """What a person fetches, uses again, looks for and puts away."""

    def history_reference_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Fetch two references at once", self.fetch_two),
            ("References as a list, and the hidden sources", self.ways_to_look),
            ("Look up from the overview; History has its row", self.ask_again),
            ("Search History, remove an entry, undo", self.search_history),
        )

    def fetch_two(self) -> None:
        """Tick two references, fetch both, see their pictures and sizes."""
        self._screen.key("ctrl+r")
        for title in (PHANTOM, SURFACES):
            card = self._screen.wait(contains=title, role="list item", seconds=30)
            if "Use again" in card.name:
                continue  # the story before fetched it
            self._screen.click(card)
            self._screen.key("t")
        self._screen.settle()
        self._report.picture("references-ticked")
        buttons = self._screen.find(contains="Fetch ", role="push button")
        if buttons:
            self._screen.click(buttons[0])
        for title in (PHANTOM, SURFACES):
            self._screen.wait(
                contains=title,
                role="list item",
                seconds=120,
                which=lambda spot: "Use again" in spot.name and "files" in spot.name,
            )
        self._screen.settle()
        self._report.picture("references")

    def ways_to_look(self) -> None:
        """Show rows instead of cards, then what is taken for a mechanism."""
        self._screen.press("List", role="check box")
        self._screen.settle()
        self._report.picture("references-list")
        self._screen.press("Cards", role="check box")
        hidden = self._screen.wait(contains="hidden source")
        self._screen.click(hidden)
        self._screen.wait("Hidden sources", role="label")
        self._report.picture("references-hidden")
        self._screen.click(self._screen.wait("Back to new references"))
        self._screen.wait("New references", role="label")

    def ask_again(self) -> None:
        """Ask the PACS from the overview; its row stands first afterwards."""
        self._go("Overview")
        field = self._screen.wait("Accession number", role="text")
        self._screen.fill(field, "A-404-NONE")
        self._screen.press("Search", role="push button")
        self._screen.gone(name="History", role="label")
        self._go("Overview")
        self._screen.wait(contains="A-404-NONE", role="table cell", seconds=60)
        self._screen.wait("No match", role="table cell", seconds=60)
        self._screen.wait(contains="1 reference", role="table cell", seconds=30)
        self._report.picture("history")

    def search_history(self) -> None:
        """Find the phantom, take its entry away, and bring it back."""
        field = self._screen.wait("Filter history", role="text")
        self._screen.fill(field, "phantom version")
        self._screen.gone(contains="A-404-NONE", role="table cell")
        row = self._screen.wait(contains=PHANTOM, role="table cell")
        self._screen.click(row)
        self._report.picture("history-found")
        self._screen.key("Delete")
        self._screen.wait("No entry fits")
        self._screen.press("Undo", role="push button")
        self._screen.wait(contains=PHANTOM, role="table cell")
        self._screen.click(self._screen.wait("Filter history", role="text"))
        self._screen.key("ctrl+a")
        self._screen.key("BackSpace")
        self._screen.wait(contains="A-404-NONE", role="table cell")
