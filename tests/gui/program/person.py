"""A person at the window: presses what is seen, types into fields, reads."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLineEdit,
    QMenu,
    QWidget,
)

from chrislib.jobs.model import InboxRow, Job, JobKey, RunIntent
from chrislib.views.jobs.inbox_view import InboxView
from chrislib.views.jobs.job_view import JobView
from chrislib.views.navigation import ShowInbox, ShowJobs
from chrislib.views.widgets.sheet import Sheet
from tests.gui.program.conftest import texts_of

Program = Any
LONG = 30_000
_LEFT = Qt.MouseButton.LeftButton


class Person:
    """Does with widgets what a person does, and waits for what comes of it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.window = program.window

    # Waiting and reading.

    def wait(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait until `condition` holds; says what was on screen when it does not."""
        try:
            self.program.qtbot.waitUntil(lambda: bool(condition()), timeout=LONG)
        except self.program.qtbot.TimeoutError as error:
            shown = texts_of(self.window)
            raise AssertionError(f"never: {what}\n{shown}") from error

    def job(self, key: JobKey) -> Job:
        """Return a job as it is now."""
        found: Job = self.program.services.jobs.get(key)
        return found

    def state(self, key: JobKey) -> str:
        """Return what the job list says of a job."""
        view = self.jobs_list()
        row = view.jobs.row_of(key)
        words = view.jobs.index(row, 1).data(Qt.ItemDataRole.DisplayRole)
        return str(words or "")

    def picture(self, name: str, folder: Path | None) -> None:
        """Keep a picture of the window, where somebody wants to look."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self.window.grab().save(str(folder / f"{name}.png"))

    # Places.

    def jobs_list(self) -> JobView:
        """Return the job list, opened."""
        found: JobView = self.window.findChild(JobView, "jobs.list")
        if found is None or not found.isVisible():
            self.program.context.navigator.go(ShowJobs())
            self.wait(
                lambda: (
                    (view := self.window.findChild(JobView, "jobs.list")) is not None
                    and view.isVisible()
                ),
                "the job list",
            )
            found = self.window.findChild(JobView, "jobs.list")
        return found

    def inbox_list(self) -> InboxView:
        """Return the inbox, opened."""
        found = self.window.findChild(InboxView, "inbox.list")
        if found is None or not found.isVisible():
            self.program.context.navigator.go(ShowInbox())
            self.wait(
                lambda: (
                    (view := self.window.findChild(InboxView, "inbox.list")) is not None
                    and view.isVisible()
                ),
                "the inbox",
            )
            found = self.window.findChild(InboxView, "inbox.list")
        made: InboxView = found
        return made

    # Pressing.

    def click(self, widget: QWidget, spot: QPoint | None = None) -> None:
        """Click a widget that is seen and can be used."""
        assert widget.isVisible(), widget.objectName()
        assert widget.isEnabled(), widget.objectName()
        QTest.mouseClick(
            widget,
            _LEFT,
            Qt.KeyboardModifier.NoModifier,
            spot or widget.rect().center(),
        )

    def button(self, words: str, *, within: QWidget | None = None) -> QAbstractButton:
        """Return the visible button with these words, once it is there."""
        found: list[QAbstractButton] = []

        def there() -> bool:
            found[:] = [
                one
                for one in (within or self.window).findChildren(QAbstractButton)
                if one.isVisible() and one.isEnabled() and one.text() == words
            ]
            return bool(found)

        self.wait(there, f"the button {words}")
        return found[-1]

    def press(self, words: str, *, within: QWidget | None = None) -> None:
        """Press the button with these words."""
        self.click(self.button(words, within=within))

    def sheet(self, name: str) -> Sheet:
        """Return a sheet that is open, once it is."""
        self.wait(lambda: self._sheets(name), f"the sheet {name}")
        return self._sheets(name)[-1]

    def no_sheet(self, name: str) -> None:
        """Wait until a sheet is closed."""
        self.wait(lambda: not self._sheets(name), f"{name} is still open")

    def _sheets(self, name: str) -> list[Sheet]:
        found = self.window.findChildren(Sheet, name)
        return [one for one in found if one.isVisible()]

    def press_row(self, key: JobKey, words: str) -> None:
        """Press a button of a job's row in the list."""
        view = self.jobs_list()

        def box() -> QRect | None:
            view.jobs.reveal(key)
            index = view.jobs.index_of(key)
            if not index.isValid():
                return None
            view.scrollTo(index)
            actions = view.visualRect(view.jobs.index(index.row(), 3))
            for verb, rect in view._delegate.buttons(self.job(key), actions):
                if verb.word == words:
                    return QRect(rect)
            return None

        self.wait(lambda: box() is not None, f"the button {words} of the row")
        place = box()
        assert place is not None
        QTest.mouseMove(view.viewport(), place.center())
        self.click(view.viewport(), place.center())

    def batch_state(self, key: str) -> str:
        """Return what the list says of a batch."""
        view = self.jobs_list()
        row = view.jobs.row_of(f"head:batch:{key}")
        if row < 0:
            return ""
        role = Qt.ItemDataRole.AccessibleTextRole
        cells = (view.jobs.index(row, column).data(role) for column in range(4))
        return ", ".join(str(words) for words in cells if words)

    def press_batch(self, key: str, words: str) -> None:
        """Press a button of a batch's row."""
        view = self.jobs_list()
        name = f"head:batch:{key}"

        def box() -> QRect | None:
            row = view.jobs.row_of(name)
            if row < 0:
                return None
            view.scrollTo(view.jobs.index(row, 0))
            actions = view.visualRect(view.jobs.index(row, 3))
            for verb, rect in view._delegate.batch_buttons(name, actions):
                if verb.word == words:
                    return QRect(rect)
            return None

        self.wait(lambda: box() is not None, f"{words} of the batch")
        place = box()
        assert place is not None
        self.click(view.viewport(), place.center())

    def key_on_batch(self, key: str, pressed: Qt.Key) -> None:
        """Go to a batch's row with the keyboard and press a key there."""
        view = self.jobs_list()
        name = f"head:batch:{key}"
        self.wait(lambda: view.jobs.row_of(name) >= 0, "the batch's row")
        view.setCurrentIndex(view.jobs.index(view.jobs.row_of(name), 0))
        QTest.keyClick(view, pressed)

    def menu(self, key: JobKey, words: str) -> None:
        """Choose something in the menu of a job's row."""
        view = self.jobs_list()
        self.wait(lambda: view.show_job(key), "the row")
        row = view.visualRect(view.currentIndex())
        spot = row.center()
        where = view.viewport().mapToGlobal(spot)
        asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, where)
        QApplication.sendEvent(view.viewport(), asked)
        self.choose(view, "jobs.menu", words)

    def choose(self, view: QWidget, name: str, words: str) -> None:
        """Choose an entry of an open menu."""

        def shown() -> QMenu | None:
            menus = view.findChildren(QMenu, name)
            return next((one for one in menus if one.isVisible()), None)

        self.wait(lambda: shown() is not None, f"the menu {name}")
        menu = shown()
        assert menu is not None
        entries = menu.actions()
        for _ in entries:
            active = menu.activeAction()
            if active is not None and active.text().partition("\t")[0] == words:
                QTest.keyClick(menu, Qt.Key.Key_Return)
                return
            QTest.keyClick(menu, Qt.Key.Key_Down)
        raise AssertionError(f"{words} is not among {[a.text() for a in entries]}")

    def inbox_rows(self) -> list[InboxRow]:
        """Return what the inbox shows."""
        model = self.inbox_list()._inbox
        entries = (model.entry(number) for number in range(model.rowCount()))
        return [row for row in entries if isinstance(row, InboxRow)]

    def press_inbox(self, kind: str, key: JobKey, words: str) -> None:
        """Press a button of an outcome in the inbox."""
        view = self.inbox_list()

        def box() -> QRect | None:
            model = view._inbox
            for number in range(model.rowCount()):
                row = model.entry(number)
                if not isinstance(row, InboxRow):
                    continue
                if row.kind != kind or row.job_key != key:
                    continue
                index = model.index(number, 0)
                view.scrollTo(index)
                rect = view.visualRect(index)
                for verb, place in view._delegate.buttons(row, rect):
                    if verb.word == words:
                        return QRect(place)
            return None

        self.wait(lambda: box() is not None, f"{words} of {kind} in the inbox")
        place = box()
        assert place is not None
        self.click(view.viewport(), place.center())

    def choose_folder(self, folder: Path) -> None:
        """Type a folder into the dialog that asks for one, and take it."""

        def shown() -> QFileDialog | None:
            found = self.window.findChildren(QFileDialog, "file-dialog")
            return next((one for one in found if one.isVisible()), None)

        self.wait(lambda: shown() is not None, "the folder dialog")
        dialog = shown()
        assert dialog is not None
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        assert isinstance(field, QLineEdit)
        field.clear()
        QTest.keyClicks(field, str(folder))
        self.wait(lambda: field.text() == str(folder), "the folder's name")
        QTest.keyClick(field, Qt.Key.Key_Return)
        self.wait(lambda: shown() is None, "the dialog is still open")


