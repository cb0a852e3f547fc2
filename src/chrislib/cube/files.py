"""The server's storage: folders, files, links, upload and download."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx

from chrislib.cube import answers, reading
from chrislib.cube.connecting import Body
from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    LocalFileProblem,
    NotFound,
    Refused,
    ShortTransfer,
)
from chrislib.cube.multipart import UploadBody
from chrislib.cube.storage_paths import storage_path, upload_path
from chrislib.cube.types import (
    FileId,
    Folder,
    FolderId,
    LinkFile,
    StoragePath,
    StoredFile,
    TreeFile,
)
from chrislib.cube.wire import Wire

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

# the server is silent while it stores what it got
_UPLOAD_TIMEOUT = httpx.Timeout(300.0, connect=10.0, write=60.0, pool=None)
_DOWNLOAD_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class FilesApi:
    """``filebrowser/`` and ``userfiles/``. Every coroutine uses the net.

    All of them raise `CubeError`. Paths are storage paths without outer slashes.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def folder(self, path: str) -> Folder | None:
        """Return a folder from the net, None when it is not there or hidden."""
        wanted = storage_path(path)
        if not wanted:
            found = self._wire.items("filebrowser/", reading.folder)
        else:
            found = self._wire.items(
                "filebrowser/search/", reading.folder, params={"path": wanted}
            )
        async for folder in found:
            if folder.path == wanted:
                return folder
        return None

    async def make_folder(self, path: str) -> Folder:
        """Return a folder over the net, made with its parents if it is not there.

        Do this before several uploads go into a new folder at once: they race for
        making it, and some get 500 and are not stored (trap 14).
        """
        wanted = upload_path(storage_path(path))
        found = await self.folder(wanted)
        if found is not None:
            return found
        try:
            return await self._wire.made(
                "filebrowser/", {"path": wanted}, reading.folder
            )
        except Refused:
            # somebody else was quicker
            found = await self.folder(wanted)
            if found is None:
                raise
            return found

    async def count_below(self, path: str) -> int:
        """Return over the net how many of one's own files are below a folder."""
        wanted = storage_path(path)
        return await self._wire.count("userfiles/search/", {"fname": f"{wanted}/"})

    def children(self, folder: Folder | FolderId) -> AsyncIterator[Folder]:
        """Iterate over the net over the folders directly inside."""
        return self._inside(folder, "children", reading.folder)

    def files(self, folder: Folder | FolderId) -> AsyncIterator[StoredFile]:
        """Iterate over the net over the files directly inside."""
        return self._inside(folder, "files", reading.stored_file)

    def links(self, folder: Folder | FolderId) -> AsyncIterator[LinkFile]:
        """Iterate over the net over the link files directly inside."""
        return self._inside(folder, "linkfiles", reading.link_file)

    async def file_at(self, path: str) -> StoredFile | None:
        """Return the file with exactly this path from the net, None if there is none.

        Works for shared and PACS files as well, which ``userfiles/`` does not list
        (trap 21): the folder is read for them, to its end where need be.
        """
        wanted = storage_path(path)
        if wanted.startswith("home/"):
            own = self._wire.items(
                "userfiles/search/",
                reading.stored_file,
                params={"fname_exact": wanted},
            )
            async for file in own:
                if file.path == wanted:
                    return file
        parent = await self.folder(wanted.rpartition("/")[0])
        if parent is not None:
            async for file in self.files(parent):
                if file.path == wanted:
                    return file
        return None

    async def tree(
        self, path: str, *, unreadable: Callable[[LinkFile], None] | None = None
    ) -> AsyncIterator[StoredFile]:
        """Iterate over the net over all files below `path`; see `walk`."""
        async with aclosing(self.walk(path, unreadable=unreadable)) as entries:
            async for entry in entries:
                yield entry.file

    async def walk(
        self, path: str, *, unreadable: Callable[[LinkFile], None] | None = None
    ) -> AsyncGenerator[TreeFile, None]:
        """Iterate over the net over all files below `path`, links followed.

        pl-dircopy makes links, not copies (trap 8): a link to a folder stands for a
        sub-folder with the target's last name, as a link to a file does for a file; a
        number is added where two have the same. Nothing is visited twice, so links
        may lead in circles.

        Parameters
        ----------
        path : str
            A folder, or one file.
        unreadable : callable, optional
            Gets each link whose target is gone or not open to us; without it they
            are left out.

        Raises
        ------
        NotFound
            There is nothing at `path`.
        """
        top = await self.folder(path)
        if top is None:
            file = await self.file_at(path)
            if file is None:
                raise _nothing_there()
            yield TreeFile(file=file, relative=file.name)
            return
        seen_files: set[FileId] = set()
        seen_folders: set[StoragePath] = set()
        taken: dict[str, str] = {}
        waiting: list[tuple[Folder, str]] = [(top, "")]
        while waiting:
            folder, below = waiting.pop()
            if folder.path in seen_folders:
                continue
            seen_folders.add(folder.path)
            async for thing in self._contents(folder, unreadable):
                if isinstance(thing, Folder):
                    waiting.append((thing, f"{_free(below, thing.path, taken)}/"))
                elif thing.id not in seen_files:
                    seen_files.add(thing.id)
                    relative = _free(below, thing.path, taken)
                    yield TreeFile(file=thing, relative=relative)

    async def _contents(
        self, folder: Folder, unreadable: Callable[[LinkFile], None] | None
    ) -> AsyncIterator[StoredFile | Folder]:
        async for file in self.files(folder):
            yield file
        async for child in self.children(folder):
            yield child
        async for link in self.links(folder):
            target = await self._target(link)
            if target is not None:
                yield target
                continue
            _log.warning("a link leads nowhere or is not open to us")
            if unreadable is not None:
                unreadable(link)

    async def upload(
        self,
        local: Path,
        remote: str,
        *,
        size: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> StoredFile:
        """Send one file over the net, streamed from disk, by one POST.

        The server neither overwrites nor fails when `remote` is taken, and cleans
        file names (trap 15): compare ``path`` of what is returned with `remote`.

        Parameters
        ----------
        size : int, optional
            Bytes the file had when it was looked at: with others it is not sent.

        Raises
        ------
        Refused
            The name cannot be used (``..``, comma, outer slash, …); nothing is sent
            then. Or the server refuses it.
        LocalFileProblem
            The file cannot be read, or has changed.
        ShortTransfer
            The server stored another number of bytes; they were deleted again.
        """
        body = UploadBody(local, upload_path(remote), progress=progress)
        try:
            await body.open()
            if size is not None and body.size != size:
                raise LocalFileProblem(
                    "It changed after it was looked at here.",
                    "It was not sent.",
                    hint="Retry sends it as it is now.",
                )
            response = await self._wire.send(
                "POST",
                self._wire.url("userfiles/"),
                body=Body(stream=body, headers=body.headers),
                timeout=_UPLOAD_TIMEOUT,
            )
        finally:
            body.close()
        value = answers.json_of(response)
        try:
            stored = reading.stored_file(value)
        except reading.BadRow as bad:
            raise answers.bad_answer(response, f"no {bad}") from None
        if stored.size != body.size:
            await self._forget(stored.id)
            raise _short("sent", done=stored.size, total=body.size)
        return stored

    async def stream(
        self, file: StoredFile | FileId | int
    ) -> AsyncGenerator[bytes, None]:
        """Iterate over the net over a file's bytes, in pieces as they come.

        Close the iterator (`contextlib.aclosing`) when you leave it early.

        Raises
        ------
        ShortTransfer
            The bytes end before the length that the server named, or differ from
            the file's size.
        """
        size = file.size if isinstance(file, StoredFile) else None
        file_id = file.id if isinstance(file, StoredFile) else file
        async with self.opened(file_id, size=size) as (_, chunks):
            async for chunk in chunks:
                yield chunk

    @asynccontextmanager
    async def opened(
        self, file_id: FileId | int, *, size: int | None = None, start: int = 0
    ) -> AsyncGenerator[tuple[int, AsyncIterator[bytes]]]:
        """Open a file over the net from byte `start` on, if the server can do that.

        CUBE cannot (trap 18); a proxy or storage in front of it may.

        Parameters
        ----------
        size : int, optional
            Bytes the whole file has. Without it, what the answer says.
        start : int
            Bytes that are here already.

        Returns
        -------
        tuple
            The byte it really starts at (`start` or 0), and the bytes from there.

        Raises
        ------
        ShortTransfer
            While the bytes are read: they end too early, or are too many.
        """
        # filebrowser knows shared and PACS files too (trap 21). Names hold "#" and
        # "?"; the server ignores what follows the id
        url = self._wire.url(f"filebrowser/files/{file_id}/content")
        for asked in (start, 0) if start else (0,):
            given = False
            try:
                async with self._wire.streaming(
                    url, timeout=_DOWNLOAD_TIMEOUT, start=asked
                ) as response:
                    offset = _offset(response, asked=asked, size=size)
                    if offset is None:
                        continue
                    given = True
                    if size is None and not offset:
                        size = _length(response)
                    yield offset, _counted(response, size=size, got=offset)
                    return
            except CubeError as error:
                # 416: the file is shorter than what is here
                if given or not asked or error.context.get("status") != "416":
                    raise

    async def read(self, file: StoredFile | FileId | int, limit: int) -> bytes:
        """Return the first `limit` bytes of a file from the net (or all of it)."""
        kept = bytearray()
        async with aclosing(self.stream(file)) as chunks:
            async for chunk in chunks:
                kept += chunk
                if len(kept) >= limit:
                    break
        return bytes(kept[:limit])

    async def delete_file(self, file_id: FileId | int) -> None:
        """Delete a file over the net."""
        await self._wire.delete(f"filebrowser/files/{file_id}/")

    async def delete_folder(self, folder_id: FolderId | int) -> None:
        """Delete a folder with all in it over the net.

        Returns when the server has noted it.
        """
        await self._wire.delete(f"filebrowser/{folder_id}/")

    def _inside(
        self,
        folder: Folder | FolderId,
        what: str,
        read: Callable[[object], _T],
    ) -> AsyncIterator[_T]:
        folder_id = folder.id if isinstance(folder, Folder) else folder
        return self._wire.items(f"filebrowser/{folder_id}/{what}/", read)

    async def _target(self, link: LinkFile) -> Folder | StoredFile | None:
        """Return what a link stands for, None when it cannot be opened."""
        try:
            if link.is_folder:
                return await self.folder(link.target)
            if link.is_folder is False:
                return await self.file_at(link.target)
        except (Forbidden, NotFound):
            # the server shows a link's target even to those who may not open it
            return None
        return None

    async def _forget(self, file_id: FileId) -> None:
        try:
            async with asyncio.timeout(10):
                await self.delete_file(file_id)
        except (CubeError, TimeoutError):
            _log.warning("a short upload could not be deleted")


def _offset(response: httpx.Response, *, asked: int, size: int | None) -> int | None:
    """Return the byte an answer starts at, None when it is of no use."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0
    told = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if told is None or int(told[1]) != asked:
        return None
    if size is not None and told[2] != "*" and int(told[2]) != size:
        return None
    return asked


def _length(response: httpx.Response) -> int | None:
    named = response.headers.get("content-length", "")
    if "content-encoding" in response.headers or not named.isdecimal():
        return None
    return int(named)


async def _counted(
    response: httpx.Response, *, size: int | None, got: int = 0
) -> AsyncIterator[bytes]:
    async for chunk in response.aiter_bytes():
        got += len(chunk)
        yield chunk
    if size is not None and got != size:
        raise _short("fetched", done=got, total=size)


def _free(below: str, path: str, taken: dict[str, str]) -> str:
    """Return where `path` appears below `below`.

    Two links in one folder may have targets of the same name.
    """
    wanted = found = below + path.rsplit("/", 1)[-1]
    number = 2
    while taken.setdefault(found, path) != path:
        found = f"{wanted} ({number})"
        number += 1
    return found


def _nothing_there() -> NotFound:
    return NotFound(
        "The server does not have this (any more).",
        "It was deleted, or it is not shared with this account.",
        hint="Look again at the list it was opened from.",
    )


def _short(verb: str, *, done: int, total: int) -> ShortTransfer:
    return ShortTransfer(
        f"Only {done:,} of {total:,} bytes were {verb}."
        if done < total
        else f"{done:,} bytes were {verb}, {total:,} were expected.",
        "The incomplete copy is not used.",
        hint="Try again.",
        retryable=True,
        context={"done": str(done), "total": str(total)},
    )
