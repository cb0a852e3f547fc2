"""The part of the story about lists of patients and saved searches."""

from tests.e2e.tour.part import Part

TABLE = (
    "MRN;Name;Exam date\n"
    "CL-1016;Samplewell, Sam;\n"
    "CL-2001;;\n"
    "CL-7777;Nobody;\n"
    "CL-1001;;30.02.2026\n"
)


class LookupSteps(Part):
    """What a person does with many patients at once."""

    def open_table(self) -> None:
        """Open a CSV file; its columns are guessed and shown."""
        table = self._results.parent / "pilot.csv"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text(TABLE, encoding="utf-8-sig")
        self._go("PACS Lookup")
        self._screen.press("Open CSV", role="push button")
        self._choose_in_dialog(table)
        self._screen.wait("Look up 4 rows", role="push button", seconds=30)
        self._screen.wait(contains="1 row cannot be asked", role="label", seconds=30)
        self._report.picture("worklist-columns")

    def work_list(self) -> None:
        """Look the rows up; one is found twice, one is nowhere."""
        self._screen.press("Look up 4 rows", role="push button")
        for words in ("Found", "Ambiguous", "Missing", "Refused"):
            self._screen.wait(contains=words, role="table cell", seconds=60)
        self._report.picture("worklist")
        self._screen.press("PACS Lookup", role="push button")
        self._screen.wait("Open CSV", role="push button")

    def save_search(self) -> None:
        """Search a name, keep the search, look at one patient only."""
        field = self._screen.wait("Patient ID, name or accession number", role="text")
        self._screen.click(field)
        self._screen.key("BackSpace", "BackSpace")  # the condition before
        self._screen.type("Fernhollow*")
        self._screen.key("Return", "Return")
        self._screen.wait(contains="Fernhollow, Iris", role="table cell", seconds=40)
        self._screen.press("Save search", role="push button")
        self._screen.fill(self._screen.wait("Name", role="text"), "The Fernhollows")
        self._screen.press("Save", role="push button")
        self._screen.gone(name="Save", role="push button")
        self._screen.click(
            self._screen.wait(contains="Fernhollow, Iris", role="table cell")
        )
        self._screen.key("o")
        self._screen.wait("Show all", role="push button", seconds=20)
        self._report.picture("pacs-only-one-patient")
        self._screen.press("Show all", role="push button")

    def look_back(self) -> None:
        """Look at PACS Lookup, what was asked before, and the list again."""
        self._go("PACS Lookup")
        self._screen.settle()
        self._report.picture("chosen-light-pacs-lookup", both=False)
        self._screen.press("Asked before", role="push button")
        self._screen.wait(contains="The Fernhollows", role="table cell")
        self._report.picture("chosen-light-pacs-asked-before", both=False)
        row = self._screen.wait(contains="pilot.csv", role="table cell")
        self._screen.click(row)
        self._screen.key("Return")
        self._screen.wait(contains="Ambiguous", role="table cell", seconds=30)
        self._report.picture("chosen-light-worklist-again", both=False)