def upload(program: Program, path: str, text: str = "hello") -> None:
    """Put a file on the server, as somebody beside the program may."""
    local = program.services.paths.cache / "upload.txt"
    local.write_text(text, encoding="utf-8")
    program.run(program.services.session.client.files.upload(local, path))


def plugin(program: Program, name: str) -> Any:
    """Return a plugin of the server."""

    async def find() -> Any:
        client = program.services.session.client
        async for found in client.plugins.list(name_exact=name):
            return found
        raise AssertionError(f"{name} is not there")

    return program.run(find())


def root_intent(program: Program, folder: str, title: str) -> RunIntent:
    """Return what makes a feed of a folder."""
    found = plugin(program, "pl-dircopy")
    return RunIntent(
        plugin_id=found.id,
        plugin_name=found.name,
        plugin_version=found.version,
        plugin_type="fs",
        parameters={"dir": folder},
        title=title,
    )


def child_intent(program: Program, before: Job, title: str, **values: Any) -> RunIntent:
    """Return a run of pl-simpledsapp behind a run."""
    found = plugin(program, "pl-simpledsapp")
    return RunIntent(
        plugin_id=found.id,
        plugin_name=found.name,
        plugin_version=found.version,
        plugin_type="ds",
        parameters={"prefix": "made_", **values},
        previous_id=before.remote_id,
        feed_id=before.feed_id,
        title=title,
    )


def submit(program: Program, intent: RunIntent) -> Job:
    """Send a run."""
    made: Job = program.run(program.services.jobs.submit_now(intent), LONG)
    return made


def feed(program: Program, title: str) -> tuple[str, Job]:
    """Make a feed of a folder with one file; returns the folder and the root."""
    folder = f"home/local/uploads/person-{time.monotonic_ns()}"
    upload(program, f"{folder}/a.txt")
    return folder, submit(program, root_intent(program, folder, title))
