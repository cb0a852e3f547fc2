"""The de-identification panel beside a scan: project, options, before and after."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.deidentify.blackout import Area
from chrislib.dicom.deidentify.files import Preview
from chrislib.dicom.deidentify.profile import USUAL, WORDINGS, Option, Profile
from chrislib.library.deidentify.model import Choice, Project, TextWarning
from chrislib.library.model import LocalScan, LocalSeries
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.library.blackout_sheet import BlackoutSheet
from chrislib.views.library.deidentify_parts import BeforeAfter, TextsInPictures
from chrislib.views.library.project_box import ProjectBox
from chrislib.views.library.tags_sheet import TagsSheet
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.text import Label, line

WIDTH, NARROW = 352, 304


class DeidentifyPanel(QWidget):
    """How what is ticked is changed before it is sent.

    Signals
    -------
    changed
        Something about the choice is another.
    left_out : list of int
        Series (places in the scan) that are to be unticked.
    """

    changed = Signal()
    left_out = Signal(list)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._service = ctx.library.deidentification
        self._tasks = ctx.tasks("de-identification")
        self._looks = ctx.tasks("de-identification preview")
        self._scan: LocalScan | None = None
        self._series: int | None = None
        self._warnings: tuple[TextWarning, ...] | None = None
        self._ticked: frozenset[int] = frozenset()
        self._options: dict[Option, QCheckBox] = {}
        self.setObjectName("deidentify")
        self.setAccessibleName("De-identification")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(ctx.theme.px(WIDTH))
        self._black: dict[int, tuple[Area, ...]] = {}
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(150)
        self._later.timeout.connect(self._preview)
        self._build()
        self._show_on()

    # --- what the page tells and asks -----------------------------------------

    def show_scan(self, scan: LocalScan) -> None:
        """Begin with another scan; the project of last time is chosen."""
        self._scan, self._series = scan, None
        self._warnings = None
        self._black.clear()
        self._texts.show_warnings(())
        self._others.setVisible(bool(scan.others))
        self._tasks.cancel_all()
        self._projects.load()

    def show_series(self, at: int | None) -> None:
        """Show before and after of a series."""
        if at is not None and at != self._series:
            self._series = at
            self._later.start()

    def show_ticked(self, places: Iterable[int]) -> None:
        """Ask only about series that are ticked."""
        self._ticked = frozenset(places)
        self._ask_about_texts()

    def show_others(self, ticked: int) -> None:
        """Say what becomes of files that are not DICOM."""
        scan = self._scan
        stay = (len(scan.others) if scan is not None else 0) - ticked
        goes = f"{count(ticked, 'other file')} {'goes' if ticked == 1 else 'go'}"
        stays = f"{count(stay, 'other file')} {'stays' if stay == 1 else 'stay'} here"
        words = [f"{goes} unchanged, under new names."] if ticked else []
        words += [f"{stays}: only DICOM can be cleaned. Ticked, they go unchanged."] * (
            stay > 0
        )
        self._others.setText(" ".join(words))
        self._others.set_token("state.errors" if ticked else "text.muted")

    def choice(self) -> Choice | None:
        """Return how files are changed; None when they are sent as they are."""
        if not self._project:
            return None
        return Choice(
            project_id=self._project,
            options=Profile(self._chosen()).names,
            text_agreed=self._texts.is_agreed,
            others=True,  # what is ticked is sent, and nothing else
            black=self._areas(),
        )

    def _areas(self) -> tuple[tuple[str, int, int, int, int], ...]:
        """Return the areas made black in what is ticked, as they are kept."""
        scan = self._scan
        return tuple(
            (scan.series[at].series_uid, one.left, one.top, one.width, one.height)
            for at, areas in self._black.items()
            if scan is not None and at in self._ticked
            for one in areas
        )

    @property
    def _project(self) -> str:
        return self._projects.project_id

    @property
    def project(self) -> Project | None:
        """The project that is chosen."""
        return self._projects.project

    @property
    def reasons(self) -> dict[int, str]:
        """Why the pictures of series may show text, by their places in the scan."""
        known = self._warnings if self._project else None
        return {
            one.at: one.reason for one in known or () if not self._black.get(one.at)
        }

    @property
    def is_ready(self) -> bool:
        """Whether the choice of last time has been read."""
        return self._projects.is_ready

    @property
    def question(self) -> str:
        """What has to be decided before anything is sent, "" for nothing."""
        if self._service.required and not self._project:
            return "This server only gets de-identified files. Choose a project."
        if self._projects.is_making:
            return "Begin the new project, or choose Off."
        if not self._project:
            return ""
        if self._warnings is None:
            return "It is still looked for text in the pictures."
        open_ = self._open_warnings()
        if open_ and not self._texts.is_agreed:
            images = sum(one.images for one in open_)
            return f"{count(images, 'picture')} may show text"
        return ""

    def ask(self) -> None:
        """Put the focus on what has to be decided."""
        if not self._texts.isHidden():
            self._scroll.ensureWidgetVisible(self._texts)
            self._texts.ask()
        else:
            self._projects.setFocus()

    def shutdown(self) -> None:
        """Cancel what runs here."""
        self._later.stop()
        self._projects.shutdown()
        self._tasks.cancel_all()
        self._looks.cancel_all()

    # --- building -------------------------------------------------------------

    def _build(self) -> None:
        theme = self._ctx.theme
        self._glyph = QLabel()
        self._state = Label(
            theme, style="small", token="text.secondary", name="deidentify.state"
        )
        head = QHBoxLayout()
        head.setContentsMargins(12, 14, 12, 12)
        head.setSpacing(8)
        head.addWidget(self._glyph)
        head.addWidget(Label(theme, "De-identification", style="section"))
        head.addStretch(1)
        head.addWidget(self._state)
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(12, 12, 12, 12)
        body.setSpacing(10)
        self._projects = ProjectBox(self._ctx)
        self._projects.changed.connect(self._chose)
        body.addWidget(self._projects)
        self._on_part = QWidget()
        part = QVBoxLayout(self._on_part)
        part.setContentsMargins(0, 0, 0, 0)
        part.setSpacing(10)
        part.addWidget(line())
        part.addLayout(self._build_options())
        part.addWidget(line())
        part.addLayout(self._build_changes())
        self._texts = TextsInPictures(theme)
        self._texts.agreed.connect(self._tell)
        self._texts.left_out.connect(self.left_out)
        self._texts.black_out.connect(self._black_out)
        part.addWidget(self._texts)
        part.addLayout(self._build_others())
        body.addWidget(self._on_part)
        body.addStretch(1)
        self._scroll = scrolled(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(line())
        whole.addWidget(self._scroll, 1)
        theme.changed.connect(self._dress)

    def _build_options(self) -> QVBoxLayout:
        theme = self._ctx.theme
        column = QVBoxLayout()
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(
            Label(theme, "Basic profile (DICOM PS3.15)", style="small-strong")
        )
        head.addStretch(1)
        self._count = Label(theme, style="small", token="text.muted")
        head.addWidget(self._count)
        column.addLayout(head)
        for option in Option:
            box = QCheckBox(WORDINGS[option].words)
            box.setObjectName(f"deidentify.option.{option.value}")
            box.setToolTip(WORDINGS[option].help)
            box.setChecked(option in USUAL)
            box.toggled.connect(self._option_changed)
            self._options[option] = box
            column.addWidget(box)
        return column

    def _build_changes(self) -> QVBoxLayout:
        theme = self._ctx.theme
        more = button(
            theme, "All tags …", kind="quiet", name="deidentify.tags", small=True
        )
        more.clicked.connect(self._open_tags)
        head = QHBoxLayout()
        head.addWidget(Label(theme, "Before and after", style="small-strong"))
        head.addStretch(1)
        head.addWidget(more)
        self._changes = BeforeAfter(theme)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._changes)
        return column

    def _build_others(self) -> QVBoxLayout:
        theme = self._ctx.theme
        self._others = Label(
            theme,
            style="small",
            token="text.muted",
            wrap=True,
            name="deidentify.others",
        )
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(self._others)
        column.addWidget(
            Label(
                theme,
                "What was changed is recorded beside the upload, without names.",
                style="caption",
                token="text.muted",
                wrap=True,
            )
        )
        return column

    # --- projects -------------------------------------------------------------

    def _chose(self) -> None:
        """Follow the project box."""
        self._take_options()
        self._show_on()
        self._start_looking()
        self._tell()

    def _show_on(self) -> None:
        on = bool(self._project)
        self._on_part.setVisible(on)
        self._state.setText("On, before sending" if on else "Off")
        self._dress()

    def _dress(self) -> None:
        token = "state.ready" if self._project else "text.muted"
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(
            self._ctx.theme.pixmap("shield-check", token, size=16, dpr=ratio)
        )

    # --- options and looking --------------------------------------------------

    def _chosen(self) -> frozenset[Option]:
        return frozenset(o for o, box in self._options.items() if box.isChecked())

    def _take_options(self) -> None:
        project = self.project
        if project is None:
            return
        for option, box in self._options.items():
            box.blockSignals(True)
            box.setChecked(option in project.profile)
            box.blockSignals(False)
        self._count_options()

    def _option_changed(self) -> None:
        self._count_options()
        self._later.start()
        if self._project:
            self._projects.remember(Profile(self._chosen()).names)
        self._tell()

    def _count_options(self) -> None:
        self._count.setText(f"{len(self._chosen())} of {len(self._options)} options")

    def _start_looking(self) -> None:
        self._later.start()
        choice, scan = self.choice(), self._scan
        if choice is None or scan is None or self._warnings is not None:
            return
        self._tasks.start(self._service.warnings(scan), name="texts", done=self._warned)

    def _warned(self, warnings: tuple[TextWarning, ...]) -> None:
        self._warnings = warnings
        self._ask_about_texts()

    def _open_warnings(self) -> list[TextWarning]:
        return [
            one
            for one in self._warnings or ()
            if one.at in self._ticked and not self._black.get(one.at)
        ]

    def _ask_about_texts(self) -> None:
        done = {
            one.at: f"{one.title} · {count(len(self._black[one.at]), 'area')} black"
            for one in self._warnings or ()
            if one.at in self._ticked and self._black.get(one.at)
        }
        self._texts.show_warnings(self._open_warnings(), done)
        self._tell()

    def _black_out(self, at: int) -> None:
        """Let somebody draw what is to be black in a series."""
        scan = self._scan
        if scan is None or at >= len(scan.series):
            return
        sheet = BlackoutSheet(
            self.window(), self._ctx, scan.series[at], areas=self._black.get(at, ())
        )
        sheet.chosen.connect(lambda areas: self._blacked(at, areas))
        sheet.open()

    def _blacked(self, at: int, areas: tuple[Area, ...]) -> None:
        self._black[at] = areas
        self._ask_about_texts()

    def _tell(self) -> None:
        self.changed.emit()

    def _shown(self) -> LocalSeries | None:
        scan = self._scan
        if scan is None or not scan.series:
            return None
        at = self._series if self._series is not None else 0
        return scan.series[at] if at < len(scan.series) else scan.series[0]

    def _preview(self) -> None:
        choice, series = self.choice(), self._shown()
        self._looks.cancel_all()
        if choice is None:
            return
        if series is None:
            self._changes.show_words("There is no DICOM file among what was found.")
            return
        self._looks.start(
            self._service.preview(Path(series.files[0]), choice),
            name="look",
            done=self._previewed,
            failed=lambda error: self._changes.show_words(
                getattr(error, "title", "This file could not be read.")
            ),
        )

    def _previewed(self, found: Preview) -> None:
        hidden = bool(self._ctx.settings.get("hide_names"))
        self._changes.show_preview(found, hidden=hidden)

    def _open_tags(self) -> None:
        choice, scan = self.choice(), self._scan
        if choice is None or scan is None or not scan.series:
            return
        at = self._series if self._series is not None else 0
        TagsSheet(self.window(), self._ctx, scan=scan, choice=choice, at=at).open()
