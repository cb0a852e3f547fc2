"""What a server remembers of the ways in: queries, uploads, fetches, feed inputs."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chrislib.aio import several
from chrislib.catalog.history import FeedInputRow
from chrislib.cube.errors import Forbidden
from chrislib.cube.types import Folder, PacsQuery, PluginInstance, StoredFile
from chrislib.library import criteria as asked
from chrislib.library import words
from chrislib.library.entries import outcome
from chrislib.library.history_found import Found, output_name
from chrislib.library.model import EntryId, EntryKind, HistoryEntry
from chrislib.library.names import clean
from chrislib.pacs.answers import Gathering
from chrislib.pacs.lookup import LOOKUP_TITLE, STEP_TITLE
from chrislib.pacs.pull import HELPER_TITLE
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

COPIES = "pl-dircopy"
"""Makes a feed of storage paths (chris-ecosystem.md §10)."""

_OF_LOOKUP = re.compile(re.escape(LOOKUP_TITLE) + r"([0-9a-f-]{32,36})(?: \d+)?")
_HELPER = re.compile(r"chrislib [0-9a-f-]{36}")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}-")
_OUTPUT = re.compile(r"^home/[^/]+/feeds/feed_(\d+)(?:/|$)")
_UNTOUCHED = "welcome.txt"
"""CUBE puts it there for every new user."""
_PATIENCE = 600.0
"""Seconds after which a query without an answer gets none any more."""
_MOST_STUDIES, _MOST_SERIES = 20, 400
_LOOSE_FILES = 2000
_AT_ONCE = 4


class ServerHistory:
    """Reads what one user did from one server; every coroutine uses the net.

    Parameters
    ----------
    account : str
        ``server uuid|user``.
    delivers : callable
        Whether a plugin of this name and version brings reference data.
    """

    def __init__(
        self,
        client: "CubeClient",
        *,
        account: str,
        delivers: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        self._client = client
        self._account = account
        self._delivers = delivers
        # numbers of different servers must not meet
        self._tag = account[:8]
        self._user = client.username
        self._allowed = True

    async def between(
        self, since: float | None, until: float, *, known_inputs: set[int]
    ) -> Found:
        """Return what was asked in a stretch of time (network).

        Parameters
        ----------
        since : float or None
            Seconds since the epoch, by the server; None for the beginning.
        until : float
        known_inputs : set of int
            Instances whose inputs need not be asked for.
        """
        found = Found()
        for entry in await self._lookups(since, until):
            found.add(entry)
        filters = self._span("start_date", since, until)
        runs: dict[int, PluginInstance] = {}
        async for run in self._client.instances.search(plugin_type="fs", **filters):
            # a filter the server does not know is ignored without a word (trap 12)
            if run.owner_username == self._user and run.plugin_type == "fs":
                runs[int(run.id)] = run
        copies = [run for run in runs.values() if run.plugin_name == COPIES]
        for run in runs.values():
            if run.plugin_name != COPIES and await self._is_kept(run):
                found.add(self._fetch(run))
        fresh = [run for run in copies if int(run.id) not in known_inputs]
        inputs = await several(
            fresh,
            lambda run: self._client.instances.parameters(run.id),
            at_once=_AT_ONCE,
        )
        for run, given in zip(fresh, inputs, strict=True):
            paths = [one.strip().strip("/") for one in given.get("dir", "").split(",")]
            self._take_inputs(found, run, [one for one in paths if one])
        return found

    async def left_before(self, until: float) -> int:
        """Return how many queries and runs are older than that (network)."""
        queries = 0
        if self._allowed:
            try:
                queries = await self._client.pacs.count_stored(
                    **self._span("creation_date", None, until)
                )
            except Forbidden:
                self._allowed = False
        page = await self._client.instances.page(
            plugin_type="fs", limit=1, **self._span("start_date", None, until)
        )
        return queries + (page.total or 0)

    async def uploads(self) -> list[HistoryEntry]:
        """Return everything in the user's folder of uploads (network)."""
        top = await self._client.files.folder(f"home/{self._user}/uploads")
        if top is None:
            return []
        found = []
        async for folder in self._client.files.children(top):
            found.append(self._upload(folder))
        by_day: dict[str, list[StoredFile]] = {}
        files = 0
        async for file in self._client.files.files(top):
            files += 1
            if file.name == _UNTOUCHED or file.creation_date is None:
                continue
            by_day.setdefault(f"{file.creation_date:%Y-%m-%d}", []).append(file)
            if files >= _LOOSE_FILES:
                break
        found += [self._loose(day, files) for day, files in by_day.items()]
        return found

    # --- lookups -----------------------------------------------------------------

    async def _lookups(self, since: float | None, until: float) -> list[HistoryEntry]:
        if not self._allowed:
            return []
        groups: dict[str, list[PacsQuery]] = {}
        try:
            stored = self._client.pacs.stored(
                **self._span("creation_date", since, until)
            )
            async for query in stored:
                key = self._key(query)
                if key:
                    groups.setdefault(key, []).append(query)
        except Forbidden:
            # no member of pacs_users: there is nothing to remember
            self._allowed = False
            return []
        # a lookup may have found thousands of patients
        return [
            await asyncio.to_thread(self._lookup, key, queries)
            for key, queries in groups.items()
        ]

    def _key(self, query: PacsQuery) -> str:
        """Return the id of the entry of a query; "" for one that was only a step."""
        title = query.title
        # other members' queries are listed too
        mine = query.owner_username in ("", self._user)
        if not mine or title.startswith((STEP_TITLE, HELPER_TITLE)):
            return ""
        if _HELPER.fullmatch(title) or not query.query:
            return ""
        found = _OF_LOOKUP.fullmatch(title)
        return found[1] if found else f"query-{self._tag}-{query.id}"

    def _lookup(self, key: str, queries: Sequence[PacsQuery]) -> HistoryEntry:
        gathered = Gathering()
        values: dict[str, dict[str, None]] = {}
        for query in queries:
            gathered.add(query.pacs_identifier, query.studies)
            for name, value in query.query.items():
                values.setdefault(name, {})[value] = None
        pacs = {query.pacs_identifier for query in queries}
        silent = {q.pacs_identifier for q in queries if q.status == "errored"}
        criteria = Criteria(
            values={name: tuple(asked_for) for name, asked_for in values.items()},
            pacs=next(iter(pacs)) if len(pacs) == 1 else "",
        )
        patients = gathered.patients()
        title, state, text, detail = outcome(
            LookupResult(criteria, patients, 0.0, tuple(sorted(silent)))
        )
        at = min(map(_at_of_query, queries))
        pending = any(q.status in {"created", "sent"} for q in queries)
        if state == "found":
            text = "Looked up"
        elif pending and self._client.server_now().timestamp() - at < _PATIENCE:
            state, text = "running", "Asking"
        elif silent >= pacs or pending:
            state, text = "failed", "No answer"
            detail = asked.fields_of(criteria)
        studies, series = _uids(patients)
        return HistoryEntry(
            entry_id=EntryId(key),
            kind=EntryKind.LOOKUP,
            title=clean(title),
            detail=clean(detail),
            at=at,
            state=state,
            state_text=text,
            request={
                **asked.to_request(criteria),
                "server": True,
                "studies": studies,
                "series": series,
            },
        )

    # --- runs --------------------------------------------------------------------

    async def _is_kept(self, run: PluginInstance) -> bool:
        there = run.deletion_status in {"", "inactive"}
        return there and await self._delivers(run.plugin_name, run.plugin_version)

    def _fetch(self, run: PluginInstance) -> HistoryEntry:
        title = clean(run.title) or run.plugin_name.removeprefix("pl-")
        state, text = state_of_run(run)
        return HistoryEntry(
            entry_id=EntryId(f"run-{self._tag}-{run.id}"),
            kind=EntryKind.REFERENCE,
            title=title,
            detail=words.join("Reference data", f"version {run.plugin_version}"),
            at=_seconds(run.start_date),
            state=state,
            state_text=text,
            brought=words.join("1 reference", words.size(run.size or None))
            if state == "ready"
            else "",
            request={
                "server": True,
                "plugin": run.plugin_name,
                "version": run.plugin_version,
                "instance": int(run.id),
                "feed": int(run.feed_id),
                "path": run.output_path,
            },
        )

    def _take_inputs(
        self, found: Found, run: PluginInstance, paths: Sequence[str]
    ) -> None:
        title, at = clean(run.title), _seconds(run.start_date)
        found.inputs += [
            FeedInputRow(
                account_key=self._account,
                instance_id=int(run.id),
                path=path,
                feed_id=int(run.feed_id),
                title=title,
                at=at,
            )
            for path in paths or [""]
        ]
        outputs = [path for path in paths if _OUTPUT.match(path)]
        if outputs:
            found.add(self._output(run, outputs))

    def _output(self, run: PluginInstance, paths: Sequence[str]) -> HistoryEntry:
        feeds = dict.fromkeys(
            match[1] for path in paths if (match := _OUTPUT.match(path))
        )
        of = "feed" if len(feeds) == 1 else "feeds"
        # by its paths: several feeds of the same output brought it in once
        digest = hashlib.sha256("\0".join(sorted(paths)).encode()).hexdigest()[:20]
        return HistoryEntry(
            entry_id=EntryId(f"output-{self._tag}-{digest}"),
            kind=EntryKind.OUTPUT,
            title=", ".join(dict.fromkeys(map(output_name, paths))),
            detail=f"Output of {of} {', '.join(feeds)}",
            at=_seconds(run.start_date),
            state="ready",
            state_text="Ready",
            brought=words.count(len(paths), "output"),
            request={"server": True, "paths_there": list(paths)},
        )

    # --- uploads -----------------------------------------------------------------

    def _upload(self, folder: Folder) -> HistoryEntry:
        name = folder.path.rpartition("/")[2]
        title = _DAY.sub("", name).replace("_", " ").strip()
        return HistoryEntry(
            entry_id=EntryId(f"upload-{self._tag}-{folder.id}"),
            kind=EntryKind.UPLOAD,
            title=clean(title) or name,
            detail="Upload · folder on the server",
            at=_seconds(folder.creation_date),
            state="ready",
            state_text="Ready",
            request={"server": True, "folder": folder.path},
        )

    def _loose(self, day: str, files: Sequence[StoredFile]) -> HistoryEntry:
        one = clean(files[0].name) if len(files) == 1 else ""
        total = sum(file.size for file in files)
        return HistoryEntry(
            entry_id=EntryId(f"loose-{self._tag}-{day}"),
            kind=EntryKind.UPLOAD,
            title=one or words.count(len(files), "single file"),
            detail="Upload · without a folder",
            at=max(_seconds(file.creation_date) for file in files),
            state="ready",
            state_text="Ready",
            brought=words.join(words.count(len(files), "file"), words.size(total)),
            request={"server": True, "paths_there": [file.path for file in files]},
        )

    def _span(self, name: str, since: float | None, until: float) -> dict[str, object]:
        return {
            "owner_username": self._user,
            f"min_{name}": None if since is None else _stamp(since),
            f"max_{name}": _stamp(until),
        }


def state_of_run(run: PluginInstance) -> tuple[str, str]:
    """Return state and words of a fetch as its run has them."""
    if run.status == "finishedSuccessfully":
        return "ready", "Ready"
    if run.status == "registeringFiles":
        return "registering", "Registering files"
    if run.status == "finishedWithError":
        return "failed", "Failed"
    if run.status == "cancelled":
        # a cancel with a code is a failure (cube-api trap 9)
        return ("failed", "Failed") if run.error_code else ("cancelled", "Cancelled")
    return "running", "Fetching"


def _uids(patients: Iterable[FoundPatient]) -> tuple[list[str], list[str]]:
    studies = [study for patient in patients for study in patient.studies]
    if len(studies) > _MOST_STUDIES:
        # too many to be asked for only to say how many of them are here
        return [], []
    series = [one.series_uid for study in studies for one in study.series]
    if len(series) > _MOST_SERIES:
        return [], []
    return [study.study_uid for study in studies], series


def _at_of_query(query: PacsQuery) -> float:
    return _seconds(query.creation_date)


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0.0


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
