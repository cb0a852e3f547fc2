"""PACS as CUBE sees them: lookups, retrieves, and series that are registered."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from chrislib.cube import reading
from chrislib.cube.errors import BadAnswer, Refused, ServerFault
from chrislib.cube.socket import ProgressSocket
from chrislib.cube.types import (
    Pacs,
    PacsQuery,
    PacsRetrieve,
    PacsSeries,
    QueryId,
)
from chrislib.cube.unpacking import unpack_list
from chrislib.cube.wire import Wire

QUERY_KEYS = frozenset(
    {
        "AccessionNumber",
        "AcquisitionProtocolDescription",
        "AcquisitionProtocolName",
        "InstanceNumber",
        "ModalitiesInStudy",
        "Modality",
        "PatientAge",
        "PatientBirthDate",
        "PatientID",
        "PatientName",
        "PatientSex",
        "PerformedStationAETitle",
        "ProtocolName",
        "SeriesDate",
        "SeriesDescription",
        "SeriesInstanceUID",
        "StudyDate",
        "StudyDescription",
        "StudyInstanceUID",
    }
)
"""What pfdcm understands. It ignores other keys, and a query of nothing else but
those would match the whole PACS."""

_BOGUS = "default"
_FEW_QUERIES = 25
_LOOK_SECONDS = (0.05, 0.1, 0.1, 0.2, 0.2, 0.4, 1.0)


class PacsApi:
    """``pacs/``. Every coroutine uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> tuple[Pacs, ...]:
        """Return the PACS from the net that can be asked.

        ``pacs/`` makes CUBE ask its lookup service each time and fails when that is
        down; ``pacs/search/`` answers from the database (trap 24). So the second is
        asked first, and the first only while nothing is known. The lookup service
        always names a PACS "default" that does not exist.
        """
        found = await self._all("pacs/search/")
        return found or await self._all("pacs/")

    async def refresh(self) -> tuple[Pacs, ...]:
        """Let CUBE look over the net for new PACS; what it knows if it cannot."""
        try:
            return await self._all("pacs/")
        except ServerFault:
            return await self._all("pacs/search/")

    async def query(
        self,
        pacs: Pacs,
        values: Mapping[str, str],
        *,
        title: str = "",
        description: str = "",
        seconds: float = 120.0,
    ) -> PacsQuery:
        """Ask one PACS over the net, and wait for what it says.

        Parameters
        ----------
        pacs : Pacs
            Whom to ask.
        values : mapping
            DICOM keywords of `QUERY_KEYS` with values as C-FIND takes them.
        title : str
            Unique per user and PACS (trap 25); "" makes one with a UUID.
        description : str
            For people who look at the server's list of queries.
        seconds : float
            How long to wait.

        Returns
        -------
        PacsQuery
            ``succeeded`` (without studies also when nothing listens behind the
            PACS, trap 24), ``errored``, or ``sent`` when time is up.

        Raises
        ------
        Refused
            The query would match the whole PACS, or has a key that is not known.
        """
        body = {
            "title": title or f"chrislib {uuid.uuid4()}",
            # a text that holds JSON, not an object (trap 13)
            "query": json.dumps(check_query(values), ensure_ascii=False),
            "description": description[:700],
        }
        asked = await self._wire.made(
            f"pacs/{pacs.id}/queries/", body, reading.pacs_query
        )
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        look = 0
        while asked.status not in ("succeeded", "errored") and clock() < deadline:
            await asyncio.sleep(_LOOK_SECONDS[min(look, len(_LOOK_SECONDS) - 1)])
            look += 1
            asked = await self.get_query(asked.id)
        return await _unpacked(asked)

    async def get_query(self, query_id: QueryId | int) -> PacsQuery:
        """Return one query from the net."""
        found = await self._wire.one(f"pacs/queries/{query_id}/", reading.pacs_query)
        return await _unpacked(found)

    async def queries(self, limit: int = 50) -> tuple[PacsQuery, ...]:
        """Return the latest queries from the net, of all who may use the PACS.

        Large results stay `PacsQuery.packed`.
        """
        found = await self._wire.get("pacs/queries/", {"limit": limit})
        rows = found.get("results") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise BadAnswer("The server's answer cannot be understood.")
        kept = []
        for row in rows:
            try:
                kept.append(reading.pacs_query(row))
            except reading.BadRow:
                self._wire.skipped_rows += 1
        return tuple(sorted(kept, key=lambda query: -query.id))

    async def stored(self, **filters: object) -> AsyncIterator[PacsQuery]:
        """Iterate over the net over the stored queries that fit, results unpacked.

        The filters are CUBE's; small pages, as every row has its whole result.
        """
        found = self._wire.items(
            "pacs/queries/search/",
            reading.pacs_query,
            params=filters,
            limit=_FEW_QUERIES,
        )
        async for query in found:
            yield await _unpacked(query)

    async def count_stored(self, **filters: object) -> int:
        """Return over the net how many stored queries fit."""
        return await self._wire.count("pacs/queries/search/", filters)

    async def retrieve(self, query_id: QueryId | int) -> PacsRetrieve:
        """Have everything that a query matches sent to the server, over the net.

        One POST, never repeated. The status stays ``sent`` for ever (trap 4), and a
        transfer that fails is reported nowhere: watch `progress_socket` and `series`.
        """
        return await self._wire.made(
            f"pacs/queries/{query_id}/retrieves/", {}, reading.pacs_retrieve
        )

    async def delete_query(self, query_id: QueryId | int) -> None:
        """Delete a query and its retrieves over the net; images stay."""
        await self._wire.delete(f"pacs/queries/{query_id}/")

    async def series(self, series_uid: str, *, pacs: str = "") -> PacsSeries | None:
        """Return a registered series from the net, None while there is none.

        Parameters
        ----------
        series_uid : str
            Series Instance UID.
        pacs : str
            Identifier; "" takes it from any PACS.
        """
        # an unknown filter would list everything (trap 12): check what comes back
        found = self._wire.items(
            "pacs/series/search/",
            _series_unless_deleted,
            params={"SeriesInstanceUID": series_uid},
        )
        async for series in found:
            if (
                series is not None
                and series.series_uid == series_uid
                and pacs in ("", series.pacs_identifier)
            ):
                return series
        return None

    async def all_series(self) -> AsyncIterator[PacsSeries]:
        """Iterate over the net over all series that are registered."""
        async for series in self._wire.items("pacs/series/", _series_unless_deleted):
            if series is not None:
                yield series

    async def series_of_study(self, study_uid: str) -> tuple[PacsSeries, ...]:
        """Return over the net the series of a study that are registered."""
        found = self._wire.items(
            "pacs/series/search/",
            _series_unless_deleted,
            params={"StudyInstanceUID": study_uid},
        )
        return tuple(
            [
                series
                async for series in found
                if series is not None and series.study_uid == study_uid
            ]
        )

    async def known_series(self, pacs: Pacs, limit: int = 3) -> tuple[PacsSeries, ...]:
        """Return over the net some series that a PACS has sent before."""
        found = await self._wire.get(f"pacs/{pacs.id}/series/", {"limit": limit})
        rows = found.get("results") if isinstance(found, dict) else None
        kept = []
        for row in rows if isinstance(rows, list) else []:
            try:
                series = _series_unless_deleted(row)
            except reading.BadRow:
                self._wire.skipped_rows += 1
                continue
            if series is not None:
                kept.append(series)
        return tuple(kept)

    async def series_file_count(self, series: PacsSeries) -> int:
        """Return over the net how many images of a series are registered."""
        folder_id: int | None = series.folder_id
        if folder_id is None:
            found = self._wire.items(
                "filebrowser/search/",
                reading.folder,
                params={"path": series.folder_path},
            )
            folder_id = next(
                iter([f.id async for f in found if f.path == series.folder_path]), None
            )
        if folder_id is None:
            return 0
        return await self._wire.count(f"filebrowser/{folder_id}/files/")

    def progress_socket(self) -> ProgressSocket:
        """Return a socket for news of retrieves; opened by ``async with``."""
        return ProgressSocket(self._wire)

    async def _all(self, path: str) -> tuple[Pacs, ...]:
        found = [pacs async for pacs in self._wire.items(path, reading.pacs)]
        return tuple(
            sorted(
                (p for p in found if p.identifier and p.identifier != _BOGUS),
                key=lambda p: p.identifier,
            )
        )


async def _unpacked(query: PacsQuery) -> PacsQuery:
    if not query.packed:
        return query
    return replace(query, studies=await unpack_list(query.packed), packed="")


def _series_unless_deleted(value: object) -> PacsSeries | None:
    if reading.Row(value).text("deletion_status", "inactive") == "pending":
        return None
    return reading.pacs_series(value)


def check_query(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that say something; refuse what would match everything.

    Raises
    ------
    Refused
        No value but wildcards, or a key a PACS lookup does not know.
    """
    kept = {key: value.strip() for key, value in values.items() if value.strip()}
    unknown = sorted(set(kept) - QUERY_KEYS)
    if unknown:
        raise Refused(
            "The PACS cannot be asked for this.",
            "Nothing was sent.",
            hint="Use patient, study or series fields.",
            fields=dict.fromkeys(unknown, "Not a field a PACS lookup knows."),
        )
    if not any(value.strip("*?") for value in kept.values()):
        raise Refused(
            "Say what to look for.",
            "Nothing was sent: without any criteria the whole PACS would answer.",
            hint="Enter a patient ID, a name or an accession number.",
            fields={"": "Enter at least one criterion."},
        )
    return kept
