"""Draws the rows on screen anew as time passes: only those that say something else."""

from typing import TYPE_CHECKING

from chrislib.jobs.model import JobKey
from chrislib.views.jobs.arrange import HEAD
from chrislib.views.jobs.words import look_of, second_line, time_text

if TYPE_CHECKING:
    from chrislib.views.jobs.job_view import JobView


_NEW = 4
"""Rows that were just drawn for the first time and are looked at again at once."""


class RowTimes:
    """What the rows on screen said when that was last looked at.

    Drawing all of them each second would cost a frame and more, for a few minutes
    that have become one more.
    """

    def __init__(self, view: "JobView") -> None:
        self._view = view
        self._said: dict[str, object] = {}

    def update(self) -> None:
        """Have every row drawn whose words are other words by now, and the heads."""
        view = self._view
        model, viewport = view.jobs, view.viewport()
        now, width, bottom = model.now(), viewport.width(), viewport.height()
        before, self._said = self._said, {}
        row, new = view.rowAt(0), 0
        while 0 <= row < model.rowCount():
            top = view.rowViewportPosition(row)
            if top > bottom:
                break
            name = model.name_at(row)
            job = None if name.startswith(HEAD) else model.read(JobKey(name))
            if job is not None:
                words = (
                    second_line(job, stall=model.stall(job)),
                    look_of(job, now),
                    time_text(job, now, model.left),
                )
                new += name not in before
                changed = words != before.get(name)
                if name in before or new <= _NEW:
                    self._said[name] = words
                else:
                    changed = False  # its turn comes with the next look
            if job is None or changed:
                viewport.update(0, top, width, view.rowHeight(row))
            row += 1
