"""Following a run by its address: paste what a browser or a colleague shows."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.jobs.adopting.links import ForeignLink
from chrislib.jobs.model import Job
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.navigation import ShowJobs
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

_STARTS = ("http://", "https://", "chris:")
_LONGEST = 2_000


class TrackSheet(Sheet):
    """One field for an address; what cannot be read is explained under it."""

    def __init__(self, window: QWidget, context: ViewContext) -> None:
        super().__init__(
            window,
            context.theme,
            "Track a run by address",
            "It is followed here from then on, whoever started it.",
            width=640,
            height=320,
        )
        theme = context.theme
        self.setObjectName("track.sheet")
        self._context = context
        self._tasks = self.own(context.tasks("track by address"))
        self._foreign = ""
        self.field = Field(
            theme,
            "https://…/plugins/instances/34/ or chris:feed/12/node/34",
            name="track.address",
            label="Address of the run",
        )
        self._refused = Label(
            theme, style="small", token="state.failed", wrap=True, name="track.refused"
        )
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(8)
        column.addWidget(Label(theme, "Address", token="text.secondary"))
        column.addWidget(self.field)
        column.addWidget(self._refused)
        column.addWidget(
            Label(
                theme,
                "The address of a node or feed in a browser, or a chris: link.",
                style="small",
                token="text.muted",
                wrap=True,
            )
        )
        column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Track")
        self.next_pressed.connect(self._press)
        self.back_pressed.connect(lambda: self._ask(self._foreign))
        self.field.textEdited.connect(lambda _text: self._refuse(""))
        held = QGuiApplication.clipboard().text().strip()
        if held.startswith(_STARTS) and len(held) < _LONGEST and "\n" not in held:
            self.field.setText(held)
            self.field.selectAll()

    def open(self) -> None:
        """Show the sheet with the focus in its field."""
        super().open()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _press(self) -> None:
        self._ask("")

    def _ask(self, accept_host: str) -> None:
        text = self.field.text().strip()
        if not text:
            self._refuse("There is no address yet. Paste one.")
            return
        self.next_button.setEnabled(False)
        self.set_note("Asking the server …")
        self._tasks.start(
            self._context.jobs.adoption.track_url(text, accept_host=accept_host),
            name="track",
            done=self._tracked,
            failed=self._failed,
        )

    def _tracked(self, job: Job) -> None:
        self._context.messages.success(
            f"{one_line(job.title) or 'The run'} is tracked.",
            "It tells when it is over.",
        )
        self.accept()
        self._context.navigator.go(ShowJobs(job.key))

    def _failed(self, error: BaseException) -> None:
        self.next_button.setEnabled(True)
        self.set_note("")
        if isinstance(error, ChrislibError):
            words = (error.title, error.detail, error.hint)
            self._refuse(" ".join(part for part in words if part))
            host = str(error.context.get("host", ""))
            web = isinstance(error, ForeignLink) and error.context.get("web")
            if web and host and self._context.session.host:
                self._foreign = host
                here = self._context.session.host
                self.back_button.setText(f"{host} shows {here}")
                self.back_button.setToolTip(
                    "The web pages of a server may have another address than it has"
                )
                self.back_button.setEnabled(True)
                self.back_button.show()
        else:
            self._refuse("That did not work. Nothing was changed.")
            self._context.messages.failed(error)

    def _refuse(self, words: str) -> None:
        self.back_button.setVisible(False)
        self._refused.setText(words)
        self.field.set_refused(bool(words))
