"""Services of plug-ins in the health page: what they are, their options, their jobs."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from chrislib.jobs.serving.settings import Option, ServiceOffer
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.sign_in import FormField
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

Say = Callable[..., None]


class ServiceList(QWidget):
    """A line for each service: where it is, and what can be done with it.

    Parameters
    ----------
    say : callable
        Shows a sentence; `kind` "failed" for what went wrong.
    """

    def __init__(self, context: ViewContext, *, say: Say) -> None:
        super().__init__()
        self._context = context
        self._say = say
        self._tasks = context.tasks("services")
        self._shown: tuple[ServiceOffer, ...] | None = None
        self.setObjectName("health.services")
        self.setAccessibleName("Services of plug-ins")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 12, 16, 4)
        self._column.setSpacing(8)
        self.show_now()

    def show_now(self) -> None:
        """Show the services there are."""
        offers = self._context.jobs.service_settings.offers()
        if offers == self._shown:
            return
        self._shown = offers
        empty(self._column)
        theme = self._context.theme
        self.setVisible(bool(offers))
        self._column.addWidget(
            Label(theme, "Services of plug-ins", style="group", token="text.muted")
        )
        for offer in offers:
            self._column.addWidget(self._line(offer))

    def shutdown(self) -> None:
        """Drop what runs."""
        self._tasks.cancel_all()

    # -- inside --------------------------------------------------------------

    def _line(self, offer: ServiceOffer) -> QWidget:
        theme = self._context.theme
        line = QWidget()
        line.setAccessibleName(offer.name)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(theme, offer.name, style="strong"))
        words.addWidget(
            Label(theme, where_of(offer), style="caption", token="text.secondary")
        )
        row.addLayout(words, 1)
        if offer.lists:
            follow = button(
                theme,
                "Follow what it has",
                icon="list",
                name=f"service.follow.{offer.name}",
                tooltip="Lists its queue and follows your jobs that are not known here",
                small=True,
            )
            follow.clicked.connect(lambda: self._follow(offer.name))
            row.addWidget(follow)
        change = button(
            theme, "Options …", name=f"service.options.{offer.name}", small=True
        )
        change.clicked.connect(lambda: self._options(offer.name))
        row.addWidget(change)
        return line

    def _follow(self, name: str) -> None:
        self._say(f"Asking {name} what it has …")
        self._tasks.start(
            self._found(name),
            name="follow",
            done=self._say,
            failed=lambda error: self._say(str(error), kind="failed"),
        )

    async def _found(self, name: str) -> str:
        recovery = self._context.jobs.services.recovery
        found = await recovery.recover(name)
        there = len(await recovery.queue(name))
        return followed_words(name, len(found), there)

    def _options(self, name: str) -> None:
        self._tasks.start(
            self._context.jobs.service_settings.options(name),
            name="options",
            done=lambda options: self._open(name, options),
        )

    def _open(self, name: str, options: Sequence[Option]) -> None:
        # a sheet lies in its window: this one over the health page
        holder = self.window()
        sheet = ServiceSheet(holder, self._context, name=name, options=options)
        sheet.accepted.connect(self.show_now)
        sheet.open()


class ServiceSheet(Sheet):
    """The options of a service, and its password."""

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        name: str,
        options: Sequence[Option],
    ) -> None:
        super().__init__(
            window,
            context.theme,
            f"Options of {name}",
            "Its plug-in begins anew with them; jobs and tokens are kept",
            width=560,
            height=min(640, 200 + 70 * (len(options) + 1)),
        )
        theme = context.theme
        self.setObjectName("service.sheet")
        self._context = context
        self._name = name
        self._tasks = self.own(context.tasks("service options"))
        self._fields: dict[str, FormField] = {}
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        for option in options:
            field = FormField(theme, option.words, name=f"service.option.{option.name}")
            field.field.setText(option.value)
            self._fields[option.name] = field
            column.addWidget(field)
        self._password = FormField(
            theme,
            "Password",
            name="service.password",
            help_="Empty leaves it as it is. It goes to the system's key ring.",
        )
        self._password.field.setEchoMode(QLineEdit.EchoMode.Password)
        column.addWidget(self._password)
        column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Save")
        self.next_pressed.connect(self._save)

    # -- inside --------------------------------------------------------------

    def _save(self) -> None:
        self.next_button.setEnabled(False)
        self.set_note("Saving …")
        values = {name: field.text for name, field in self._fields.items()}
        self._tasks.start(
            self._context.jobs.service_settings.save(
                self._name, values, password=self._password.field.text()
            ),
            name="save",
            done=self._saved,
            failed=self._failed,
        )

    def _saved(self, kept: bool) -> None:
        if not kept:
            self._context.messages.info(
                "The password is kept until the program ends.",
                "There is no key ring of the system here.",
            )
        self.accept()

    def _failed(self, error: BaseException) -> None:
        self.next_button.setEnabled(True)
        self.set_note(str(error), kind="failed")


def where_of(offer: ServiceOffer) -> str:
    """Return where a service is, in words."""
    if not offer.works:
        return "Its plug-in was set aside"
    if not offer.address:
        return "It has no address yet"
    return f"{offer.address}, {offer.user}" if offer.user else offer.address


def followed_words(name: str, found: int, there: int) -> str:
    """Return what came of following what a service has."""
    if not there:
        return f"{name} has no job of yours."
    if not found:
        has = "its one job" if there == 1 else f"all {there:,} jobs it has"
        return f"Nothing new: {has} of yours are followed already or were forgotten."
    jobs = "1 job" if found == 1 else f"{found:,} jobs"
    return f"{jobs} of {name} {'is' if found == 1 else 'are'} followed from now on."
