"""The part of the story about one recipe: run again at the tray, and on many."""

from tests.e2e.tour.part import Part, Steps

_PATIENT = "CL-1001"
_FIRST = "The first time"


class ManySteps(Part):
    """From ticked series to started runs, in few clicks; and on each of many."""

    def many_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Make a feed whose first step is chosen", self.first_time),
            ("Run the same on other data: one press at the tray", self.run_again),
            ("Same recipe on many: the recipe", self.choose_recipe),
            ("A value for each subject, and what is refused", self.fill_table),
            ("Dry run of all, then start them together", self.start_many),
            ("Each subject with its state", self.watch_many),
        )

    def _tick(self, words: str) -> None:
        """Tick the rows that hold some words, and nothing else."""
        self._go("PACS Lookup")
        buttons = self._screen.find("Clear", role="push button")
        if buttons:
            self._screen.click(buttons[0])
            self._screen.wait(contains="Tick series, uploads", role="label")
        field = self._screen.wait("Patient ID, name or accession number", role="text")
        self._screen.click(field)
        self._screen.key(*(["BackSpace"] * 6))  # the conditions before
        self._screen.type(f"id: {_PATIENT}")
        self._screen.key("Return", "Return")
        row = self._screen.wait(contains=words, role="table cell", seconds=40)
        self._screen.click(row)
        self._screen.key("t")
        self._screen.wait(contains="item", id="summary", role="label")
        self._screen.settle()

    def first_time(self) -> None:
        """Choose a plugin as the first step of a feed, and where it computes."""
        self._tick("Ax T1")
        self._report.picture("tray-first-time")
        self._screen.press("Create feed", role="push button")
        self._screen.fill(self._screen.wait("Title", role="text"), _FIRST)
        self._screen.press("Choose another", role="push button")
        self._screen.wait("Search plugins", role="text")
        row = self._screen.wait(contains="pl-dcm2niix", role="list item", seconds=30)
        self._screen.click(row)
        self._screen.press("Next", role="push button")
        self._screen.settle()
        self._screen.press("Next", role="push button")
        self._screen.wait("Create feed", id="next", role="push button", seconds=30)
        self._screen.wait("Compute", role="label", seconds=30)
        self._screen.settle()
        self._report.picture("create-feed-compute")
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)
        row = self._screen.wait(contains=_FIRST, role="list item", seconds=120)
        self._screen.click(row)
        # which of the two is highlighted depends on when the feed was looked at
        self._screen.wait(contains=" of 2", role="label", seconds=120)

    def run_again(self) -> None:
        """Tick another series and press what was run last."""
        self._tick("Cor T1")
        self._screen.wait("Run dcm2niix", role="push button", seconds=30)
        self._report.picture("tray-run-again")
        self._screen.press("Run dcm2niix", role="push button")
        # what an earlier step has pulled need not be waited for
        self._screen.wait(
            contains="dcm2niix",
            role="label",
            seconds=60,
            which=lambda spot: (
                "waits for" in spot.name or spot.name.startswith("Running ")
            ),
        )
        self._screen.settle()
        self._report.picture("tray-running")

    def choose_recipe(self) -> None:
        """Open the sheet from the menu beside it, with several series ticked."""
        self._tick(_PATIENT)
        self._screen.press("Other recipes, and the same recipe on many")
        self._screen.settle()
        self._report.picture("tray-recipes")
        self._screen.key("Up", "Return")
        self._screen.wait("Same recipe on many", role="label", seconds=30)
        self._screen.wait(contains="dcm2niix", role="list item", seconds=30)
        self._screen.settle()
        self._report.picture("many-recipe")
        self._screen.press("Next", role="push button")
        self._screen.wait(contains="Can start", role="table cell", seconds=60)

    def fill_table(self) -> None:
        """Give a parameter a column, paste a wrong value, fill down a good one."""
        self._screen.press("Column", role="push button")
        self._screen.settle()
        self._report.picture("many-columns")
        self._screen.key("Down", "Down", "Down", "Return")
        self._screen.settle()
        self._screen.type("%p_%s")
        self._screen.key("Return")
        self._screen.settle()
        self._screen.key("ctrl+d")
        self._screen.press("Column", role="push button")
        self._screen.settle()
        self._screen.key("Down", "Down", "Return")
        self._screen.settle()
        self._screen.type("deep")
        self._screen.key("Return")
        self._screen.wait(contains="takes a whole number", role="table cell")
        self._screen.settle()
        self._report.picture("many-table-refused")
        self._screen.type("4")
        self._screen.key("Return")
        self._screen.settle()
        self._screen.key("ctrl+d")
        self._screen.settle()
        self._report.picture("many-table")

    def start_many(self) -> None:
        """Go on to the review and start."""
        self._screen.press("Next", role="push button")
        self._screen.wait("Compute", role="label")
        self._screen.settle()
        self._report.picture("many-compute")
        self._screen.press("Next", role="push button")
        self._screen.wait(contains="Start ", id="next", role="push button")
        self._screen.settle()
        self._report.picture("many-review")
        self._screen.press(id="next", role="push button")
        self._screen.wait("Pause", role="push button", seconds=60)
        self._report.picture("many-started")

    def watch_many(self) -> None:
        """Wait until all are ready."""
        self._screen.wait(contains="Ready", role="list item", seconds=240)
        self._screen.gone(name="Pause", role="push button", seconds=240)
        self._screen.settle()
        self._report.picture("many-runs")
        self._screen.press("Close", id="next", role="push button")
        self._screen.gone(id="next", role="push button")
