"""Signing in: each way it fails is said in words, at its field, and loses nothing."""

from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import BadCredentials, NotACube, ServerUnreachable
from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.files import QtDialogs
from chrislib.views.dialogs.sign_in import SignInSheet

Fakes = Any


@pytest.fixture
def sheet(ctx: ViewContext, qtbot: QtBot) -> SignInSheet:
    window = QWidget()
    window.resize(1440, 900)
    qtbot.addWidget(window)
    window.show()
    made = SignInSheet(window, ctx.theme, ctx.session, messages=ctx.messages)
    made.open()
    made.window_ = window  # type: ignore[attr-defined]
    return made


def fill(sheet: SignInSheet) -> None:
    sheet.server.field.setText("https://cube.example.org")
    sheet.user.field.setText("alex")
    sheet.password.field.setText("secret")


def test_it_offers_the_last_account_and_hides_the_password(
    sheet: SignInSheet,
) -> None:
    assert sheet.server.text == "https://chris.example.org/api/v1/"
    assert sheet.user.text == "alex"
    assert sheet.window().focusWidget() is sheet.password.field
    assert sheet.password.field.echoMode() == QLineEdit.EchoMode.Password


def test_empty_fields_are_named_and_nothing_is_sent(
    sheet: SignInSheet, fakes: Fakes
) -> None:
    sheet.next_button.click()
    assert sheet.password.note == "Enter your password."
    note = sheet.findChild(QLabel, "sheet.note")
    assert isinstance(note, QLabel)
    assert note.text() == "1 field needs attention"
    assert fakes.session.calls == []


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (
            BadCredentials(
                "User name or password was not accepted.",
                "Nothing was changed.",
                hint="Check both and try again.",
            ),
            "password",
        ),
        (
            ServerUnreachable(
                "No answer from cube.example.org.",
                "Your library still works.",
                hint="Check the network or VPN.",
            ),
            "server",
        ),
        (
            NotACube(
                "This address is not a ChRIS server.",
                "Nothing was sent but the request.",
                hint="Check the address.",
            ),
            "server",
        ),
    ],
)
def test_what_was_wrong_is_said_at_its_field(
    sheet: SignInSheet,
    fakes: Fakes,
    qtbot: QtBot,
    error: ChrislibError,
    field: str,
) -> None:
    fakes.session.refuse = error
    fill(sheet)
    sheet.next_button.click()
    piece = getattr(sheet, field)
    qtbot.waitUntil(lambda: error.title in piece.note, timeout=2000)
    assert error.hint in piece.note
    assert piece.field.property("refused")
    assert sheet.isVisible()
    assert sheet.server.text == "https://cube.example.org"
    assert sheet.next_button.isEnabled()
    QTest.keyClicks(piece.field, "x")
    assert not piece.field.property("refused")


def test_it_closes_once_the_server_has_accepted(
    sheet: SignInSheet, fakes: Fakes, qtbot: QtBot
) -> None:
    fill(sheet)
    with qtbot.waitSignal(sheet.signed_in, timeout=2000):
        sheet.next_button.click()
    assert fakes.session.calls == [
        ("sign_in", "https://cube.example.org", "alex", "secret")
    ]
    assert not sheet.isVisible()
    assert sheet.password.field.text() == ""


def test_confirm_waits_without_a_loop_of_its_own(
    ctx: ViewContext, qtbot: QtBot, aio: Any
) -> None:
    window = QWidget()
    window.resize(1440, 900)
    qtbot.addWidget(window)
    window.show()
    dialogs = QtDialogs(ctx.theme, lambda: window)
    for name, answer in (("sheet.next", True), ("sheet.cancel", False)):
        task = aio.spawn(
            dialogs.confirm("Cancel 4 nodes?", "Sure?", action="Cancel", danger=True)
        )
        qtbot.waitUntil(lambda: pressable(window, name), timeout=2000)  # noqa: B023
        press(window, name)
        qtbot.waitUntil(task.done, timeout=2000)
        assert task.result() is answer


def test_a_file_dialog_is_awaited(
    ctx: ViewContext, qtbot: QtBot, aio: Any, tmp_path: Any
) -> None:
    from PySide6.QtWidgets import QFileDialog

    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    dialogs = QtDialogs(ctx.theme, lambda: window)
    task = aio.spawn(dialogs.open_folder("Where to?", tmp_path / "not" / "there"))
    qtbot.waitUntil(lambda: window.findChild(QFileDialog) is not None, timeout=5000)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.directory().absolutePath() == str(tmp_path)
    dialog.reject()
    qtbot.waitUntil(task.done, timeout=2000)
    assert task.result() is None


def pressable(window: QWidget, name: str) -> bool:
    from PySide6.QtWidgets import QPushButton

    return any(b.isVisible() for b in window.findChildren(QPushButton, name))


def press(window: QWidget, name: str) -> None:
    from PySide6.QtWidgets import QPushButton

    for button in window.findChildren(QPushButton, name):
        if button.isVisible():
            button.click()
            return
