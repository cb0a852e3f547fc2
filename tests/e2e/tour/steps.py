"""The story a new user lives through, step by step, in the real window."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.e2e.tour.collect_steps import CollectSteps
from tests.e2e.tour.compare_steps import CompareSteps
from tests.e2e.tour.create_steps import CreateSteps
from tests.e2e.tour.files_steps import FilesSteps
from tests.e2e.tour.history_steps import HistorySteps
from tests.e2e.tour.inspector_steps import InspectorSteps
from tests.e2e.tour.jobs_steps import JobsSteps
from tests.e2e.tour.list_steps import ListSteps
from tests.e2e.tour.lookup_steps import LookupSteps
from tests.e2e.tour.many_steps import ManySteps
from tests.e2e.tour.my_library_steps import MyLibrarySteps
from tests.e2e.tour.outputs_steps import OutputsSteps
from tests.e2e.tour.part import Steps
from tests.e2e.tour.pipeline_steps import PipelineSteps
from tests.e2e.tour.report import Report
from tests.e2e.tour.screen import Screen, Spot
from tests.e2e.tour.session import Desktop, TourError, wait_until
from tests.e2e.tour.talk_steps import TalkSteps
from tests.e2e.tour.upload_steps import UploadSteps

PATIENT = "CL-1001"
SERIES = ("Ax T1 2 mm", "Cor T1 2 mm")
REFERENCE = "MNI152 brain template"
FEED = "Brain in two directions"
_BOX = 67
"""From the left edge of a series row to the middle of its box, px."""
_DRAG_SOURCE = Path(__file__).with_name("drag_source.py")


class Story(
    LookupSteps,
    JobsSteps,
    UploadSteps,
    HistorySteps,
    OutputsSteps,
    InspectorSteps,
    PipelineSteps,
    TalkSteps,
    CreateSteps,
    CompareSteps,
    MyLibrarySteps,
    FilesSteps,
    ListSteps,
    CollectSteps,
    ManySteps,
):
    """What a new user does, and sees.

    Parameters
    ----------
    results : Path
        The folder results are downloaded to.
    """

    def __init__(
        self, desktop: Desktop, screen: Screen, report: Report, *, results: Path
    ) -> None:
        self._desktop = desktop
        self._screen = screen
        self._report = report
        self._results = results

    def play(self) -> None:
        """Play all of it, or one part; a failure ends it with an exception.

        ``CHRISLIB_TOUR_PART`` names the part, for who works on its screens.
        """
        part = os.environ.get("CHRISLIB_TOUR_PART", "")
        for name, act in self._part(part) if part else self._whole():
            self._report.play(name, act)

    def _parts(self) -> dict[str, Steps]:
        """Return what is played between the main story and the light theme."""
        return {
            "pacs-feed": self.pacs_feed_steps(),
            "upload": self.upload_steps(),
            "history-reference": self.history_reference_steps(),
            "timeline-compare": self.compare_steps(),
            "my-library": self.my_library_steps(),
            "browse-files": self.browse_files_steps(),
            "feed-list": self.list_steps(),
            "collect": self.collect_steps(),
            "many": self.many_steps(),
            "talk": self.talk_steps(),
            "outputs": self.outputs_steps(),
            "inspector": self.inspector_steps(),
            "pipelines": self.pipeline_steps(),
        }

    def _part(self, part: str) -> Steps:
        return (
            ("The window opens on the embedded station", self.open_window),
            *self._parts()[part],
            ("Close the window when nothing runs", self.close_window),
        )

    def _whole(self) -> Steps:
        return (
            ("The window opens on the embedded station", self.open_window),
            ("Look up a patient in the PACS", self.look_up),
            ("Tick two series", self.tick_two),
            ("Pull them, n of m in the row", self.pull),
            ("Both are in the library", self.in_library),
            ("History shows the lookup and what it brought", self.history),
            ("Open a table of patients as a work list", self.open_table),
            ("Every row has its answer", self.work_list),
            ("Keep a search and narrow its results", self.save_search),
            ("Look at a series in the viewer", self.view_series),
            ("Create a feed from the tray", self.create_feed),
            ("The feed opens with its first node", self.first_node),
            ("Choose dcm2niix and set a parameter", self.choose_plugin),
            ("Start the node", self.start_node),
            ("Quit while it runs", self.quit_program),
            ("Start again: a notification says it is ready", self.start_again),
            ("A click on it opens exactly that node", self.click_notification),
            ("The NIfTI beside the outputs", self.preview_volume),
            ("The NIfTI in three planes", self.view_volume),
            ("Make pictures of it with a second node", self.start_pictures),
            ("Close the window while it runs", self.close_and_reopen),
            ("Its pictures are ready", self.pictures_ready),
            ("A picture in the viewer", self.view_picture),
            ("Download the pictures to a folder", self.download),
            ("Drop local files on Upload Data", self.drop_files),
            ("Send them", self.send_files),
            ("Fetch a reference data set", self.fetch_reference),
            ("Upload and reference become a feed the same way", self.second_feed),
            ("Jobs and inbox", self.jobs),
            ("A run's details, history and log", self.job_details),
            ("Filter the jobs, and group them by feed", self.narrow_jobs),
            ("Track a run by its address", self.track_run),
            ("Accounts and health", self.health),
            ("History holds all three, newest first", self.history_order),
            *(step for steps in self._parts().values() for step in steps),
            ("The light theme", self.light_theme),
            ("Close the window when nothing runs", self.close_window),
        )

    # --- the library ---------------------------------------------------------

    def open_window(self) -> None:
        """Start the program and wait until it is connected."""
        self._desktop.start_program()
        self._screen.wait("Overview", role="table cell", seconds=60)
        self._connected()
        # from here on the desktop's wish decides: see themes.py
        self._theme("System")

    def _connected(self) -> None:
        self._screen.wait(contains=", connected", role="push button", seconds=60)

    def look_up(self) -> None:
        """Type a patient ID into the quick lookup and search."""
        self._screen.fill(self._screen.wait("Patient ID", role="text"), PATIENT)
        self._screen.press("Search", role="push button")
        for series in SERIES:
            self._screen.wait(contains=series, role="table cell", seconds=40)

    def tick_two(self) -> None:
        """Tick one series with the mouse, one with its key."""
        first = self._screen.wait(contains=SERIES[0], role="table cell")
        self._screen.click_at(first.x + _BOX, first.middle[1])
        self._screen.wait(contains="1 item", role="label")
        self._screen.click(self._screen.wait(contains=SERIES[1], role="table cell"))
        self._screen.key("t")
        self._screen.wait(contains="2 items", role="label")

    def pull(self) -> None:
        """Pull what is ticked; the rows count images."""
        self._screen.press("Add 2 series", role="push button")

        def counts(spot: Spot) -> bool:
            first = spot.name.split(" ", 1)[0]
            return first.isdigit() and int(first) > 3

        self._screen.wait(
            contains=" images", role="table cell", seconds=60, which=counts
        )

    def in_library(self) -> None:
        """Wait until both rows say so."""

        def both() -> bool:
            rows = self._screen.find("In your library", role="table cell")
            return len(rows) >= len(SERIES)

        wait_until(both, "both series in the library", seconds=120, every=0.3)

    def history(self) -> None:
        """Go to the overview; the lookup stands first."""
        self._go("Overview")
        self._screen.wait(contains=PATIENT, role="table cell")
        self._screen.wait(contains="2 series", role="table cell")

    def view_series(self) -> None:
        """Open a series, leaf through it, change its window, go back."""
        self._go("All")
        card = self._screen.wait(
            contains=SERIES[0],
            role="list item",
            which=lambda spot: "On the server" in spot.name,
        )
        self._screen.click(card)
        self._screen.key("e")
        picture = self._screen.wait("Picture", seconds=60)
        place = self._screen.wait(contains=" of 82", role="label").name
        self._screen.wheel(picture, 6)
        self._screen.wait(
            contains=" of 82", role="label", which=lambda spot: spot.name != place
        )
        x, y = picture.middle
        self._screen.drag((x, y), (x + 40, y - 30), button=3)
        self._report.picture("viewer-stack")
        self._screen.press("Back", role="push button")
        self._screen.wait(contains=SERIES[0], role="list item")

    # --- the feed ------------------------------------------------------------

    def create_feed(self) -> None:
        """Turn the tray into a feed."""
        self._make_feed(FEED)

    def _make_feed(self, title: str) -> None:
        self._screen.press("Create feed", role="push button")
        self._screen.fill(self._screen.wait("Title", role="text"), title)
        self._next_until("Create feed")
        self._report.picture("create-feed-review")
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)

    def _next_until(self, last: str) -> None:
        """Press the sheet's Next until the button says `last`."""
        for _ in range(6):
            button = self._screen.wait(id="next", role="push button")
            if button.name == last:
                return
            self._screen.click(button)
            self._pause_for_sheet()
        raise TourError(f"the sheet never came to {last}")

    def _pause_for_sheet(self) -> None:
        # a sheet that is filled from the server keeps its button; look twice
        self._screen.settle()

    def first_node(self) -> None:
        """Wait until the first node is ready."""
        self._screen.wait(contains="pl-dircopy", id="name", role="label", seconds=60)
        self._screen.wait("Ready", id="state", seconds=90)

    def choose_plugin(self) -> None:
        """Pick dcm2niix and give its file name pattern."""
        self._add_node("pl-dcm2niix")
        # popup menus are not in the accessible tree: the keys a person has
        self._screen.press("Add parameter", role="push button")
        self._screen.settle()
        self._screen.key("Down", "Down", "Down", "Return")
        self._screen.fill(self._screen.wait("-f", role="text"), "brain_%s")
        self._screen.wait(
            "Command line", role="text", which=lambda spot: "brain_%s" in spot.text
        )

    def _add_node(self, plugin: str) -> None:
        self._screen.press("Add node", role="push button")
        self._screen.press(contains=plugin, role="list item", which=_right_of(380))
        self._screen.press("Next", role="push button")

    def start_node(self) -> None:
        """Review and start; the node shows how far it is."""
        self._next_until("Add node")
        self._report.picture("add-node-review")
        self._screen.press(id="next", role="push button")
        self._screen.wait(contains="2 nodes", role="list item", seconds=60)

    def quit_program(self) -> None:
        """Leave the feed and quit; the station goes on."""
        self._screen.key("ctrl+1")
        self._screen.wait(contains="1 running", id="activity", seconds=3)
        self._screen.key("ctrl+q")
        self._ended()

    def _ended(self) -> None:
        """Wait until the program has ended well, and the station lives on."""
        wait_until(
            lambda: not self._desktop.program_runs, "the program's end", seconds=20
        )
        if self._desktop.program_code != 0:
            raise TourError(f"the program ended with {self._desktop.program_code}")
        if not self._desktop.station_runs:
            raise TourError("the station did not survive the window")

    def start_again(self) -> None:
        """Start the program again and wait for the desktop notification."""
        self._screen.dismiss_notifications()
        self._desktop.start_program()
        self._screen.wait("Overview", role="table cell", seconds=60)
        wait_until(
            lambda: self._screen.notification() is not None,
            "a desktop notification",
            seconds=90,
            every=0.2,
        )

    def click_notification(self) -> None:
        """Click the bubble; the window shows the node it spoke of."""
        bubble = self._screen.notification()
        if bubble is None:
            raise TourError("the notification is gone")
        x, y, w, h = bubble
        self._screen.click_at(x + w // 2, y + h // 2)
        self._screen.wait(contains="pl-dcm2niix", id="name", role="label", seconds=30)
        self._screen.wait("Ready", id="state", seconds=60)

    # --- results -------------------------------------------------------------

    def preview_volume(self) -> None:
        """Highlight a volume; its pictures stand beside the list."""
        self._screen.press(contains="brain_2.nii", role="table cell")
        self._screen.wait("Preview picture", seconds=40)
        self._screen.settle()

    def view_volume(self) -> None:
        """Open the volume in three planes and move through it."""
        self._screen.press("Open in viewer", role="push button")
        axial = self._screen.wait("Axial", seconds=40)
        place = self._screen.wait(contains=" of 82", role="label").name
        self._screen.wheel(axial, -4)
        self._screen.wait(
            contains=" of 82", role="label", which=lambda spot: spot.name != place
        )
        self._report.picture("viewer-planes")
        self._screen.press("Back", role="push button")
        self._screen.wait("Get all", role="push button")

    def start_pictures(self) -> None:
        """Add a second node after the first."""
        self._screen.wait(contains="pl-dcm2niix", id="name", role="label", seconds=30)
        self._add_node("pl-pictures")
        self._next_until("Add node")
        self._screen.press(id="next", role="push button")
        self._screen.wait(contains="3 nodes", role="list item", seconds=60)

    def close_and_reopen(self) -> None:
        """Close the window: the program stays; starting it again brings it back."""
        self._screen.close_window()
        wait_until(lambda: not self._screen.windows(), "no window", seconds=20)
        if not self._desktop.program_runs:
            raise TourError("the program ended although a run is on its way")
        again = self._desktop.launch(
            "chrislib-again", [sys.executable, "-m", "chrislib", "run"]
        )
        wait_until(lambda: again.poll() == 0, "handing over to the first", seconds=30)
        self._screen.wait(contains="pl-pictures", id="name", role="label", seconds=30)

    def pictures_ready(self) -> None:
        """Wait until the node shown is ready."""
        self._screen.wait("Ready", id="state", seconds=120)
        self._screen.wait(contains="brain_2, Folder", role="table cell", seconds=30)

    def view_picture(self) -> None:
        """Open the first picture of the outputs."""
        folder = self._screen.wait(
            contains="brain_2, Folder", role="table cell", seconds=30
        )
        self._screen.click(folder)
        self._screen.key("Right")
        self._screen.wait(contains=".png", role="table cell", seconds=30)
        rows = self._screen.find(contains=".png", role="table cell")
        self._screen.click(rows[len(rows) // 2])
        self._screen.wait("Preview picture", seconds=40)
        self._screen.press("Open in viewer", role="push button")
        self._screen.wait("Picture", seconds=40)
        self._screen.settle()
        self._report.picture("viewer-picture")
        self._screen.press("Back", role="push button")
        self._screen.wait("Get all", role="push button")

    def download(self) -> None:
        """Get all outputs into a folder of this computer."""
        self._results.mkdir(parents=True, exist_ok=True)
        self._screen.press("Get all", role="push button")
        self._choose_in_dialog(self._results)

        def there() -> bool:
            return any(self._results.rglob("*.png"))

        wait_until(there, f"pictures in {self._results}", seconds=60)
        wait_until(
            lambda: not any(self._results.rglob("*.part")), "whole files", seconds=30
        )
        # the toast lies over what comes next until it goes
        self._screen.gone(contains="Getting pl-pictures")

    def _choose_in_dialog(self, path: Path) -> None:
        self._screen.fill(self._screen.wait(id="fileNameEdit", role="text"), str(path))
        for _ in range(5):
            # the first press may only close the list of suggestions
            buttons = [
                spot
                for spot in self._screen.find(role="push button")
                if spot.name in {"Choose", "Open"}
            ]
            if not buttons:
                return
            self._screen.click(buttons[0])
            self._screen.settle()
        raise TourError("the file dialog did not close")

    # --- local files and references ------------------------------------------

    def drop_files(self) -> None:
        """Drag pydicom's own samples from a file manager onto the drop area."""
        self._screen.key("ctrl+u")
        area = self._screen.wait(id="drop")
        tile = self._desktop.launch(
            "files",
            [sys.executable, _DRAG_SOURCE, "40", "600", *map(str, _samples())],
        )
        wait_until(
            lambda: "Files" in self._screen.windows(), "the file tile", seconds=20
        )
        self._screen.settle()
        start, end = (115, 628), (area.x + area.w // 3, area.y + area.h - 30)
        self._screen.drag(start, end)
        self._screen.wait("Send", role="push button", seconds=40)
        self._screen.wait(contains="ANGIO Projected", role="table cell")
        if tile.poll() not in (None, 0):
            raise TourError("the file manager failed")

    def send_files(self) -> None:
        """Send what was dropped and wait until it is ready."""
        self._screen.press("Send", role="push button")
        self._screen.gone(name="Send", role="push button")
        self._screen.wait("Show", id="cancel", role="push button", seconds=90)

    def fetch_reference(self) -> None:
        """Fetch the brain template."""
        self._screen.key("ctrl+r")
        self._screen.wait(contains=REFERENCE, role="list item", seconds=30)
        field = self._screen.wait(contains="Search name, content", role="text")
        self._screen.fill(field, REFERENCE)
        self._screen.settle()
        card = self._screen.wait(contains=REFERENCE, role="list item")
        self._screen.click(card)
        self._screen.key("Return")
        self._screen.wait(
            contains=REFERENCE,
            role="list item",
            seconds=120,
            which=lambda spot: "Use again" in spot.name or "View" in spot.name,
        )
        self._screen.click(field)
        self._screen.key("ctrl+a", "BackSpace")

    def second_feed(self) -> None:
        """Tick an upload and the reference, and make one feed of both."""
        self._screen.press("Clear", role="push button")
        self._go("All")
        for title in ("ANGIO Projected", REFERENCE):
            self._screen.click(self._screen.wait(contains=title, role="list item"))
            self._screen.key("t")
        self._screen.wait(contains="2 items", role="label")
        self._make_feed("Upload and reference")
        self._screen.wait("Ready", id="state", seconds=90)

    def history_order(self) -> None:
        """Go to the overview; the newest stands at the top."""
        self._go("Overview")
        places = [
            self._screen.wait(contains=words, role="table cell").y
            for words in (REFERENCE, "CT_small", PATIENT)
        ]
        if places != sorted(places):
            raise TourError(f"History is out of order: rows at {places}")

    def light_theme(self) -> None:
        """Switch to the light theme in the settings, look around, and back."""
        self._theme("Light")
        self._report.picture("chosen-light-overview", both=False)
        self.look_back()
        self._go_module("Feeds")
        self._report.picture("chosen-light-feeds", both=False)
        self._theme("System")

    def close_window(self) -> None:
        """Close the window as its frame's button does; the program ends."""
        self._screen.wait(contains="nothing running", id="activity", seconds=30)
        self._screen.close_window()
        self._ended()

    # --- ways ----------------------------------------------------------------

    def _go(self, place: str) -> None:
        self._go_module("Library")
        self._screen.press(place, role="table cell", which=_left_of(224))

    def _theme(self, name: str) -> None:
        self._screen.key("ctrl+comma")
        self._screen.press(name, role="check box")
        self._screen.press("Close", id="next", role="push button")
        self._screen.gone(id="next", role="push button")
        self._screen.settle()

    def _go_module(self, name: str) -> None:
        self._screen.press(name, role="check box", which=_above(48))
        self._screen.settle()


def _right_of(x: int) -> Callable[[Spot], bool]:
    return lambda spot: spot.x > x


def _left_of(x: int) -> Callable[[Spot], bool]:
    return lambda spot: spot.x < x


def _above(y: int) -> Callable[[Spot], bool]:
    return lambda spot: spot.y < y


def _samples() -> list[Path]:
    """Return files a person may have: DICOM, and one that is none."""
    from pydicom.data import get_testdata_file

    first = Path(str(get_testdata_file("CT_small.dcm")))
    folder = first.parent
    series = sorted((folder / "dicomdirtests" / "98892003" / "MR700").iterdir())
    names = ("MR_small.dcm", "examples_overlay.dcm", "README.txt")
    found = [first, *(folder / name for name in names), *series]
    return [path for path in found if os.access(path, os.R_OK)]
