"""The public switch of a feed: what it would publish is said before it is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.markdown import clean
from chrislib.feeds.sharing import Access, Published
from chrislib.library.words import count as counted
from chrislib.views.feeds.words import files_words, size_words
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import Label, plain_tooltip


def published_words(found: Published) -> list[str]:
    """Return what everybody would see, a line for each kind of thing."""
    nodes = counted(found.nodes, "node")
    if found.size is not None:
        files = files_words(found.files, found.size)
    else:
        files = f"{found.files:,} files, too many to add up their sizes"
    lines = [f"{nodes} with parameters, commands and logs"]
    lines.append(f"{files}, with names and folders" if found.files else "No files")
    if found.others:
        theirs = "1 node is" if found.others == 1 else f"{found.others:,} nodes are"
        lines.append(f"{theirs} of other people: their files come on top of that")
    said = []
    if found.note:
        said.append("the note")
    if found.comments:
        comments = found.comments
        said.append("1 comment" if comments == 1 else f"{comments:,} comments")
    if found.tags:
        said.append("1 tag" if found.tags == 1 else f"{found.tags:,} tags")
    if said:
        lines.append(", ".join(said).capitalize())
    if found.links:
        shown = ", ".join(clean(path) for path in found.links[:3])
        more = len(found.links) - 3
        rest = f" and {more} more" if more > 0 else ""
        lines.append(f"The names of what it was made from, not the data: {shown}{rest}")
    return lines


_WARNING = (
    "Names of files and folders, parameters, logs and images often hold names of "
    "patients. Everybody who reaches this server sees them, also without signing in, "
    "and may keep a copy: closing it again brings nothing back."
)


class PublicPart(QWidget):
    """A switch, what it publishes, and the button that does it.

    Signals
    -------
    asked : ()
        Somebody wants to know what would be published.
    wanted : (bool)
        It is to be public, or closed again.
    """

    asked = Signal()
    wanted = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._public = False
        self.box = QCheckBox("Open to everybody, also without signing in")
        self.box.setObjectName("share.public")
        self._warning = Banner(theme, "warn", _WARNING)
        self._warning.setObjectName("share.warning")
        self._what = Label(
            theme, style="small", token="text.primary", wrap=True, name="share.what"
        )
        self.do = button(
            theme, "Publish", kind="danger", name="share.publish", small=True
        )
        self._leave = button(
            theme, "Keep it closed", kind="quiet", name="share.keep", small=True
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.do)
        buttons.addWidget(self._leave)
        buttons.addStretch(1)
        self._ask = QWidget()
        column = QVBoxLayout(self._ask)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._what)
        column.addWidget(self._warning)
        column.addLayout(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.box)
        whole.addWidget(self._ask)
        self._ask.hide()
        self.box.clicked.connect(self._press)
        self.do.clicked.connect(lambda: self.wanted.emit(True))
        self._leave.clicked.connect(self.stop)

    def show_access(self, access: Access) -> None:
        """Show whether a feed is public, and whether this account may change that."""
        self._public = access.public
        self.box.setEnabled(access.may_change)
        only = f"Only {clean(access.owner)} may change this"
        self.box.setToolTip("" if access.may_change else plain_tooltip(only))
        self.stop()

    def stop(self) -> None:
        """Ask no more."""
        self.box.setChecked(self._public)
        self._ask.hide()

    def show_published(self, found: Published | None) -> None:
        """Say what would be published; None while that is counted."""
        if found is None:
            self._what.setText("Counting what would be published …")
        else:
            lines = "\n".join(f"•  {line}" for line in published_words(found))
            self._what.setText(f"Everybody would see:\n{lines}")
            size = "" if not found.size else f" {size_words(found.size)}"
            self.do.setText(f"Publish{size}")
        self.do.setEnabled(found is not None)
        self._warning.setVisible(found is not None)
        self._ask.show()

    def _press(self, checked: bool) -> None:
        if not checked:
            self._ask.hide()
            if self._public:
                self.wanted.emit(False)
            return
        self.show_published(None)
        self.asked.emit()
