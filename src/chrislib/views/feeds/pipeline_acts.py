"""What is done with pipelines: taken along as a file, uploaded, made, deleted."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QWidget

from chrislib.cube.types import Pipeline
from chrislib.errors import ChrislibError
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.pipeline_files import MOST_BYTES, write_pipeline
from chrislib.feeds.pipelines import PipelineTree
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.feeds.pipeline_sheets import MakePipelineSheet

_ENDINGS = {"yaml": ".yml", "json": ".json"}
Made = Callable[[Pipeline], None]


class PipelineActs:
    """The acts; `place` is any widget of the window they are asked for in."""

    def __init__(self, context: ViewContext, place: QWidget) -> None:
        self._context = context
        self._place = place

    async def export(self, tree: PipelineTree, kind: str) -> None:
        """Write a pipeline into a folder of this computer (disk).

        Parameters
        ----------
        kind : str
            "yaml" or "json".
        """
        context = self._context
        folder = await context.dialogs.open_folder(
            "Choose a folder for the pipeline", context.paths.downloads
        )
        if folder is None:
            return
        draft = context.feeds.pipelines.draft_of(tree)
        text = write_pipeline(draft, kind=kind)
        path = await asyncio.to_thread(
            _write, folder, f"{_file_name(draft.name)}{_ENDINGS[kind]}", text
        )
        context.messages.success(
            f"Saved {path.name}.", f"It is in {folder.name}, a file for any ChRIS."
        )

    async def choose_file(self, *, made: Made, back: QWidget) -> None:
        """Ask for a file with a pipeline, and show what is in it (disk).

        Parameters
        ----------
        back : QWidget
            Gets the focus when that is over: it may be on a sheet itself.
        """
        context = self._context
        paths = await context.dialogs.open_files(
            "Choose a pipeline (YAML or JSON)", context.paths.downloads
        )
        if paths:
            await self.upload(paths[0], made=made, back=back)

    async def upload(self, path: Path, *, made: Made, back: QWidget) -> None:
        """Read a file and open the sheet that makes its pipeline (disk, network)."""
        text = await asyncio.to_thread(_read, path)
        kind = "json" if path.suffix.lower() == ".json" else "yaml"
        sheet = MakePipelineSheet(
            self._place.window(), self._context, title="Upload a pipeline"
        )
        sheet.made.connect(made)
        # a sheet gives the focus to its window when it closes: this is after that
        sheet.finished.connect(
            lambda _code: QTimer.singleShot(0, back, lambda: _focus(back))
        )
        sheet.open()
        sheet.show_file(path.name, text, kind=kind)

    def make_of_branch(self, view: FeedView, node: Node, *, made: Made) -> None:
        """Open the sheet that makes a pipeline of a node and all after it."""
        sheet = MakePipelineSheet(
            self._place.window(), self._context, title="Make a pipeline"
        )
        sheet.made.connect(made)
        sheet.open()
        sheet.show_branch(view, node)

    async def share(self, pipeline: Pipeline) -> bool:
        """Open a pipeline to all once that is confirmed (network)."""
        sure = await self._context.dialogs.confirm(
            f"Let everybody on this server see “{one_line(pipeline.name)}”?",
            "All can look at it and run it, its values included. The server cannot "
            "take that back.",
            action="Let everybody see it",
        )
        if sure:
            await self._context.feeds.pipelines.making.share(pipeline)
            self._context.messages.success("Everybody on this server sees it now.")
        return sure

    async def delete(self, pipeline: Pipeline) -> bool:
        """Delete a pipeline once that is confirmed (network); says whether it was."""
        sure = await self._context.dialogs.confirm(
            f"Delete “{one_line(pipeline.name)}” on the server?",
            "Nobody can run it any more. Feeds that were made with it stay as they "
            "are. Export it first to keep a copy.",
            action="Delete pipeline",
            danger=True,
        )
        if not sure:
            return False
        await self._context.feeds.pipelines.making.delete(pipeline)
        self._context.messages.info("The pipeline was deleted on the server.")
        return True


def _focus(piece: QWidget) -> None:
    piece.setFocus(Qt.FocusReason.OtherFocusReason)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ChrislibError(
                f"{path.name} is larger than 1 MB.",
                "This is no pipeline. Nothing was sent.",
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ChrislibError(
            f"{path.name} is no text.", "Nothing was sent.", hint="Choose another file."
        ) from error
    except OSError as error:
        raise ChrislibError(
            f"{path.name} could not be read.", "Nothing was sent.", hint="Try again."
        ) from error


def _file_name(name: str) -> str:
    """Return a name that is a plain file name everywhere."""
    kept = "".join(char if char.isalnum() or char in " -_." else "_" for char in name)
    return kept.strip(" .")[:80] or "pipeline"


def _write(folder: Path, name: str, text: str) -> Path:
    """Write a new file beside what is there already."""
    stem, dot, ending = name.rpartition(".")
    number = 1
    while True:
        path = folder / (name if number == 1 else f"{stem} {number}{dot}{ending}")
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise ChrislibError(
                "The file could not be written.",
                "The pipeline is on the server as before.",
                hint="Choose another folder.",
            ) from error
        else:
            return path
