"""The part of the story about Browse Files: folders, names, access, the tray."""

import json
import shutil
from pathlib import Path

from tests.e2e.tour.part import Part, Steps
from tests.e2e.tour.screen import Spot

_ICON = Path(__file__).resolve().parents[3] / "resources" / "icons" / "chrislib.png"
_FOLDER = "Pilot outputs"


class FilesSteps(Part):
    """What a person does in the server's storage."""

    def browse_files_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Browse Files: make a folder and send files there", self.send_into_folder),
            ("Look at a table and a picture in storage", self.look_at_files),
            ("A name that is taken is refused, another is undone", self.rename_file),
            ("Tick a folder and a file for a feed", self.tick_files),
            ("Open a folder to a group, and close it again", self.share_folder),
            ("Delete says what goes with it", self.delete_file),
        )

    def send_into_folder(self) -> None:
        """Go to the uploads by their path, make a folder, send a folder there."""
        local = self._results.parent / _FOLDER
        (local / "stats").mkdir(parents=True, exist_ok=True)
        (local / "stats" / "aseg.csv").write_text(
            "region,left,right\nhippocampus,4012,4105\namygdala,1633,1702\n"
        )
        (local / "run.json").write_text(json.dumps({"threads": 4, "ok": True}))
        (local / "recon.log").write_text("started\n" * 200)
        (local / "recon2.log").write_text("started again\n" * 30)
        shutil.copyfile(_ICON, local / "overview.png")
        self._go("Browse Files")
        self._open_path("home/local/uploads")
        self._more(3)  # Send a folder here
        self._choose_in_dialog(local)
        self._screen.wait(contains="Pilot_outputs", role="table cell", seconds=60)
        self._open_path("home/local/uploads/Pilot_outputs")
        for name in ("stats", "run.json", "recon.log", "overview.png"):
            self._screen.wait(contains=name, role="table cell", seconds=60)
        self._screen.settle()
        self._report.picture("files")

    def look_at_files(self) -> None:
        """Highlight a picture, then a table below."""
        self._screen.click(self._row("overview.png"))
        self._screen.wait(contains="who owns it", role="label", seconds=30)
        self._screen.settle()
        self._report.picture("files-picture")
        self._screen.click(self._row("stats"))
        self._screen.key("Return")
        self._screen.click(self._row("aseg.csv"))
        self._screen.wait(contains="hippocampus", role="table cell", seconds=30)
        self._report.picture("files-table")
        self._screen.key("BackSpace")
        self._screen.wait(contains="recon2.log", role="table cell", seconds=30)

    def rename_file(self) -> None:
        """Rename to a name that is there, then to a free one; undo it."""
        self._screen.click(self._row("recon2.log"))
        self._screen.key("F2")
        self._screen.fill(self._screen.wait("Name", role="text"), "recon.log")
        self._screen.press("Rename", role="push button")
        self._screen.wait(contains="is there already", role="label", seconds=30)
        self._report.picture("files-name-taken")
        self._screen.fill(self._screen.wait("Name", role="text"), "second run.log")
        self._screen.press("Rename", role="push button")
        self._screen.wait(contains="second run.log", role="table cell", seconds=30)
        self._screen.press("Undo", role="push button")
        self._screen.wait(contains="recon2.log", role="table cell", seconds=30)

    def tick_files(self) -> None:
        """Tick with the key; the tree shows what is ticked below."""
        for name in ("stats", "overview.png"):
            self._screen.click(self._row(name))
            self._screen.key("t")
            self._screen.wait(
                contains=f"{name}, ",
                role="list item",
                seconds=30,
                which=lambda spot: " file" in spot.name,
            )
        self._screen.settle()
        self._report.picture("files-ticked")

    def share_folder(self) -> None:
        """Grant a group the right to read, see it listed, revoke it."""
        self._screen.click(self._row("stats"))
        self._screen.settle()
        self._screen.press("Share", role="push button")
        self._screen.press("Group", role="check box")
        field = self._screen.wait("User or group name", role="text")
        self._screen.fill(field, "all_users")
        self._screen.key("Return")
        self._screen.wait("Revoke", role="push button", seconds=30)
        self._report.picture("files-share")
        self._screen.press("Revoke", role="push button")
        self._screen.gone(name="Revoke", role="push button")
        self._screen.press("Close", role="push button")

    def delete_file(self) -> None:
        """Ask to delete, read what goes along, keep it."""
        self._screen.click(self._row("stats"))
        self._screen.key("Delete")
        self._screen.wait(contains="cannot be undone", role="label", seconds=30)
        self._report.picture("files-delete")
        self._screen.press("Keep", role="push button")
        self._screen.gone(contains="cannot be undone", role="label")
        self._screen.press("Clear", role="push button")

    def _row(self, name: str) -> Spot:
        return self._screen.wait(
            role="table cell", which=lambda spot: spot.name.startswith(f"{name},")
        )

    def _more(self, entry: int) -> None:
        """Choose an entry of the folder's menu by its place, from 1."""
        # popup menus are not in the accessible tree
        self._screen.press("More for this folder", role="push button")
        self._screen.settle()
        self._screen.key(*["Down"] * entry, "Return")

    def _open_path(self, path: str) -> None:
        """Type a path into the breadcrumb."""
        self._more(4)  # Go to path
        field = self._screen.wait("Path of a folder or file", role="text")
        self._screen.fill(field, path)
        self._screen.key("Return")
