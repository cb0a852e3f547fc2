"""The tour's steps in Jobs: details, filters, groups, tracking, health."""

from tests.e2e.tour.part import Part
from tests.e2e.tour.screen import Spot
from tests.e2e.tour.session import wait_until

FEED = "Brain in two"
NODE = "pl-dcm2niix"
OTHER = "pl-pictures"


class JobsSteps(Part):
    """What a person does in Jobs once some runs have ended."""

    def jobs(self) -> None:
        """Look at the list of jobs beside the inbox."""
        self._screen.key("ctrl+j")
        self._screen.settle()
        self._report.picture("jobs")
        self._screen.key("ctrl+i")
        self._screen.settle()

    def job_details(self) -> None:
        """Highlight a run; its history tells when it was written down."""
        row = self._screen.wait(contains=NODE, role="table cell", which=_in_list)
        self._screen.click(row)
        self._screen.press("History", role="check box")
        self._screen.wait(
            id="facts", role="text", which=lambda spot: "Written down" in spot.text
        )
        self._report.picture("job-details")
        self._screen.press("Log", role="check box")
        self._screen.wait(
            id="facts", role="text", which=lambda spot: _is_log(spot.text)
        )
        self._screen.press("State", role="check box")

    def narrow_jobs(self) -> None:
        """Type in the filter, take it back, group by feed."""
        field = self._screen.wait(contains="Filter jobs", role="text")
        self._screen.fill(field, "dcm2niix")
        wait_until(lambda: not self._listed(OTHER), "the filter", seconds=20)
        self._screen.wait(contains=NODE, role="table cell", which=_in_list)
        self._screen.fill(field, " ")
        self._screen.wait(contains=OTHER, role="table cell", which=_in_list)
        self._screen.press("By feed", role="check box")
        self._screen.wait(contains="nodes, all ended", role="table cell", seconds=10)
        self._report.picture("jobs-by-feed")
        self._screen.press("No groups", role="check box")
        self._screen.gone(contains="nodes, all ended", role="table cell")

    def track_run(self) -> None:
        """Paste what is no address, then the address of a run."""
        self._command("track a run")
        field = self._screen.wait(id="address", role="text")
        self._screen.fill(field, "the run of yesterday")
        self._screen.press("Track", id="next", role="push button")
        self._screen.wait(
            id="refused", role="label", which=lambda spot: len(spot.name) > 20
        )
        self._report.picture("track-refused")
        self._screen.fill(field, "chris:feed/1/node/1")
        self._screen.press("Track", id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=30)
        self._screen.wait(contains=FEED, id="title", role="label", seconds=20)

    def health(self) -> None:
        """Look at accounts and health, and have everything checked."""
        self._command("accounts and health")
        self._screen.press("Check now", role="push button")
        self._screen.settle()
        self._report.picture("health")
        self._screen.press("Close", id="next", role="push button")
        self._screen.gone(id="next", role="push button")

    def _listed(self, words: str) -> list[Spot]:
        """Return the rows of the list, not of the inbox, that hold `words`."""
        found = self._screen.find(contains=words, role="table cell")
        return [spot for spot in found if _in_list(spot)]

    def _command(self, words: str) -> None:
        """Give a command by the palette."""
        self._screen.key("ctrl+k")
        self._screen.settle()
        self._screen.type(words)
        wait_until(
            lambda: self._screen.find(contains="…", role="list item"),
            f"the command {words!r}",
            seconds=20,
        )
        self._screen.settle()
        self._screen.key("Return")


def _in_list(spot: Spot) -> bool:
    return spot.x < 700


def _is_log(text: str) -> bool:
    none = ("Reading", "No log")
    return len(text) > 20 and not text.startswith(none)
