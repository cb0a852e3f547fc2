"""The part of the story about the list of feeds: several at once, order and filters."""

from tests.e2e.tour.part import Part, Steps

_PATIENT = "CL-1001"
_TITLE = "List pilot"
_TITLE_FIELD = "Search feeds"


class ListSteps(Part):
    """What a person does with feeds without opening them."""

    def list_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Make a feed to have something in the list", self.feed_for_list),
            ("Duplicate a feed from its row", self.duplicate_feed),
            ("Highlight both and rename them by a pattern", self.rename_feeds),
            ("Order, filters and a pin", self.arrange_feeds),
            ("Tags and access of several", self.bulk_sheets),
            ("Merge says what it does", self.merge_feeds),
            ("Delete says what goes along", self.delete_feed),
        )

    def feed_for_list(self) -> None:
        """Pull a series into a feed of its own."""
        self._go("PACS Lookup")
        buttons = self._screen.find("Clear", role="push button")
        if buttons:
            self._screen.click(buttons[0])
        field = self._screen.wait("Patient ID, name or accession number", role="text")
        self._screen.click(field)
        self._screen.key(*(["BackSpace"] * 6))  # the conditions before
        self._screen.type(f"id: {_PATIENT}")
        self._screen.key("Return", "Return")
        self._screen.click(
            self._screen.wait(contains="Ax T1", role="table cell", seconds=40)
        )
        self._screen.key("t")
        self._screen.wait(contains="1 item", role="label")
        self._screen.press("Create feed", role="push button")
        self._screen.fill(self._screen.wait("Title", role="text"), _TITLE)
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)
        self._go_module("Feeds")
        row = self._screen.wait(contains=_TITLE, role="list item", seconds=120)
        self._screen.click(row)
        self._screen.wait("Ready", id="state", seconds=120)
        self._screen.fill(self._screen.wait(_TITLE_FIELD, role="text"), _TITLE)

    def _nth(self, number: int) -> None:
        """Choose the nth entry of the menu that is open."""
        self._screen.settle()
        self._screen.key(*(["Down"] * number), "Return")

    def duplicate_feed(self) -> None:
        """Choose it in the menu of the row, and look at what is said."""
        row = self._screen.wait(contains=_TITLE, role="list item")
        self._screen.click(row, button=3)
        self._screen.settle()
        self._report.picture("feeds-row-menu")
        self._nth(9)
        self._screen.wait(contains="nothing is copied", role="label")
        self._screen.settle()
        self._report.picture("feeds-duplicate")
        self._screen.press(id="next", role="push button")
        self._screen.wait(contains=f"{_TITLE} (copy)", role="list item", seconds=60)

    def rename_feeds(self) -> None:
        """Type a pattern, see the new titles, rename."""
        self._screen.click(
            self._screen.wait(contains=f"{_TITLE} (copy)", role="list item")
        )
        self._screen.key("ctrl+a", "F2")
        field = self._screen.wait("Pattern", role="text")
        self._screen.fill(field, "{name} {n:2}")
        self._screen.settle()
        self._report.picture("feeds-rename")
        self._screen.press("Rename 2 feeds", role="push button")
        self._screen.wait(contains=f"{_TITLE} 02", role="list item", seconds=60)
        self._screen.settle()
        self._report.picture("feeds-renamed")

    def arrange_feeds(self) -> None:
        """Pin one, and look at what can be left out."""
        row = self._screen.wait(contains=f"{_TITLE} 02", role="list item")
        self._screen.click(row)
        self._screen.click(row, button=3)
        self._nth(7)  # Pin on top
        self._screen.wait(contains="pinned", role="list item")
        self._screen.press(contains="Which feeds are shown", role="push button")
        self._screen.settle()
        self._report.picture("feeds-filters")
        self._nth(12)  # Last 7 days
        self._screen.wait(contains="last 7 days", role="push button")
        self._screen.settle()
        self._report.picture("feeds-filtered")
        self._screen.press("Show all feeds", role="push button")
        self._screen.fill(self._screen.wait(_TITLE_FIELD, role="text"), _TITLE)

    def bulk_sheets(self) -> None:
        """Look at each sheet for both feeds, and leave it."""
        self._screen.click(self._screen.wait(contains=f"{_TITLE} 02", role="list item"))
        self._screen.key("ctrl+a")
        for number, name in ((6, "tags"), (7, "share")):
            self._screen.press("More for these feeds", role="push button")
            self._nth(number)
            self._screen.wait("Close", role="push button")
            self._screen.settle()
            self._report.picture(f"feeds-bulk-{name}")
            self._screen.press("Close", role="push button")
            self._screen.gone(name="Close", role="push button")

    def merge_feeds(self) -> None:
        """Look at the sheet, and leave it."""
        self._screen.click(self._screen.wait(contains=f"{_TITLE} 02", role="list item"))
        self._screen.key("ctrl+a")
        self._screen.settle()
        self._report.picture("feeds-several")
        self._screen.press("More for these feeds", role="push button")
        self._nth(5)
        self._screen.wait("Merge 2 feeds", role="push button")
        self._screen.settle()
        self._report.picture("feeds-merge")
        self._screen.press("Cancel", role="push button")

    def delete_feed(self) -> None:
        """Delete the copy; it goes from the list."""
        row = self._screen.wait(contains=f"{_TITLE} (copy)", role="list item")
        self._screen.click(row)
        self._screen.key("Delete")
        self._screen.wait(contains="1 node · ", role="label", seconds=60)
        self._screen.settle()
        self._report.picture("feeds-delete")
        self._screen.press("Delete 1 feed", role="push button", seconds=60)
        self._screen.gone(contains=f"{_TITLE} (copy)", role="list item", seconds=60)
        self._screen.settle()
        self._report.picture("feeds-deleted")
