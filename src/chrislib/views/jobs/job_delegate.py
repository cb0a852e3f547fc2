"""How the rows of the job list are drawn, and where their buttons are."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QStyle,
    QStyleOptionViewItem,
)

from chrislib.jobs.model import Job, JobKey
from chrislib.shown import one_line
from chrislib.views.jobs import batches
from chrislib.views.jobs.arrange import HEAD
from chrislib.views.jobs.job_rows import ACTIONS, STATE, TIME, TITLE
from chrislib.views.jobs.verbs import Verb, verbs_of
from chrislib.views.jobs.words import (
    FINISHED,
    GROUP_WORDS,
    GROUPS,
    KIND_ICONS,
    look_of,
    second_line,
    time_text,
)
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_glyph,
    draw_ring,
    draw_row,
    draw_state,
    draw_text,
)

if TYPE_CHECKING:
    from chrislib.views.jobs.job_view import JobView

ROW, HEAD_ROW = 48, 32
_OF_CELLS = QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_MouseOver


def place_buttons(
    theme: Theme, verbs: tuple[Verb, ...], rect: QRect, *, right: bool
) -> list[tuple[Verb, QRect]]:
    """Return where the buttons of a row are, 24 px high and 8 px apart.

    Parameters
    ----------
    right : bool
        Whether they end at the right edge of `rect`, else they begin at its left.
    """
    height = theme.px(24)
    top = rect.top() + (rect.height() - height) // 2
    widths = [button_width(theme, verb.word, icon=verb.icon) for verb in verbs]
    left = rect.left()
    if right:
        left = rect.right() + 1 - sum(widths) - 8 * (len(widths) - 1)
    places = []
    for verb, width in zip(verbs, widths, strict=True):
        places.append((verb, QRect(left, top, width, height)))
        left += width + 8
    return places


class JobDelegate(SizedDelegate):
    """Group heads 32 px, everything else 48 px; buttons are in the last column."""

    wide, high = 60, ROW

    def __init__(self, theme: Theme, view: "JobView") -> None:
        super().__init__(theme, view)
        self._view = view

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw one cell."""
        model = self._view.jobs
        row, column = index.row(), index.column()
        group, entry = model.at(row)
        if entry is None:
            self._paint_group(painter, option.rect, row, group=GROUPS[group])
            return
        name = entry[3]
        # the view knows of cells; here the whole row is hot, or has the focus
        state = option.state & ~_OF_CELLS
        if self._view.hovered_name == name:
            state |= QStyle.StateFlag.State_MouseOver
        if self._view.currentIndex().row() == row and self._view.hasFocus():
            state |= QStyle.StateFlag.State_HasFocus
        option.state = state
        draw_row(
            painter,
            option,
            self.theme,
            surface="bg.panel" if name.startswith(HEAD) else "",
            first=column == TITLE,
            last=column == ACTIONS,
        )
        if name.startswith(HEAD):
            self._paint_head(painter, option.rect, row, name=name, column=column)
            return
        job = model.read(JobKey(name))
        if job is not None:
            self._paint_job(painter, option.rect, job, column=column)

    def buttons(self, job: Job, rect: QRect) -> list[tuple[Verb, QRect]]:
        """Return the buttons of a job in the rectangle of its last cell."""
        return self._placed(verbs_of(job), rect)

    def batch_buttons(self, name: str, rect: QRect) -> list[tuple[Verb, QRect]]:
        """Return the buttons of a batch's row in the rectangle of its last cell."""
        view = self._view.jobs.batches.get(name.removeprefix(f"{HEAD}batch:"))
        return self._placed(batches.buttons(view) if view is not None else (), rect)

    def head_link(self, rect: QRect) -> tuple[str, QRect]:
        """Return words and place of "Get all ready", or nothing."""
        count = self._view.jobs.ready_count
        if count < 2:
            return "", QRect()
        words = f"Get all ready ({count:,})"
        width = button_width(self.theme, words)
        return words, QRect(rect.right() - width - 6, rect.top() + 4, width, 24)

    def _placed(self, verbs: tuple[Verb, ...], rect: QRect) -> list[tuple[Verb, QRect]]:
        room = rect.adjusted(0, 0, -16, -1)
        return place_buttons(self.theme, verbs, room, right=True)

    def _paint_job(
        self, painter: QPainter, rect: QRect, job: Job, *, column: int
    ) -> None:
        theme, model = self.theme, self._view.jobs
        now = model.now()
        if column == TITLE:
            below = second_line(job, stall=model.stall(job))
            self._paint_lines(painter, rect, one_line(job.title), below=below)
            spot = QPoint(rect.left() + 16, rect.top() + (rect.height() - 16) // 2)
            draw_glyph(painter, spot, theme, icon=KIND_ICONS[job.kind], size=16)
        elif column == STATE:
            look = look_of(job, now)
            draw_state(
                painter,
                rect.adjusted(0, 0, -8, -1),
                theme,
                look.key,
                look.text,
                done=look.done,
                total=look.total if not job.phase.terminal else 0,
                grey=look.grey,
            )
        elif column == TIME:
            draw_text(
                painter,
                rect.adjusted(0, 0, -8, -1),
                theme,
                text=time_text(job, now, model.left),
                style="small",
                token="text.secondary",
                align=Qt.AlignmentFlag.AlignRight,
            )
        else:
            self._paint_buttons(painter, self.buttons(job, rect))

    def _paint_buttons(
        self, painter: QPainter, places: list[tuple[Verb, QRect]]
    ) -> None:
        for verb, box in places:
            draw_button(
                painter,
                box,
                self.theme,
                text=verb.word,
                kind=verb.kind,
                icon=verb.icon,
                hovered=box.contains(self._view.pointer),
            )

    def _paint_lines(
        self, painter: QPainter, rect: QRect, text: str, *, below: str, left: int = 44
    ) -> None:
        theme = self.theme
        width = rect.width() - left - 16
        x = rect.left() + left
        half = theme.px(20)
        top = rect.top() + (rect.height() - 1 - half - theme.px(17)) // 2
        if not below:
            top = rect.top() + (rect.height() - half) // 2
        draw_text(painter, QRect(x, top, width, half), theme, text=text)
        if below:
            draw_text(
                painter,
                QRect(x, top + half, width, theme.px(17)),
                theme,
                text=below,
                style="caption",
                token="text.secondary",
            )

    def _paint_head(
        self, painter: QPainter, rect: QRect, row: int, *, name: str, column: int
    ) -> None:
        """Draw the row of a feed or batch."""
        theme, model = self.theme, self._view.jobs
        sort, _, which = name.removeprefix(HEAD).partition(":")
        view = model.batches.get(which) if sort == "batch" else None
        if column == TITLE:
            middle = rect.top() + rect.height() // 2
            if model.has_jobs(row):
                arrow = "chevron-down" if model.is_open(row) else "chevron-right"
                at = QPoint(rect.left() + 18, middle - 6)
                draw_glyph(painter, at, theme, icon=arrow, size=12)
            icon = "workflow" if sort == "feed" else "layers"
            at = QPoint(rect.left() + 44, middle - 8)
            draw_glyph(painter, at, theme, icon=icon, size=16)
            title, below = model.head_words(name)
            self._paint_lines(painter, rect, title, below=below, left=70)
        elif column == STATE and view is not None:
            key, words = batches.state_words(view)
            line = rect.adjusted(0, 0, -8, -9)
            draw_state(painter, line, theme, key, words)
            bar = QRect(rect.left(), rect.bottom() - 13, rect.width() - 8, 4)
            batches.draw_parts(painter, bar, theme, view=view)
        elif column == STATE and sort == "feed":
            nodes, ended = model.feed_progress(int(which))
            if ended < nodes:
                draw_state(
                    painter,
                    rect.adjusted(0, 0, -8, -1),
                    theme,
                    "running",
                    f"{ended:,} of {nodes:,} nodes",
                    done=ended,
                    total=nodes,
                )
        elif column == ACTIONS and view is not None:
            self._paint_buttons(painter, self.batch_buttons(name, rect))

    def _paint_group(
        self, painter: QPainter, rect: QRect, row: int, *, group: str
    ) -> None:
        """Draw one cell's part of a group's head, which goes over the whole row."""
        theme, model = self.theme, self._view.jobs
        painter.save()
        painter.setClipRect(rect)
        whole = QRect(0, rect.top(), self._view.viewport().width(), rect.height())
        painter.fillRect(whole, theme.color("bg.panel"))
        hair = QRect(0, whole.bottom(), whole.width(), 1)
        painter.fillRect(hair, theme.color("border.subtle"))
        spot = QPoint(16, whole.top() + (whole.height() - 12) // 2)
        arrow = "chevron-down" if model.is_open(row) else "chevron-right"
        draw_glyph(painter, spot, theme, icon=arrow, size=12)
        words = QRect(36, whole.top(), whole.width() - 280, whole.height())
        wide = draw_text(
            painter, words, theme, text=GROUP_WORDS[group], style="small-strong"
        )
        words.setLeft(36 + wide + 8)
        count = f"{model.count_of(group):,}"
        token = "text.muted"
        draw_text(painter, words, theme, text=count, style="small", token=token)
        link, place = self.head_link(whole) if group == FINISHED else ("", QRect())
        if link:
            hovered = place.contains(self._view.pointer)
            draw_button(painter, place, theme, text=link, kind="quiet", hovered=hovered)
        else:
            draw_text(
                painter,
                QRect(whole.right() - 340, whole.top(), 324, whole.height()),
                theme,
                text=model.group_note(group),
                style="caption",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
        if self._view.hasFocus() and self._view.currentIndex().row() == row:
            draw_ring(painter, whole, theme)
        painter.restore()
