"""What people make of a feed in the story: note, comments, tags, access."""

import sqlite3
from contextlib import closing

from tests.e2e.tour.create_steps import CreateSteps
from tests.e2e.tour.part import Steps
from tests.e2e.tour.session import Desktop

_PATIENT = "CL-1013"
_TITLE = "Talked about"
_NOTE = (
    "# First look",
    "Volumes of **both** sides, *not* corrected.",
    "* T1 and T2",
    "* see [the protocol](https://example.org/protocol)",
    "> Tonsils below the foramen.",
)


class TalkSteps(CreateSteps):
    """What is written about a feed, and who may read it."""

    _desktop: Desktop

    def talk_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Make a feed to talk about", self.feed_to_talk),
            ("Write a note, and read it", self.write_note),
            ("Write a comment and change it", self.comment),
            ("Somebody else writes the note meanwhile", self.note_conflict),
            ("Make a tag and put it on", self.tag_feed),
            ("Share it: an unknown name, then a group", self.share_feed),
            ("Making it public says what that shows", self.publish_feed),
        )

    def feed_to_talk(self) -> None:
        """Tick a patient's series and make a feed of them."""
        self._go("PACS Lookup")
        self._clear_tray()
        self._ask(f"id: {_PATIENT}")
        row = self._screen.wait(contains=_PATIENT, role="table cell", seconds=40)
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
        self._screen.wait("Ready", id="state", seconds=120)

    def write_note(self) -> None:
        """Open the sheet, write Markdown, save: it is read as it is meant."""
        self._screen.press("Add note", role="push button")
        self._screen.wait("No note yet", role="label")
        self._report.picture("note-empty")
        self._screen.press("Write a note", role="push button")
        box = self._screen.wait("Note, as Markdown", role="text")
        self._screen.click(box)
        for words in _NOTE:
            self._screen.type(words)
            self._screen.key("Return")
        self._report.picture("note-write")
        self._screen.press(id="next", role="push button")
        self._screen.wait("The note is saved.", role="label")
        self._screen.settle()
        self._report.picture("note-read")

    def comment(self) -> None:
        """Send one, write it anew."""
        box = self._screen.wait("Comment", role="text")
        self._screen.fill(box, "Who looks at the T2?")
        self._screen.press("Send", role="push button")
        self._screen.press("Edit", role="push button")
        self._screen.fill(box, "Who looks at the T2 of both sides?")
        self._screen.press("Save comment", role="push button")
        self._screen.wait("Comment of local", which=lambda spot: "both" in spot.text)
        self._report.picture("note-comment")

    def note_conflict(self) -> None:
        """Two write at once: both texts are shown, and nothing is lost."""
        self._screen.press("Write", role="check box")
        box = self._screen.wait("Note, as Markdown", role="text")
        self._screen.fill(box, "Mine.")
        database = self._desktop.home / "data" / "station" / "station.db"
        with closing(sqlite3.connect(database, timeout=30)) as db, db:
            db.execute(
                "UPDATE feeds SET note_content = 'Theirs.' WHERE name = ?", (_TITLE,)
            )
        self._screen.press(id="next", role="push button")
        self._screen.wait("What the server has now", role="text")
        self._screen.settle()
        self._report.picture("note-conflict")
        self._screen.press("Keep mine", role="push button")
        self._screen.press(id="next", role="push button")
        self._screen.wait("The note is saved.", role="label")
        self._screen.press("Close", role="push button", id="cancel")
        self._screen.gone(name="Comment", role="text")

    def tag_feed(self) -> None:
        """Name it, choose a color, tick it."""
        self._screen.press("Tags", role="push button")
        self._screen.fill(self._screen.wait("Name of the tag", role="text"), "pilot")
        self._screen.press("Green", role="check box")
        self._screen.press("Create tag", role="push button")
        row = self._screen.wait(contains="pilot, Green", role="list item")
        self._screen.click(row)
        self._screen.key("space")
        self._screen.wait(contains="is on this feed", role="label")
        self._screen.settle()
        self._report.picture("tags")
        self._screen.press("Close", role="push button", id="next")
        self._screen.wait(contains="Tags: pilot", role="push button")

    def share_feed(self) -> None:
        """The refusal says what to do; a group is chosen from the server's."""
        self._screen.press("Share", role="push button")
        self._screen.fill(self._screen.wait("User name", role="text"), "nobody-here")
        self._screen.key("Return")
        self._screen.wait(contains="no person called", role="label")
        self._report.picture("share-refused")
        self._screen.press("Group", role="check box")
        self._screen.press("Share", role="push button", id="add")
        self._screen.wait("Revoke", role="push button")
        self._report.picture("share")

    def publish_feed(self) -> None:
        """Look at what it would publish, and keep it closed."""
        self._screen.press(contains="Open to everybody", role="check box")
        self._screen.wait(contains="Everybody would see", role="label", seconds=30)
        self._screen.settle()
        self._report.picture("share-public")
        self._screen.press("Keep it closed", role="push button")
        self._screen.press("Revoke", role="push button")
        self._screen.gone(name="Revoke", role="push button")
        self._screen.press("Close", role="push button", id="next")
        self._screen.gone(name="User name", role="text")
