"""Signing in: server, user, password; what was wrong is said at the field."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.views.messages import Messages
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

if TYPE_CHECKING:
    from chrislib.accounts.session import Session


class FormField(QWidget):
    """A label, a field, and below it what is wrong with it."""

    def __init__(self, theme: Theme, label: str, *, name: str, help_: str = "") -> None:
        super().__init__()
        self._help = help_
        self.field = Field(theme, name=name, label=label)
        self._note = Label(theme, help_, style="small", token="text.muted", wrap=True)
        self._note.setObjectName(f"{name}.note")
        caption = Label(theme, label, style="small", token="text.secondary")
        caption.setBuddy(self.field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(caption)
        column.addWidget(self.field)
        column.addWidget(self._note)
        self._note.setVisible(bool(help_))
        self.field.textEdited.connect(lambda _text: self.refuse(""))

    @property
    def text(self) -> str:
        """What was typed, without spaces around it."""
        return self.field.text().strip()

    @property
    def note(self) -> str:
        """The words below the field."""
        return self._note.text()

    def refuse(self, words: str) -> None:
        """Say what is wrong; "" takes it back."""
        self.field.set_refused(bool(words))
        self._note.setText(words or self._help)
        self._note.set_token("state.failed" if words else "text.muted")
        self._note.setVisible(bool(words or self._help))


class SignInSheet(Sheet):
    """The sheet that signs in to a CUBE; the password is never kept.

    It stays open until the server has accepted, and everything typed stays.
    """

    signed_in = Signal()

    def __init__(
        self,
        window: QWidget,
        theme: Theme,
        session: "Session",
        *,
        messages: Messages,
    ) -> None:
        super().__init__(
            window,
            theme,
            "Sign in",
            "To a ChRIS server; your jobs there go on either way",
            width=560,
            height=460,
        )
        self.setObjectName("sign-in")
        self._session = session
        self._tasks = self.own(PaneTasks(messages, "sign in"))
        self.server = FormField(
            theme,
            "Server address",
            name="sign-in.server",
            help_="For example https://cube.chrisproject.org",
        )
        self.user = FormField(theme, "User name", name="sign-in.user")
        self.password = FormField(
            theme,
            "Password",
            name="sign-in.password",
            help_="Only the sign-in token is kept, in the system's key ring.",
        )
        self.password.field.setEchoMode(QLineEdit.EchoMode.Password)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(16)
        for piece in (self.server, self.user, self.password):
            column.addWidget(piece)
        column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Sign in")
        self.next_pressed.connect(self._try)
        for piece in (self.server, self.user, self.password):
            piece.field.returnPressed.connect(self.next_button.click)
        self._busy = False
        if not session.is_station:
            self.server.field.setText(session.url)
            self.user.field.setText(session.username)

    def _try(self) -> None:
        if self._busy:
            return
        wanted = [
            (self.server, "Enter the address of the server."),
            (self.user, "Enter your user name."),
            (self.password, "Enter your password."),
        ]
        missing = []
        for piece, words in wanted:
            empty = not piece.field.text().strip()
            piece.refuse(words if empty else "")
            if empty:
                missing.append(piece)
        if missing:
            missing[0].field.setFocus()
            count = len(missing)
            self.set_note(
                "1 field needs attention"
                if count == 1
                else f"{count} fields need attention",
                kind="failed",
            )
            return
        self._set_busy(True)
        self.set_note(f"Asking {self.server.text}")
        self._tasks.start(
            self._session.sign_in(
                self.server.text, self.user.text, self.password.field.text()
            ),
            name="sign in",
            done=lambda _none: self._accepted(),
            failed=self._refused,
        )

    def done(self, result: int) -> None:
        """Close; a sign-in still on its way is given up."""
        self.password.field.clear()
        super().done(result)

    def _accepted(self) -> None:
        self._set_busy(False)
        self.signed_in.emit()
        self.accept()

    def _refused(self, error: BaseException) -> None:
        from chrislib.cube.errors import BadCredentials, NotACube, ServerUnreachable

        self._set_busy(False)
        if not isinstance(error, ChrislibError):
            self.set_note("Something went wrong in chrislib.", kind="failed")
            return
        words = " ".join(p for p in (error.title, error.detail, error.hint) if p)
        self.set_note("Not signed in", kind="failed")
        if isinstance(error, BadCredentials):
            self.password.refuse(words)
            self.password.field.selectAll()
            self.password.field.setFocus()
        elif isinstance(error, NotACube | ServerUnreachable):
            self.server.refuse(words)
            self.server.field.setFocus()
        else:
            self.server.refuse(words)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.next_button.setEnabled(not busy)
        self.next_button.setToolTip("The server is being asked" if busy else "")
        for piece in (self.server, self.user, self.password):
            piece.field.setEnabled(not busy)
