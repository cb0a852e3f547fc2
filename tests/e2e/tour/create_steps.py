"""The part of the story about a feed of data that is not here yet."""

from tests.e2e.tour.part import Part, Steps

PATIENT = "CL-1013"
WAITING = "Made when it is here"


class CreateSteps(Part):
    """What a person ticks in the PACS, and makes of it before it is pulled."""

    def pacs_feed_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Look a patient up and tick; nothing is pulled yet", self.tick_only),
            ("Take an item out of the tray, and undo that", self.undo_in_tray),
            ("Make a feed of what is only ticked", self.feed_of_ticked),
            ("It is pulled, and the feed is made", self.feed_is_made),
            ("A new feed from Feeds, its data chosen in the sheet", self.new_feed),
            ("PACS Lookup says what is here by now", self.see_here),
        )

    def _ask(self, *conditions: str) -> None:
        field = self._screen.wait("Patient ID, name or accession number", role="text")
        self._screen.click(field)
        self._screen.key(*(["BackSpace"] * 6))  # the conditions before
        for condition in conditions:
            self._screen.type(condition)
            self._screen.key("Return")
        self._screen.key("Return")

    def _clear_tray(self) -> None:
        buttons = self._screen.find("Clear", role="push button")
        if buttons:
            self._screen.click(buttons[0])
            self._screen.wait(contains="Tick series, uploads", role="label")

    def tick_only(self) -> None:
        """See what can be asked for; tick a patient's series with its key."""
        self._go("PACS Lookup")
        self._clear_tray()
        self._screen.press("More fields", role="check box")
        self._screen.settle()
        self._report.picture("pacs-more-fields")
        self._screen.press("Fewer fields", role="check box")
        self._ask(f"id: {PATIENT}")
        row = self._screen.wait(contains=PATIENT, role="table cell", seconds=40)
        self._screen.click(row)
        self._screen.key("t")
        self._screen.wait(contains="1 item", role="label")
        self._screen.settle()
        self._report.picture("pacs-ticked")

    def undo_in_tray(self) -> None:
        """Untick from the tray and bring it back with Undo."""
        self._screen.press("Clear", role="push button")
        self._screen.wait(contains="Tick series, uploads", role="label")
        self._screen.press("Undo", role="push button")
        self._screen.wait(contains="1 item", role="label")

    def feed_of_ticked(self) -> None:
        """Open the sheet, give a title and tags, and create."""
        self._screen.press("Create feed", role="push button")
        self._screen.fill(self._screen.wait("Title", role="text"), WAITING)
        self._screen.click(self._screen.wait("Tags", role="text"))
        self._screen.type("tour,")
        self._screen.settle()
        self._report.picture("create-feed-of-ticked")
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)
        self._report.picture("create-feed-waits")

    def feed_is_made(self) -> None:
        """Wait until the feed is in the list, and open it."""
        row = self._screen.wait(contains=WAITING, role="list item", seconds=90)
        self._screen.click(row)
        self._screen.wait(contains="pl-dircopy", id="name", role="label", seconds=60)
        self._screen.wait("Ready", id="state", seconds=90)
        self._report.picture("create-feed-made")

    def new_feed(self) -> None:
        """Begin without a tray: title, data of the Library, first step, review."""
        self._go("PACS Lookup")
        self._clear_tray()
        self._go_module("Feeds")
        self._screen.press("New feed", role="push button")
        self._screen.fill(self._screen.wait("Title", role="text"), "Chosen here")
        self._screen.press("Next", role="push button")
        search = self._screen.wait("Search your library", role="text")
        self._screen.wait(contains="images", role="list item", seconds=20)
        self._screen.click(search)
        self._screen.key("Tab", "Down", "Home", "space")
        self._screen.wait(contains="1 item", role="label")
        self._report.picture("create-feed-data")
        self._screen.press("Next", role="push button")
        self._screen.wait(contains="None for now", role="list item")
        self._report.picture("create-feed-first")
        self._screen.press("Choose another", role="push button")
        self._screen.wait("Search plugins", role="text")
        self._screen.wait(contains="pl-dcm2niix", role="list item", seconds=30)
        self._report.picture("create-feed-plugin")
        self._screen.press("Back", role="push button")
        self._screen.press("Next", role="push button")
        self._screen.wait("Create feed", id="next", role="push button")
        self._report.picture("create-feed-chosen")
        self._screen.press("Cancel", role="push button")
        self._screen.gone(id="next", role="push button")

    def see_here(self) -> None:
        """Ask again for the patient that was pulled meanwhile."""
        self._go("PACS Lookup")
        self._ask(f"id: {PATIENT}")
        row = self._screen.wait(contains=PATIENT, role="table cell", seconds=40)
        self._screen.click(row)
        self._screen.key("t")
        self._screen.wait(contains="1 item", role="label")
        self._screen.settle()
        self._report.picture("pacs-here")
        self._clear_tray()
