"""Batches in the job list: their order, words, parts of the bar, and buttons."""

from collections.abc import Mapping

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeySequence, QPainter

from chrislib.views.jobs.arrange import HEAD
from chrislib.views.jobs.verbs import Verb
from chrislib.views.models.batch_words import BatchView, counted
from chrislib.views.theme.theme import Theme

_HEAD = f"{HEAD}batch:"
SHOW = Verb("show", "Show", "Return")
PAUSE = Verb("pause", "Pause", "X")
RESUME = Verb("resume", "Resume", "R", icon="play")
CANCEL_REST = Verb("cancel-rest", "Cancel the rest", "Del")


def active(view: BatchView) -> bool:
    """Return whether something of a batch is still to be sent, or waits."""
    return view.state in {"RUNNING", "PAUSED"}


def to_send(view: BatchView) -> bool:
    """Return whether something of a batch is still to be sent."""
    return view.waiting > 0 or view.written < view.total


def rank(view: BatchView) -> float:
    """Return the place among batches: the newest first."""
    digits = view.key.replace("-", "")[:12]
    try:
        return -float(int(digits, 16))
    except ValueError:
        return 0.0


def words(view: BatchView) -> str:
    """Return how far a batch is, in words."""
    parts = counted(view, sent="sent")
    if view.state == "PAUSED" and view.detail:
        parts.insert(0, view.detail)
    return " · ".join(parts)


def state_words(view: BatchView) -> tuple[str, str]:
    """Return state key and words of a batch."""
    if view.state == "RUNNING" and not to_send(view):
        ended = view.done + view.failed
        return "running", f"All sent, {ended:,} of {view.total:,} over"
    return {
        "RUNNING": ("running", f"Sending, {view.sent:,} of {view.total:,}"),
        "PAUSED": ("queued", f"Paused at {view.sent:,} of {view.total:,}"),
        "CANCELLED": ("cancelled", "Rest cancelled"),
        "DONE": ("ready", f"All {view.total:,} sent"),
    }.get(view.state, ("queued", view.state))


def buttons(view: BatchView) -> tuple[Verb, ...]:
    """Return what can be done with a batch."""
    return (*steering(view), SHOW)


def steering(view: BatchView) -> tuple[Verb, ...]:
    """Return what holds a batch or lets it go on, nothing once all is sent."""
    if view.state == "RUNNING" and to_send(view):
        return (PAUSE, CANCEL_REST)
    if view.state == "PAUSED":
        return (RESUME, CANCEL_REST)
    return ()


def verb_of_key(
    views: Mapping[str, BatchView], row: str, key: Qt.Key
) -> tuple[str, str] | None:
    """Return verb and batch that a key means in a row, by the row's name."""
    batch = key_of(row)
    view = views.get(batch)
    key = Qt.Key.Key_Return if key == Qt.Key.Key_Enter else key
    for verb in buttons(view) if view is not None else ():
        if QKeySequence(verb.key) == QKeySequence(key):
            return verb.name, batch
    return None


def key_of(row: str) -> str:
    """Return the batch whose head a row is, by the row's name; "" for others."""
    return row.removeprefix(_HEAD) if row.startswith(_HEAD) else ""


def name_of(batch_key: str) -> str:
    """Return the name of a batch's row."""
    return f"{_HEAD}{batch_key}"


def draw_parts(
    painter: QPainter, rect: QRect, theme: Theme, *, view: BatchView
) -> None:
    """Draw a bar of 4 px: ready, failed, uncertain, sent; the rest is empty."""
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillRect(rect, theme.color("bg.pressed"))
    left = float(rect.left())
    pending = max(0, view.sent - view.done - view.failed - view.uncertain)
    for count, token in (
        (view.done, "state.ready"),
        (view.failed, "state.failed"),
        (view.uncertain, "state.errors"),
        (pending, "state.running"),
    ):
        if not count or not view.total:
            continue
        wide = rect.width() * count / view.total
        # what exists is seen, however little it is
        shown = max(2.0, wide)
        painter.fillRect(
            QRect(round(left), rect.top(), round(shown), rect.height()),
            theme.color(token),
        )
        left += wide
    painter.restore()
