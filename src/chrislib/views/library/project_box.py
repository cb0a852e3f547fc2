"""Which de-identification project an upload belongs to, or none."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.library.deidentify.model import Project
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import Label

_OFF, _NEW = "", "+"


class ProjectBox(QWidget):
    """Off, a project, or a new one; and the list of its names.

    Signals
    -------
    changed
        Another project, or none.
    """

    changed = Signal()

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._service = ctx.library.deidentification
        self._tasks = ctx.tasks("de-identification projects")
        self._projects: dict[str, Project] = {}
        self._project = ""
        self._build()
        self._fill()
        self._box.setEnabled(False)
        self.setFocusProxy(self._box)

    @property
    def project_id(self) -> str:
        """The project that is chosen, "" for off."""
        return self._project

    @property
    def project(self) -> Project | None:
        """The project that is chosen."""
        return self._projects.get(self._project)

    @property
    def is_ready(self) -> bool:
        """Whether the choice of last time has been read."""
        return self._box.isEnabled()

    @property
    def is_making(self) -> bool:
        """Whether a new project is being named and not begun yet."""
        return bool(self._box.currentData() == _NEW)

    def load(self) -> None:
        """Read the projects, and choose the one of last time (disk)."""
        self._tasks.cancel_all()
        self._box.setEnabled(False)  # a choice made now would be overtaken
        self._tasks.start(self._read(), name="read", done=self._loaded)

    def remember(self, options: Sequence[str]) -> None:
        """Keep the present choice and its options for the next time (disk)."""
        self._tasks.start(self._service.choose(self._project, options), name="remember")

    def shutdown(self) -> None:
        """Cancel what runs here."""
        self._tasks.cancel_all()

    def _build(self) -> None:
        theme = self._ctx.theme
        self._box = combo("deidentify.project", "Project, or off")
        self._box.setToolTip(
            "In a project a patient always has the same pseudonym, and dates move by "
            "the same number of days."
        )
        self._box.activated.connect(self._picked)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Label(theme, "Project", style="small", token="text.secondary"))
        row.addWidget(self._box, 1)
        self._name = Field(
            theme,
            "Name of the project",
            name="deidentify.new.name",
            label="Name of the new project; it should name no patient",
        )
        self._name.returnPressed.connect(self._create)
        begin = button(theme, "Begin", name="deidentify.new.begin")
        begin.clicked.connect(self._create)
        self._new = QWidget()
        fresh = QHBoxLayout(self._new)
        fresh.setContentsMargins(0, 0, 0, 0)
        fresh.setSpacing(8)
        fresh.addWidget(self._name, 1)
        fresh.addWidget(begin)
        self._words = Label(
            theme, style="small", token="text.muted", wrap=True, name="deidentify.words"
        )
        self._names = button(
            theme,
            "Save the list of names …",
            kind="quiet",
            name="deidentify.names",
            small=True,
        )
        self._names.clicked.connect(
            lambda: self._tasks.start(self._export(), name="names")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self._new)
        column.addWidget(self._words)
        column.addWidget(self._names, 0, Qt.AlignmentFlag.AlignLeft)

    async def _read(self) -> tuple[Sequence[Project], str]:
        return await self._service.projects(), await self._service.chosen()

    def _loaded(self, found: tuple[Sequence[Project], str]) -> None:
        projects, chosen = found
        self._projects = {one.project_id: one for one in projects}
        self._project = chosen if chosen in self._projects else ""
        self._fill()
        self._box.setEnabled(True)
        self.changed.emit()

    def _fill(self) -> None:
        self._box.clear()
        if not self._service.required:
            self._box.addItem("Off, send as it is", _OFF)
        for project in self._projects.values():
            self._box.addItem(project.title, project.project_id)
        self._box.addItem("New project …", _NEW)
        self._box.setCurrentIndex(max(self._box.findData(self._project), 0))
        if self._service.required and not self._project and self._projects:
            self._box.setCurrentIndex(-1)
        self._show_words()

    def _picked(self, row: int) -> None:
        picked = str(self._box.itemData(row))
        if picked == _NEW:
            self._project = ""
            self._show_words()
            self._name.setFocus()
            self.changed.emit()
            return
        self._use(picked)

    def _use(self, project_id: str) -> None:
        self._project = project_id
        project = self.project
        self._show_words()
        self.remember(project.options if project is not None else ())
        self.changed.emit()

    def _create(self) -> None:
        self._tasks.start(
            self._service.create(self._name.text()), name="create", done=self._created
        )

    def _created(self, project: Project) -> None:
        self._name.clear()
        self._projects[project.project_id] = project
        self._project = project.project_id
        self._fill()
        self._use(project.project_id)
        self._box.setFocus()

    def _show_words(self) -> None:
        project = self.project
        making = self.is_making
        patients = project.patients if project is not None else 0
        self._new.setVisible(making)
        self._names.setVisible(patients > 0 and not making)
        if making:
            words = "It gets a secret key of its own. Its name should name no patient."
        elif project is not None:
            words = f"Pseudonyms begin with {project.code}-. " + (
                f"{count(patients, 'patient')} so far, always called the same."
                if patients
                else "Nobody is in it yet."
            )
        else:
            words = "Names, IDs and dates are sent as they are in the files."
        if self._service.required and project is None:
            words = "This server only gets de-identified files. Choose a project."
        self._words.setText(words)

    async def _export(self) -> None:
        project = self.project
        if project is None:
            return
        agreed = await self._ctx.dialogs.confirm(
            "Save the list of names?",
            f"The file says which patient is called how in “{project.title}”: with it "
            "everybody can undo the de-identification. It stays on this computer; "
            "keep it where only you can read it.",
            action="Save …",
            danger=True,
        )
        start = self._ctx.paths.downloads
        folder = (
            await self._ctx.dialogs.open_folder("Where the list is saved", start)
            if agreed
            else None
        )
        if folder is None:
            return
        file = Path(folder) / f"names-{project.code}.csv"
        number = await self._service.export_names(project.project_id, file)
        self._ctx.messages.success(
            f"The list of {count(number, 'patient')} is saved.", str(file)
        )
