"""The menus of the job list's rows: every verb of their buttons, with its key."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from chrislib.jobs.model import Job
from chrislib.views.jobs import batches
from chrislib.views.jobs.bulk import offers
from chrislib.views.jobs.verbs import more_verbs_of, verbs_of

if TYPE_CHECKING:
    from chrislib.views.jobs.job_view import JobView


def menu_for(view: "JobView", job: Job) -> QMenu:
    """Return the menu of a job, or of all that are highlighted with it."""
    menu = _empty(view)
    many = view.selected_jobs()
    if len(many) > 1 and any(one.key == job.key for one in many):
        _fill_for_many(view, menu, many)
    else:
        _fill(view, menu, job)
    menu.addSeparator()
    menu.addAction("Copy\tCtrl+C").triggered.connect(view.copy)
    return menu


def menu_for_batch(view: "JobView", batch_key: str) -> QMenu:
    """Return the menu of a batch's row."""
    menu = _empty(view)
    found = view.jobs.batches.get(batch_key)
    for verb in batches.buttons(found) if found is not None else ():
        action = menu.addAction(f"{verb.word}\t{verb.key}")
        action.triggered.connect(
            lambda _on=False, name=verb.name: view.batch_asked.emit(name, batch_key)
        )
    menu.addAction("By subject …").triggered.connect(
        lambda: view.batch_asked.emit("subjects", batch_key)
    )
    return menu


def _empty(view: "JobView") -> QMenu:
    menu = QMenu(view)
    menu.setObjectName("jobs.menu")
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def _fill(view: "JobView", menu: QMenu, job: Job) -> None:
    for verb in verbs_of(job):
        action = menu.addAction(f"{verb.word}\t{verb.key}")
        action.triggered.connect(
            lambda _on=False, name=verb.name: view.asked.emit(name, job)
        )
    action = menu.addAction("Mark as read or unread\tM")
    action.triggered.connect(lambda: view.asked.emit("seen", job))
    menu.addSeparator()
    for verb in more_verbs_of(job):
        action = menu.addAction(verb.word)
        action.triggered.connect(
            lambda _on=False, name=verb.name: view.asked.emit(name, job)
        )


def _fill_for_many(view: "JobView", menu: QMenu, jobs: Sequence[Job]) -> None:
    for offer in offers(jobs):
        action = menu.addAction(f"{offer.words}\t{offer.key}")
        action.triggered.connect(
            lambda _on=False, name=offer.name: view.many_asked.emit(name, list(jobs))
        )
