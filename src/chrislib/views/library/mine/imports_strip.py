"""Folders of this computer that belong to My Library: added, read, forgotten."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from chrislib.library.mine.model import Import, ImportState, MineChange
from chrislib.library.words import count, join
from chrislib.views.context import ViewContext
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import ElidedLabel, Label, line

_MOVING = frozenset({ImportState.WAITING, ImportState.RUNNING})


class ImportsStrip(QWidget):
    """One line while folders are read, with Cancel; hidden otherwise."""

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._mine = ctx.my_library
        self._tasks = ctx.tasks("folders")
        self._known: dict[int, ImportState] = {}
        self.setObjectName("mine.imports")
        theme = ctx.theme
        self._words = ElidedLabel(theme, style="small", name="mine.imports.words")
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(theme.px(120))
        self._bar.setAccessibleName("Reading a folder")
        self._cancel = button(
            theme, "Cancel", kind="quiet", name="mine.imports.cancel", small=True
        )
        row = QHBoxLayout()
        row.setContentsMargins(16, 4, 12, 4)
        row.setSpacing(12)
        row.addWidget(self._words, 1)
        row.addWidget(self._bar)
        row.addWidget(self._cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(line())
        self._cancel.clicked.connect(self._stop)
        self._unsubscribe = self._mine.subscribe(self._changed)
        self._known = {one.number: one.state for one in self._mine.imports}
        self._show()

    def choose(self) -> None:
        """Let a folder be chosen and read it; its files stay where they are."""

        async def ask() -> Path | None:
            return await self._ctx.dialogs.open_folder(
                "Add a folder of this computer", Path.home()
            )

        def begin(folder: Path | None) -> None:
            if folder is not None:
                self._mine.bring_in([folder])

        self._tasks.start(ask(), name="choose", done=begin)

    def show_folders(self) -> None:
        """Show the folders that belong to My Library."""

        def open_sheet(folders: list[Path]) -> None:
            sheet = FoldersSheet(self.window(), self._ctx, folders)
            sheet.add_asked.connect(self.choose)
            sheet.open()

        self._tasks.start(self._mine.folders(), name="folders", done=open_sheet)

    def shutdown(self) -> None:
        """Stop listening; reading goes on."""
        self._unsubscribe()
        self._tasks.cancel_all()

    def _changed(self, change: MineChange) -> None:
        if change.imports:
            self._show()

    def _moving(self) -> list[Import]:
        return [one for one in self._mine.imports if one.state in _MOVING]

    def _show(self) -> None:
        moving = self._moving()
        self.setVisible(bool(moving))
        if moving:
            one = moving[-1]
            self._words.setText(
                join(
                    f"Reading “{one.root.name}”",
                    count(one.seen, "file"),
                    count(one.images, "image"),
                    f"{len(moving) - 1} more wait" if len(moving) > 1 else "",
                )
            )
        for one in self._mine.imports:
            before = self._known.get(one.number)
            self._known[one.number] = one.state
            if before is not one.state and one.state not in _MOVING:
                self._tell(one)

    def _tell(self, one: Import) -> None:
        messages, name = self._ctx.messages, one.root.name
        bad = count(one.unreadable, "file") + " could not be read."
        if one.state is ImportState.FAILED:
            messages.warning(f"“{name}” could not be read", one.reason, seconds=12)
        elif one.state is ImportState.STOPPED:
            messages.info(f"Stopped reading “{name}”", "What was read stays.")
        else:
            messages.success(
                f"“{name}” is in My Library",
                join(count(one.images, "new image"), bad if one.unreadable else ""),
            )

    def _stop(self) -> None:
        for one in self._moving():
            self._mine.cancel_import(one.number)


class FoldersSheet(Sheet):
    """The folders of this computer that belong to My Library.

    Signals
    -------
    add_asked
        Another folder is to be chosen.
    """

    add_asked = Signal()

    def __init__(self, window: QWidget, ctx: ViewContext, folders: list[Path]) -> None:
        super().__init__(
            window,
            ctx.theme,
            "Folders of this computer",
            "Their series are in My Library; the files stay where they are.",
            width=640,
            height=420,
        )
        self.setObjectName("mine.folders")
        self._ctx = ctx
        self._tasks = self.own(ctx.tasks("folders sheet"))
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(24, 16, 24, 16)
        self._column.setSpacing(4)
        self._rows: dict[Path, QWidget] = {}
        self._empty = Label(
            ctx.theme, "No folder was added yet.", style="small", token="text.muted"
        )
        self._column.addWidget(self._empty)
        for folder in folders:
            self._add(folder)
        self._empty.setVisible(not folders)
        self._column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Add a folder …")
        self.next_pressed.connect(self._next)
        self.cancel_button.setText("Close")

    def _add(self, folder: Path) -> None:
        theme = self._ctx.theme
        row = QWidget()
        inner = QHBoxLayout(row)
        inner.setContentsMargins(0, 0, 0, 0)
        words = ElidedLabel(
            theme, str(folder), mode=Qt.TextElideMode.ElideMiddle, style="small"
        )
        forget = icon_button(
            theme,
            "x",
            name=f"mine.folder.forget.{folder.name}",
            tooltip=f"Take {folder.name} out of My Library (its files stay)",
        )
        forget.clicked.connect(lambda: self._forget(folder))
        inner.addWidget(words, 1)
        inner.addWidget(forget)
        self._rows[folder] = row
        self._column.addWidget(row)

    def _forget(self, folder: Path) -> None:
        row = self._rows.pop(folder)
        row.hide()
        self._empty.setVisible(not self._rows)
        mine, messages = self._ctx.my_library, self._ctx.messages

        def tell(_none: None) -> None:
            messages.info(
                f"Took the folder “{folder.name}” out of My Library",
                "Its files stay where they are.",
                action=("Undo", lambda: mine.bring_in([folder])),
                seconds=8,
            )

        self._tasks.start(mine.forget_folder(folder), name="forget", done=tell)

    def _next(self) -> None:
        self.accept()
        self.add_asked.emit()
