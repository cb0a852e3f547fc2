"""How the pages of Create feed are laid out, and what stands on them."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.library.model import Item
from chrislib.views.context import ViewContext
from chrislib.views.feeds.item_list import away_words
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.elsewhere import places_of, where_words
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line


def title_page() -> tuple[QVBoxLayout, QWidget]:
    """Return the page of title and note, and where its fields go."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(24, 16, 24, 16)
    column.addStretch(1)
    return column, page


def data_page(
    theme: Theme,
    offered: tuple[QWidget, QWidget],
    *,
    head: Label,
    chosen: Sequence[QWidget],
) -> QWidget:
    """Return the page of the data: the Library, and what of it is in the feed.

    Parameters
    ----------
    offered : (QWidget, QWidget)
        The Library's items, and what brings others.
    head : Label
        Counts what is chosen.
    chosen : sequence of QWidget
        Shows it.
    """
    left = QVBoxLayout()
    left.setContentsMargins(0, 16, 0, 0)
    left.setSpacing(8)
    above = QHBoxLayout()
    above.setContentsMargins(24, 0, 24, 0)
    above.addWidget(Label(theme, "Your library", style="section"))
    left.addLayout(above)
    left.addWidget(offered[0], 1)
    left.addWidget(line())
    left.addWidget(offered[1])
    right = _column()
    right.addLayout(_head(theme, "In this feed", head))
    right.addWidget(line())
    for widget in chosen:
        right.addWidget(widget, 1)
    page = QWidget()
    row = _row(page)
    row.addLayout(left, 1)
    row.addWidget(line(vertical=True))
    row.addLayout(right, 1)
    return page


def review_page(
    theme: Theme,
    *,
    head: Label,
    change: QWidget,
    below: QWidget,
    data: Sequence[QWidget],
) -> tuple[QVBoxLayout, QWidget]:
    """Return the page of the review, and where the fields of the others go.

    Parameters
    ----------
    head : Label
        Counts the data.
    change : QWidget
        Beside it.
    below : QWidget
        Stands below the fields.
    data : sequence of QWidget
        Shows the data, the last one with all the room there is.
    """
    fields = QWidget()
    left = QVBoxLayout(fields)
    left.setContentsMargins(24, 16, 24, 16)
    left.setSpacing(8)
    left.addSpacing(12)
    left.addWidget(below)
    left.addStretch(1)
    above = _head(theme, "Data", head)
    above.addWidget(change)
    right = _column()
    right.addLayout(above)
    for widget in data:
        right.addWidget(widget, int(widget is data[-1]))
    page = QWidget()
    row = _row(page)
    # a low window, or large text, has no room for all fields
    row.addWidget(scrolled(fields), 1)
    row.addWidget(line(vertical=True))
    row.addLayout(right, 1)
    return left, page


def show_elsewhere(
    context: ViewContext,
    item_ids: Sequence[str],
    *,
    banner: Banner,
    nothing: StateView,
    leave_out: Callable[[], None],
) -> None:
    """Say what of the data is on other servers, and offer to leave it out."""
    places = places_of(context, item_ids)
    banner.setVisible(bool(places))
    if not places:
        return
    where = " and ".join(places)
    nothing.show_state(
        "layers",
        f"Nothing of this is on {context.session.host}",
        f"It is on {where}. Connect there, or choose at the left from what is here.",
    )
    it = "it" if sum(places.values()) == 1 else "them"
    banner.show_text(
        "warn",
        f"{where_words(places)}: a feed is made on one server. Leave {it} out "
        f"here, or connect there to use {it}.",
        ("Leave out", leave_out),
    )


def show_away(
    banner: Banner, items: Sequence[Item], *, retry: Callable[[], None]
) -> None:
    """Say what of the data is not here, and offer to ask for what is lost."""
    words, lost = away_words(items)
    banner.setVisible(bool(words))
    if lost:
        banner.show_text("failed", words, ("Retry", retry))
    elif words:
        banner.show_text("info", words)


def _column() -> QVBoxLayout:
    column = QVBoxLayout()
    column.setContentsMargins(0, 16, 0, 0)
    column.setSpacing(8)
    return column


def _row(page: QWidget) -> QHBoxLayout:
    row = QHBoxLayout(page)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(0)
    return row


def _head(theme: Theme, words: str, counts: Label) -> QHBoxLayout:
    head = QHBoxLayout()
    head.setContentsMargins(24, 0, 16, 0)
    head.addWidget(Label(theme, words, style="section"))
    head.addWidget(counts, 1)
    return head
