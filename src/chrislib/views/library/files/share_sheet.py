"""Who may see something in storage: people, groups, everybody."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.cube.folder_types import Grant, Right
from chrislib.errors import ChrislibError
from chrislib.library.storage.model import Entry, Leads, entry_of
from chrislib.views.context import ViewContext
from chrislib.views.widgets.access_rows import AccessRows, Row
from chrislib.views.widgets.buttons import Field, Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line

_RIGHTS: tuple[tuple[Right, str], ...] = (("r", "May read"), ("w", "May change it"))


class ShareSheet(Sheet):
    """Grants of one entry; each change is sent at once and told.

    Signals
    -------
    changed : ()
        Somebody may see it now, or may not any more.
    """

    changed = Signal()

    def __init__(self, window: QWidget, ctx: ViewContext, entry: Entry) -> None:
        super().__init__(
            window,
            ctx.theme,
            f"Share “{entry.label}”",
            "With it goes everything below it." if entry.leads is Leads.FOLDER else "",
            width=620,
            height=480,
        )
        self.setObjectName("files.share")
        self._ctx = ctx
        self._entry = entry
        self._tasks = self.own(ctx.tasks("share"))
        theme = ctx.theme
        self._rows = AccessRows(theme, name="files.share")
        self._rows.revoke.connect(self._revoke)
        self._kind = Segments(
            theme,
            [("user", "Person", ""), ("group", "Group", "")],
            name="files.share.kind",
        )
        self._field = Field(
            theme, "User name", name="files.share.name", label="User or group name"
        )
        self._right = combo("files.share.right", "What they may do")
        for right, text in _RIGHTS:
            self._right.addItem(text, right)
        self._add = button(theme, "Share", name="files.share.add")
        self._public = QCheckBox("Open to everybody, also without signing in")
        self._public.setObjectName("files.share.public")
        self._public.setChecked(entry.thing.public)
        self._fill()
        self.next_button.setText("Close")
        self.cancel_button.hide()
        self.next_pressed.connect(self.accept)
        self._add.clicked.connect(self._grant)
        self._field.returnPressed.connect(self._grant)
        self._kind.chosen.connect(
            lambda key: self._field.setPlaceholderText(
                "Group name" if key == "group" else "User name"
            )
        )
        self._public.clicked.connect(self._publish)
        self._read()

    # --- inside -----------------------------------------------------------------

    def _fill(self) -> None:
        theme = self._ctx.theme
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        adding = QHBoxLayout()
        adding.setSpacing(8)
        adding.addWidget(self._kind)
        adding.addWidget(self._field, 1)
        adding.addWidget(self._right)
        adding.addWidget(self._add)
        column.addLayout(adding)
        column.addWidget(
            Label(theme, "Who may see it now", style="small-strong"),
        )
        column.addWidget(self._rows, 1)
        column.addWidget(line())
        column.addWidget(self._public)
        self.body.addWidget(page)

    def _read(self) -> None:
        self._tasks.start(
            self._ctx.storage.access.grants(self._entry),
            name="who",
            done=self._show,
            failed=self._failed,
        )

    def _show(self, grants: tuple[Grant, ...]) -> None:
        rows: list[Row] = [(self._entry.thing.owner, "Owns it", None)]
        for grant in grants:
            words = dict(_RIGHTS)[grant.right]
            kind = "Group · " if grant.is_group else ""
            rows.append((grant.name, kind + words, grant))
        self._rows.show_rows(rows)

    def _grant(self) -> None:
        name = self._field.text().strip()
        if not name:
            self._say("Write a user name, exactly as its owner signs in.")
            return
        right: Right = "w" if self._right.currentData() == "w" else "r"
        self._tasks.start(
            self._ctx.storage.access.grant(
                self._entry,
                name,
                is_group=self._kind.current == "group",
                right=right,
            ),
            name="grant",
            done=self._granted,
            failed=self._failed,
        )

    def _granted(self, grant: Grant) -> None:
        self._field.clear()
        self._say("")
        self.set_note(f"{grant.name} can open it now.")
        self.changed.emit()
        self._read()

    def _revoke(self, grant: Grant) -> None:
        self._tasks.start(
            self._ctx.storage.access.revoke(self._entry, grant),
            name="revoke",
            done=lambda _none: self._revoked(grant),
            failed=self._failed,
        )

    def _revoked(self, grant: Grant) -> None:
        self.set_note(f"{grant.name} cannot open it any more.")
        self.changed.emit()
        self._read()

    def _publish(self, public: bool) -> None:
        self._tasks.start(self._published(public), name="publish", failed=self._failed)

    async def _published(self, public: bool) -> None:
        if public:
            sure = await self._ctx.dialogs.confirm(
                f"Open “{self._entry.label}” to everybody?",
                "Everybody who can reach this server sees it and all below it, also "
                "without signing in. Make sure that no names of patients are in it.",
                action="Open to everybody",
            )
            if not sure:
                self._public.setChecked(False)
                return
        thing = await self._ctx.storage.access.publish(self._entry, public=public)
        self._entry = entry_of(thing)
        self._public.setChecked(thing.public)
        self.set_note("Everybody can open it." if thing.public else "It is closed.")
        self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        self._public.setChecked(self._entry.thing.public)
        if isinstance(error, ChrislibError):
            self._say(f"{error.title} {error.hint}".strip())
            return
        self._ctx.messages.failed(error)

    def _say(self, words: str) -> None:
        self._field.set_refused(bool(words))
        self.set_note(words, kind="failed" if words else "info")
