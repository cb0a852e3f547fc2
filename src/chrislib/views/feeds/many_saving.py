"""A text saved where a person says."""

import asyncio
from datetime import datetime
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext


async def save_text(context: ViewContext, text: str, *, name: str) -> Path | None:
    """Ask for a folder and write a text file there (disk, in a thread).

    Nothing that is there already is written over.

    Parameters
    ----------
    name : str
        What the file is called, without its ending.

    Returns
    -------
    Path or None
        The file; None when no folder was chosen.

    Raises
    ------
    ChrislibError
        The disk refuses.
    """
    folder = await context.dialogs.open_folder(
        f"Folder for the {name}", context.paths.downloads
    )
    if folder is None:
        return None
    day = datetime.fromtimestamp(context.now()).astimezone().date().isoformat()
    path = await asyncio.to_thread(_write, folder, f"{name} {day}", text)
    context.messages.success(
        f"{path.name} was written",
        "It may hold names: keep it where such files may be.",
    )
    return path


def _write(folder: Path, stem: str, text: str) -> Path:
    for number in range(1, 1000):
        path = folder / (f"{stem}.txt" if number == 1 else f"{stem} ({number}).txt")
        try:
            with path.open("x", encoding="utf-8") as stream:
                stream.write(text + "\n")
        except FileExistsError:
            continue
        except OSError as error:
            raise ChrislibError(
                f"{path.name} cannot be written.",
                f"{error.strerror or 'The disk did not answer'}. Nothing was saved.",
                hint="Choose another folder.",
            ) from error
        return path
    raise ChrislibError(
        f"There are very many files called {stem} there.",
        "Nothing was saved.",
        hint="Choose another folder.",
    )
