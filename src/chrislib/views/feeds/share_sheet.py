"""The sheet of access: who may open a feed, given and taken back; the public switch."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.feeds.markdown import clean
from chrislib.feeds.outcome import Outcome
from chrislib.feeds.sharing import Access, Grant, Published
from chrislib.views.context import ViewContext
from chrislib.views.feeds.share_public import PublicPart
from chrislib.views.widgets.access_rows import AccessRows, Row
from chrislib.views.widgets.buttons import Field, Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line

_GIVES = (
    "Whoever it is shared with may look at everything in it, add nodes, rename it "
    "and delete it. It also opens the data it was made from, where that is yours."
)


class ShareSheet(Sheet):
    """Access to one feed or to many; each change is sent at once and told.

    Signals
    -------
    changed : (object)
        Tuple of the feeds that are open to others now.
    """

    changed = Signal(object)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        feed_ids: Sequence[int],
        title: str = "",
    ) -> None:
        self._feeds = tuple(feed_ids)
        one = len(self._feeds) == 1
        subtitle = f"{clean(title)}, feed {self._feeds[0]}" if one and title else ""
        super().__init__(
            window,
            context.theme,
            "Share feed" if one else f"Share {len(self._feeds):,} feeds",
            subtitle,
            width=680,
            height=720 if one else 320,
        )
        self.setObjectName("share")
        self._context = context
        self._tasks = self.own(context.tasks("feeds share"))
        theme = context.theme
        self._kind = Segments(
            theme, [("user", "Person", ""), ("group", "Group", "")], name="share.kind"
        )
        self.name = Field(theme, "User name", name="share.name", label="User name")
        self.group = combo("share.group", "Group")
        self.group.hide()
        self.add = button(theme, "Share", name="share.add")
        self.rows = AccessRows(theme, name="share")
        self.public = PublicPart(theme)
        self._who = Label(theme, "Who may open it", style="small-strong")
        self._gives = Label(
            theme, _GIVES, style="small", token="text.secondary", wrap=True
        )
        self._only = Label(
            theme, style="small", token="text.secondary", wrap=True, name="share.only"
        )
        self._only.hide()
        self._fill(one)
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)
        self._kind.chosen.connect(self._turn)
        self.add.clicked.connect(self._share)
        self.name.returnPressed.connect(self._share)
        self.rows.revoke.connect(self._revoke)
        self.public.asked.connect(self._count)
        self.public.wanted.connect(self._publish)
        self._tasks.start(
            context.feeds.sharing.groups(), name="groups", done=self._show_groups
        )
        if one:
            self.load()

    def load(self) -> None:
        """Read who may open it (network)."""
        self._tasks.start(
            self._context.feeds.sharing.access(self._feeds[0]),
            name="access",
            done=self._show,
            failed=self._failed,
        )

    # -- inside ------------------------------------------------------------------

    def _fill(self, one: bool) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        self._adding = QWidget()
        adding = QHBoxLayout(self._adding)
        adding.setContentsMargins(0, 0, 0, 0)
        adding.setSpacing(8)
        adding.addWidget(self._kind)
        adding.addWidget(self.name, 1)
        adding.addWidget(self.group, 1)
        adding.addWidget(self.add)
        column.addWidget(self._adding)
        column.addWidget(self._gives)
        column.addWidget(self._only)
        if one:
            column.addWidget(self._who)
            column.addWidget(self.rows, 1)
            column.addWidget(line())
            column.addWidget(self.public)
        else:
            column.addStretch(1)
        for piece in (self._who, self.rows, self.public):
            piece.setVisible(one)
        self.body.addWidget(page)

    def _turn(self, kind: str) -> None:
        self.name.setVisible(kind == "user")
        self.group.setVisible(kind == "group")
        field = self.group if kind == "group" else self.name
        field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_groups(self, names: Sequence[str]) -> None:
        self.group.clear()
        for name in names:
            self.group.addItem(clean(name), name)

    def _show(self, access: Access) -> None:
        rows: list[Row] = [(clean(access.owner), "Owns it", None)]
        for grant in access.grants or ():
            words = "Group · may change it" if grant.is_group else "May change it"
            key = grant if access.may_change else None
            rows.append((clean(grant.name), words, key))
        if access.public:
            rows.append(("Everybody", "May look at it", None))
        self.rows.show_rows(rows)
        self._adding.setVisible(access.may_change)
        self._gives.setVisible(access.may_change)
        self._only.setVisible(not access.may_change)
        owner = clean(access.owner)
        told = (
            ""
            if access.grants is not None
            else " Who else has it is told to those it is shared with."
        )
        self._only.setText(
            f"Only {owner}, who owns this feed, shares it, takes it back or makes it "
            f"public.{told}"
        )
        self.public.show_access(access)

    # -- sharing -----------------------------------------------------------------

    def _share(self) -> None:
        is_group = self._kind.current == "group"
        name = self.name.text()
        if is_group:
            name = str(self.group.currentData() or "")
        self.add.setEnabled(False)
        sharing = self._context.feeds.sharing
        if len(self._feeds) == 1:
            self._tasks.start(
                sharing.share(self._feeds[0], name, is_group=is_group),
                name="share",
                done=self._shared,
                failed=self._refused,
            )
            return
        self._tasks.start(
            sharing.share_many(
                self._feeds, name, is_group=is_group, progress=self._progress
            ),
            name="share many",
            done=lambda outcome: self._shared_many(outcome, name.strip()),
            failed=self._refused,
        )

    def _progress(self, done: int, whole: int) -> None:
        if done < whole:
            self.set_note(f"{done:,} of {whole:,} feeds")

    def _shared(self, grant: Grant) -> None:
        self._ready()
        self.set_note(f"{clean(grant.name)} can open it now.")
        self.changed.emit(self._feeds)
        self.load()

    def _shared_many(self, outcome: Outcome, name: str) -> None:
        self.add.setEnabled(True)
        if outcome.done:
            self.changed.emit(outcome.done)
        count, whole = len(outcome.done), len(self._feeds)
        if not outcome.failed:
            self._ready()
            self.set_note(f"{clean(name)} can open all {whole:,} now.")
            return
        first = next(iter(outcome.failed.values()))
        words = f"{first.title} {first.hint}".strip()
        if count:
            words = f"{count:,} of {whole:,} are shared. The others: {words}"
        self.name.set_refused(not count)
        self.set_note(words, kind="failed")

    def _ready(self) -> None:
        self.add.setEnabled(True)
        self.name.clear()
        self.name.set_refused(False)

    def _revoke(self, grant: Grant) -> None:
        def revoked(_none: None) -> None:
            self.set_note(
                f"{clean(grant.name)} cannot open it any more. Share gives it back."
            )
            self._offer(grant)
            self.changed.emit(self._feeds)
            self.load()

        self._tasks.start(
            self._context.feeds.sharing.revoke(grant),
            name="revoke",
            done=revoked,
            failed=self._failed,
        )

    def _offer(self, grant: Grant) -> None:
        """Put a name back where it was shared, for who pressed too fast."""
        kind = "group" if grant.is_group else "user"
        self._kind.choose(kind)
        self._turn(kind)
        if grant.is_group:
            self.group.setCurrentIndex(max(0, self.group.findData(grant.name)))
        else:
            self.name.setText(grant.name)

    # -- public ------------------------------------------------------------------

    def _count(self) -> None:
        def counted(found: Published) -> None:
            self.public.show_published(found)

        self._tasks.start(
            self._context.feeds.sharing.publishes(self._feeds[0]),
            name="publishes",
            done=counted,
            failed=self._not_published,
        )

    def _publish(self, public: bool) -> None:
        def published(_none: None) -> None:
            self.set_note(
                "Everybody can open it now." if public else "It is closed again."
            )
            self.changed.emit(self._feeds)
            self.load()

        self._tasks.start(
            self._context.feeds.sharing.set_public(self._feeds[0], public),
            name="publish",
            done=published,
            failed=self._not_published,
        )

    def _not_published(self, error: BaseException) -> None:
        self.public.stop()
        self._failed(error)

    def _refused(self, error: BaseException) -> None:
        self.add.setEnabled(True)
        self.name.set_refused(True)
        self._failed(error)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, ChrislibError):
            self._context.messages.failed(error)
            return
        self.set_note(f"{error.title} {error.hint}".strip(), kind="failed")
