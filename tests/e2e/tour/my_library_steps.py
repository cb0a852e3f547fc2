"""The part of the story about My Library: pictures, marks, rows, collections, rules."""

from tests.e2e.tour.part import Part, Steps
from tests.e2e.tour.screen import Spot
from tests.e2e.tour.session import TourError

OWNER = "CL-1001"
OWNER_NAME = "Brookwell, Mira"
BEST = "Ax FLAIR"
SECOND = "Localizer 3 planes"
COLLECTION = "Teaching cases"
RULES = "Best of all"
_PLUS = 24
"""From the right edge of a head of the left panel to the middle of its button, px."""


class MyLibrarySteps(Part):
    """What a person does with what is in the library."""

    def my_library_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Pull a whole patient", self.pull_owner),
            ("My Library as pictures, marked by key", self.mark_cards),
            ("A large look at one", self.preview_card),
            ("The same as rows, sorted by a head", self.see_rows),
            ("Search, and nothing fits", self.search_rows),
            ("A collection, filled by dragging", self.gather),
            ("A smart collection by its rules", self.make_rules),
        )

    def pull_owner(self) -> None:
        """Look a patient up and pull everything there is."""
        self._go("Overview")
        self._screen.fill(self._screen.wait("Patient ID", role="text"), OWNER)
        self._screen.press("Search", role="push button")
        row = self._screen.wait(contains=OWNER_NAME, role="table cell", seconds=60)
        self._screen.click(row)
        self._screen.key("a")
        self._screen.wait("In your library", role="table cell", seconds=180)

    def mark_cards(self) -> None:
        """Give stars, a label, a flag and a keyword; tick two."""
        self._go("All")
        self._screen.click(self._card(SECOND))
        self._screen.key("3", "7", "t")
        self._screen.click(self._card(BEST))
        self._screen.key("5", "8", "p", "t")
        self._screen.wait("Marks: 5 stars, picked, green", seconds=30)
        self._screen.key("k")
        self._screen.type("good motion")
        self._screen.key("Return", "Escape")
        self._screen.wait("Remove keyword good motion", role="push button")
        self._screen.settle()
        self._report.picture("my-library-grid")

    def preview_card(self) -> None:
        """Look at one with Space, at the next with an arrow, and close it."""
        self._screen.click(self._card(BEST))
        self._screen.key("space")
        self._screen.wait("Preview")
        self._screen.settle()
        self._report.picture("my-library-preview")
        self._screen.key("space")
        self._screen.gone(name="Preview")

    def see_rows(self) -> None:
        """Switch to the list and sort it by the number of images."""
        self._screen.key("j")
        self._screen.wait(contains=BEST, role="table cell", seconds=30)
        self._screen.press("Images", role="table column header")
        self._screen.settle()
        self._report.picture("my-library-list")

    def search_rows(self) -> None:
        """Search for what is not there, then show everything again."""
        field = self._screen.wait("Search My Library", role="text")
        self._screen.fill(field, "femur")
        self._screen.wait("Nothing here fits", seconds=30)
        self._report.picture("my-library-no-match")
        self._screen.press("Clear search and filters", role="push button")
        self._screen.wait(contains=BEST, role="table cell", seconds=30)
        self._screen.key("g")
        self._card(BEST)

    def gather(self) -> None:
        """Make a collection by the button of its head, and drag a card into it."""
        self._plus("Collections")
        self._screen.fill(self._screen.wait("Name", role="text"), COLLECTION)
        self._screen.press("Save", role="push button")
        self._screen.wait("This collection is empty", seconds=30)
        self._go("All")
        card = self._card(BEST)
        place = self._screen.wait(contains=COLLECTION, role="table cell")
        self._screen.drag(card.middle, place.middle)
        self._screen.wait(f"{COLLECTION}, 1", role="table cell", seconds=30)
        self._go(f"{COLLECTION}, 1")
        self._card(BEST)
        self._screen.settle()
        self._report.picture("my-library-collection")

    def make_rules(self) -> None:
        """Make a smart collection of what has at least three stars."""
        self._plus("Smart collections")
        self._screen.fill(self._screen.wait("Name", role="text"), RULES)
        self._screen.wait(contains="fit now", role="label", seconds=30)
        self._screen.settle()
        self._report.picture("my-library-rules")
        self._screen.press("Create", role="push button")
        self._card(BEST)
        self._card(SECOND)
        self._screen.settle()
        self._report.picture("my-library-smart")

    def _card(self, title: str) -> Spot:
        """Return a card of the grid, searched for when it is out of sight."""
        try:
            return self._seen(title, seconds=8)
        except TourError:
            field = self._screen.wait("Search My Library", role="text")
            self._screen.fill(field, title)
            return self._seen(title, seconds=60)

    def _seen(self, title: str, *, seconds: float) -> Spot:
        # The tray below has other words.
        return self._screen.wait(
            contains=title,
            role="list item",
            seconds=seconds,
            which=lambda spot: "On the server" in spot.name,
        )

    def _plus(self, head: str) -> None:
        """Press the button of a head in the left panel."""
        spot = self._screen.wait(head, role="table cell")
        self._screen.click_at(spot.x + spot.w - _PLUS, spot.y + spot.h - 14)
