"""Invented rows for the pictures; nobody real."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QScrollArea, QWidget

from chrislib.accounts.session import ConnectionState
from chrislib.desktop.ways import Where
from chrislib.errors import ChrislibError
from chrislib.jobs.extensions import Broken
from chrislib.jobs.history.estimate import Sort
from chrislib.jobs.history.past import Happening, Past
from chrislib.jobs.model import (
    FailedFile,
    InboxRow,
    Job,
    JobKey,
    Kind,
    Phase,
    Progress,
    PullIntent,
    Reach,
    ResultState,
    RunIntent,
    UploadIntent,
)
from chrislib.jobs.outputs.fingerprint import Comparison, Difference
from chrislib.jobs.polling.answer_times import AnswerLook
from chrislib.jobs.polling.health import HealthRow
from chrislib.jobs.polling.overview import AccountLook
from chrislib.jobs.serving.settings import Option, ServiceOffer
from chrislib.jobs.submission.reconcile import Choice
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.views.context import ViewContext
from chrislib.views.navigation import ShowInbox, ShowJobs
from chrislib.views.shell.main_window import MainWindow
from chrislib.views.shell.panes import PaneFactories
from chrislib.views.widgets.state_view import StateView
from tests.gui.job_fakes import FakeBatch
from tests.gui.jobs.many import many_jobs, many_outcomes

NOW = 1_795_300_000.0


class EmptyPane(StateView):
    """Stands where a pane of another module would be."""

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__(
            ctx.theme, "images", "Your library is empty", "Bring something in."
        )

    def show_section(self, section: str, payload: object = None) -> None: ...

    def show_feed(self, feed_id: int | None, node_id: int | None = None) -> None: ...

    def show_started(self, batch_key: str) -> None: ...

    def new_feed(
        self, item_ids: tuple[str, ...], *, many: bool = False, recipe: object = None
    ) -> None: ...

    def show_job(self, job_key: str | None, batch_key: str = "") -> None: ...

    def show_content(self, content: object) -> None: ...


def run(plugin: str, version: str, title: str = "") -> RunIntent:
    return RunIntent(1, plugin, version, "ds", {}, previous_id=3, title=title)


def pull(title: str) -> PullIntent:
    return PullIntent("Main PACS", "1.2", "1.2.3", 192, title, "item")


def job(key: str, kind: Kind, phase: Phase, intent: Any, **more: Any) -> Job:
    return Job(
        JobKey(key),
        kind,
        phase,
        intent,
        more.pop("title", ""),
        created_at=more.pop("created_at", NOW - 900),
        changed_at=NOW - 60,
        checked_at=NOW - 12,
        **more,
    )


def jobs() -> list[Job]:
    run_, pull_, upload_ = Kind.RUN, Kind.PULL, Kind.UPLOAD
    return [
        job(
            "a",
            run_,
            Phase.FAILED,
            run("pl-mri_deface", "1.1"),
            title="pl-mri_deface 1.1 · Chiari pilot",
            detail="Out of memory: it asked for 8 GB. Its inputs are safe.",
            feed_id=12,
            remote_id=34,
            terminal_at=NOW - 300,
            error_code="CODE12",
        ),
        job(
            "b",
            pull_,
            Phase.FAILED,
            pull("AX DTI 64 DIR b1000"),
            title="AX DTI 64 DIR b1000",
            detail="The PACS closed the connection. 1,907 of 4,290 images are safe.",
            progress=Progress(1907, 4290, "images"),
            terminal_at=NOW - 600,
        ),
        job(
            "c",
            run_,
            Phase.FINISHED_WITH_ERRORS,
            run("pl-leg_length", "2.0.3"),
            title="pl-leg_length 2.0.3 · Leg length",
            detail="17 of 18 subjects measured. 1 could not be read.",
            feed_id=13,
            remote_id=40,
            result=ResultState.READY,
            terminal_at=NOW - 2400,
        ),
        job(
            "d",
            pull_,
            Phase.RUNNING,
            pull("AX T2 FSE"),
            title="AX T2 FSE",
            progress=Progress(132, 192, "images"),
        ),
        job(
            "e",
            run_,
            Phase.RUNNING,
            run("pl-fastsurfer", "1.3.8"),
            title="pl-fastsurfer 1.3.8 · Chiari pilot",
            detail="slurm-gpu",
            feed_id=12,
            remote_id=36,
            created_at=NOW - 1560,
        ),
        job(
            "f",
            run_,
            Phase.REGISTERING,
            run("pl-ants_reg", "2.3.1"),
            title="pl-ants_reg 2.3.1 · Chiari pilot",
            detail="The computation is over; its files are being listed",
            feed_id=12,
            remote_id=37,
        ),
        job(
            "g",
            upload_,
            Phase.REGISTERING,
            UploadIntent("home/alex/uploads/sub-07", (), "sub-07"),
            title="sub-07 · 412 files",
            progress=Progress(412, 412, "files"),
            failed_files=(FailedFile("a/b.dcm", "not readable"),),
        ),
        job(
            "h",
            run_,
            Phase.STAGING_IN,
            run("pl-dcm2niix", "1.0.1"),
            title="pl-dcm2niix 1.0.1 · Fetal MR",
            feed_id=14,
            remote_id=50,
        ),
        job(
            "i",
            run_,
            Phase.WAITING,
            run("pl-fs_stats", "1.2.0"),
            title="pl-fs_stats 1.2.0 · Chiari pilot",
            detail="Waits for pl-fastsurfer 1.3.8",
            feed_id=12,
            remote_id=38,
        ),
        job(
            "j",
            run_,
            Phase.FINISHED,
            run("pl-covidnet", "0.3.2"),
            title="pl-covidnet 0.3.2 · COVID-Net, chest PA",
            detail="6 files · 2.4 MB",
            feed_id=15,
            remote_id=60,
            result=ResultState.READY,
            terminal_at=NOW - 8000,
        ),
        job(
            "k",
            pull_,
            Phase.FINISHED,
            pull("SAG T1 MPRAGE"),
            title="SAG T1 MPRAGE",
            progress=Progress(192, 192, "images"),
            terminal_at=NOW - 9000,
        ),
        job(
            "l",
            run_,
            Phase.CANCELLED,
            run("pl-bids_pack", "0.9"),
            title="pl-bids_pack 0.9 · Spine CT crop",
            detail="Cancelled by alex",
            feed_id=16,
            remote_id=70,
            terminal_at=NOW - 90000,
        ),
    ]


def inbox() -> list[InboxRow]:
    def row(key: str, kind: str, title: str, text: str, **more: Any) -> InboxRow:
        return InboxRow(
            key,
            kind,
            more.pop("job", None),
            more.pop("feed", 12),
            34,
            title,
            text,
            NOW - more.pop("ago", 300),
            more.pop("seen", None),
            None,
        )

    return [
        row(
            "1",
            "FAILED",
            "pl-mri_deface 1.1",
            "Out of memory. 1 node after it was stopped.",
            job=JobKey("a"),
        ),
        row(
            "2",
            "FAILED",
            "AX DTI 64 DIR b1000, a long name of a series that gives way",
            "The PACS closed the connection.",
            job=JobKey("b"),
            ago=600,
        ),
        row(
            "3",
            "ERRORS",
            "pl-leg_length 2.0.3",
            "17 of 18 subjects. One radiograph could not be read.",
            job=JobKey("c"),
            ago=2400,
        ),
        row(
            "4",
            "READY",
            "pl-covidnet 0.3.2",
            "6 files, 2.4 MB.",
            job=JobKey("j"),
            ago=8000,
            seen=NOW - 7000,
        ),
    ]


def items() -> list[Item]:
    return [
        Item(
            ItemId("1"),
            Source.PACS,
            "SAG T1 MPRAGE",
            ItemState.READY,
            patient_id="1",
            patient_name="Doe^Jonathan",
            series_uid="1.2.3",
            images=192,
            size=51_000_000,
        ),
        Item(
            ItemId("2"),
            Source.PACS,
            "AX T2 FLAIR FS",
            ItemState.ON_THE_WAY,
            patient_id="1",
            patient_name="Doe^Jonathan",
            series_uid="1.2.4",
            images=48,
            received=12,
            size=24_000_000,
        ),
        Item(
            ItemId("3"),
            Source.REFERENCE,
            "MNI152 T1 1 mm",
            ItemState.READY,
            images=1,
            size=1_600_000,
        ),
        Item(
            ItemId("4"),
            Source.UPLOAD,
            "sub-07 anat",
            ItemState.REGISTERING,
            images=412,
            size=218_000_000,
        ),
    ]


def fill(fakes: Any) -> None:
    """Put the samples into the fakes."""
    fakes.now = NOW
    fakes.jobs.checked_at = NOW - 12
    for one in jobs():
        fakes.jobs.rows[one.key] = one
    fakes.jobs.inbox_rows = inbox()
    fakes.library.hold(*items())
    fakes.library.tray.add(*[ItemId(str(n)) for n in range(1, 5)])


def window(ctx: ViewContext) -> MainWindow:
    """Return the window with the panes that belong to the shell."""
    return MainWindow(ctx, factories())


def factories() -> PaneFactories:
    """Return real panes of the shell, and stand-ins for the others."""
    try:
        from chrislib.views.jobs.inbox_pane import InboxPane
        from chrislib.views.jobs.jobs_pane import JobsPane
    except ImportError:
        JobsPane = InboxPane = EmptyPane  # type: ignore[misc, assignment]

    def empty(ctx: ViewContext) -> QWidget:
        return EmptyPane(ctx)

    return PaneFactories(
        library=empty, feeds=empty, jobs=JobsPane, inbox=InboxPane, viewer=empty
    )


def _nothing(win: MainWindow, fakes: Any, ctx: ViewContext) -> None: ...


def _jobs(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.shell.go(ShowJobs("a"))


def _inbox(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.shell.go(ShowInbox())


def _toasts(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    ctx.messages.success(
        "Feed 812: run finished",
        "64 files are ready to open.",
        action=("Show", lambda: None),
    )
    ctx.messages.error(
        "The PACS closed the connection.",
        "1,907 of 4,290 images are safe.",
        hint="Try again to bring the rest.",
        technical="status: 502",
    )
    fakes.session.become(ConnectionState.UNREACHABLE)
    win.shell.toggle("tray")


def _sign_in(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.shell.show_sheet("sign-in")
    from chrislib.views.dialogs.sign_in import SignInSheet

    sheet = win.findChild(SignInSheet)
    assert sheet is not None
    sheet.next_button.click()


def _settings(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.shell.show_sheet("settings")


def _notices(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    from chrislib.catalog.inbox import Mute
    from chrislib.jobs.notices.policy import Policy, Quiet
    from chrislib.views.dialogs.settings import SettingsSheet

    fakes.jobs.notices.policies[1] = replace(
        Policy().with_preset("problems"),
        quiet=Quiet(on=True),
        snooze_until=NOW + 3600,
    )
    fakes.jobs.notices.muted = [Mute(1, "feed", "12", None)]
    fakes.jobs.notices.shown_where = Where.NOWHERE
    win.shell.show_sheet("settings")
    sheet = win.findChild(SettingsSheet)
    assert sheet is not None
    sheet.show_section("notices")


def _notices_end(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    _notices(win, fakes, ctx)
    page = win.findChild(QScrollArea, "settings.notices")
    assert isinstance(page, QScrollArea)
    QTimer.singleShot(
        200,
        lambda: page.verticalScrollBar().setValue(page.verticalScrollBar().maximum()),
    )


def _keys(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.shell.show_sheet("keys")


def _palette(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.shell.show_palette()


def _small(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.resize(1200, 760)


def _jobs_small(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.resize(1200, 760)
    win.shell.go(ShowJobs())


def _jobs_large(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    ctx.theme.choose(text_size=1.3)
    win.shell.go(ShowInbox())


def _empty(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    fakes.library.tray.clear()
    fakes.jobs.rows.clear()
    fakes.jobs.put_inbox()
    win.shell.go(ShowInbox())


def _pane(win: MainWindow) -> Any:
    from chrislib.views.jobs.jobs_pane import JobsPane

    win.shell.go(ShowJobs())
    pane = win.findChild(JobsPane)
    assert pane is not None
    return pane


def _looks(fakes: Any, reach: Reach = Reach.FRESH) -> None:
    fakes.jobs.looks = (
        AccountLook(1, "chris.example.org", "alex", True, reach, NOW - 400, 15.0),
        AccountLook(
            2,
            "lab.example.net",
            "alex",
            False,
            Reach.AUTH_REQUIRED,
            NOW - 90_000,
            15.0,
            0.0,
            "The server ended the sign-in.",
        ),
    )


def _jobs_stale(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    _looks(fakes, Reach.STALE)
    for key, job in list(fakes.jobs.rows.items()):
        if not job.phase.terminal:
            fakes.jobs.rows[key] = replace(job, reach=Reach.STALE, checked_at=NOW - 400)
    fakes.jobs.checked_at = NOW - 400
    _pane(win)
    win.shell._status._show_stale()


def _jobs_many(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    pane = _pane(win)
    pane.view.selectAll()


def _busy(fakes: Any) -> None:
    jobs = {job.key: job for job in many_jobs(400, NOW)}
    fakes.jobs.rows = jobs
    fakes.jobs.inbox_rows = many_outcomes(list(jobs.values()), NOW)
    key = "01970000-0000-7000-8000-0000000000b1"
    fakes.jobs.batches.put(
        FakeBatch(
            key, "Volumes, children on 10,000", "RUNNING", 10_000, 3217, 2800, 40, 3
        )
    )


def _jobs_feed(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    _busy(fakes)
    pane = _pane(win)
    pane.head.choose_group("feed")
    pane.refresh()
    pane.head.wanted_changed.emit()


def _jobs_batch(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    _busy(fakes)
    pane = _pane(win)
    pane.head.choose_group("batch")
    pane.refresh()
    pane.head.wanted_changed.emit()


def _jobs_history(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    steps = ("DRAFT", "SUBMITTING", "SUBMITTED", "WAITING", "RUNNING", "FAILED")
    events, left = [], None
    for number, step in enumerate(steps):
        phase = Phase(step)
        source = "user" if number == 0 else "active"
        kind = "created" if number == 0 else "observed"
        at = NOW - 900 + number * 130
        events.append(Happening(kind, left, phase, source, at))
        left = phase
    fakes.jobs.history.pasts[JobKey("a")] = Past(tuple(events), "line 1\nline 2")
    win.shell.go(ShowJobs("a"))
    from chrislib.views.jobs.detail import JobDetail

    detail = win.findChild(JobDetail)
    assert detail is not None
    detail.show_page("history")


def _health(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    _looks(fakes)
    fakes.jobs.looks = (
        replace(fakes.jobs.looks[0], checked_at=NOW - 12),
        fakes.jobs.looks[1],
    )
    parts = tuple(
        None if 20 < n < 26 else 0.15 + 0.05 * (n % 4) + (1.4 if n == 41 else 0.0)
        for n in range(60)
    )
    ids = [look.account_id for look in fakes.jobs.looks]
    fakes.jobs.answered = {ids[0]: AnswerLook(512, 0.21, 1.9, parts)}
    fakes.jobs.service_settings.found = (
        ServiceOffer("textworks", "https://text.example.org", "alex", lists=True),
        ServiceOffer("opal", works=False),
    )
    fakes.jobs.health.found = (
        HealthRow(
            "sink", "Desktop", None, "waiting", "No notification service.", 2, NOW - 60
        ),
    )
    fakes.jobs.extensions.broken = (
        Broken("opal", "chrislib.jobs.backends", "It needs a library that is missing."),
    )
    fakes.jobs.durations.rows = [
        (
            Sort("pl-dcm2niix", "1.0.1", ""),
            {"RUNNING": (65.0, 200), "REGISTERING": (12.0, 180)},
        ),
        (
            Sort("pl-fastsurfer", "1.3.8", "slurm-gpu"),
            {"RUNNING": (2340.0, 61), "REGISTERING": (130.0, 60)},
        ),
        (Sort("pl-leg_length", "2.0.3", ""), {"RUNNING": (75.0, 3)}),
    ]
    win.shell.show_sheet("health")


def _track(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    win.shell.show_sheet("track")
    from chrislib.views.jobs.track_sheet import TrackSheet

    sheet = win.findChild(TrackSheet)
    assert sheet is not None
    sheet.field.setText("https://example.org/news/")
    fakes.jobs.adoption.refuse = ChrislibError(
        "This is not the address of a run.",
        "Nothing was changed.",
        hint="Copy the address of a node in the feed.",
    )
    sheet.next_button.click()


def _which(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    from chrislib.views.jobs.which_sheet import WhichSheet

    choices = [
        Choice(34, 812, "", "started", "2026-11-22T08:00:00+00:00"),
        Choice(35, 812, "second try", "scheduled", "2026-11-22T08:00:04+00:00"),
    ]
    job = fakes.jobs.rows[JobKey("a")]
    WhichSheet(win, ctx, job=job, choices=choices).open()


def _changed(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    from chrislib.views.jobs.changed_sheet import ChangedSheet

    found = Comparison(
        True,
        (
            Difference("parameter", "threads", "8", "16"),
            Difference("input file", "T1.nii.gz", "31 MB", ""),
        ),
        True,
    )
    job = fakes.jobs.rows[JobKey("a")]
    ChangedSheet(win, ctx, job=job, found=found).open()


def _purge(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    from chrislib.views.dialogs.confirm import ConfirmSheet

    ConfirmSheet(
        win,
        ctx.theme,
        "Remove 3 nodes from the server?",
        "Their files are deleted on the server and cannot be brought back. 1 of them "
        "runs now and is stopped. What was downloaded stays on this computer.",
        action="Remove 3 nodes",
        danger=True,
    ).open()


def _service(win: MainWindow, fakes: Any, ctx: ViewContext) -> None:
    from chrislib.views.dialogs.services import ServiceSheet

    options = (
        Option("url", "Address", "https://text.example.org"),
        Option("user", "User name", "alex"),
    )
    ServiceSheet(win, ctx, name="textworks", options=options).open()


PICTURES = {
    "shell-small": _small,
    "jobs-small": _jobs_small,
    "jobs-empty": _empty,
    "jobs-stale": _jobs_stale,
    "jobs-many": _jobs_many,
    "jobs-feed": _jobs_feed,
    "jobs-batch": _jobs_batch,
    "jobs-history": _jobs_history,
    "health": _health,
    "track": _track,
    "which": _which,
    "changed": _changed,
    "purge": _purge,
    "service": _service,
    "shell": _nothing,
    "jobs": _jobs,
    "inbox": _inbox,
    "toasts": _toasts,
    "sign-in": _sign_in,
    "settings": _settings,
    "notices": _notices,
    "notices-end": _notices_end,
    "keys": _keys,
    "palette": _palette,
    "jobs-large": _jobs_large,
}
