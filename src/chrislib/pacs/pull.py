"""Bringing one series from a PACS to the server, and watching it arrive."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import CubeError, Forbidden, ServerFault, ServerUnreachable
from chrislib.cube.socket import Count, Done, Event, Problem, ProgressSocket
from chrislib.cube.types import PacsSeries, QueryId
from chrislib.pacs.answers import number_of, text_of
from chrislib.pacs.errors import PullStopped
from chrislib.pacs.types import PullProgress, PullStage

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

HELPER_TITLE = "chrislib pull "
"""How the titles of helper queries begin; they are deleted afterwards."""

_LOOKS = (0.1, 0.1, 0.2, 0.2, 0.4, 0.4, 1.0)
_LOOK_WHILE_RECEIVING = 2.0
_REOPEN_SECONDS = 5.0
_AWAY_SECONDS = 10.0
_BLIND_FACTOR = 5
_BLIND_SECONDS_PER_IMAGE = 0.5
_CLEANUP_SECONDS = 5.0


class Pull:
    """One pull of one series, used once. Its coroutines use the net.

    Parameters
    ----------
    client : CubeClient
        Signed in.
    pacs : str
        Identifier of the PACS.
    study_uid, series_uid : str
        Which series.
    expected : int or None
        Images the PACS says it has.
    progress : callable
        Called on the event loop with each change.
    stall_seconds : float
        Seconds without any news until it counts as stopped.
    """

    def __init__(
        self,
        client: CubeClient,
        *,
        pacs: str,
        study_uid: str,
        series_uid: str,
        expected: int | None,
        progress: Callable[[PullProgress], None],
        stall_seconds: float,
    ) -> None:
        self._api = client.pacs
        self._pacs = pacs
        self._study_uid = study_uid
        self._series_uid = series_uid
        self._expected = expected
        self._progress = progress
        self._stall = stall_seconds
        self._received = 0
        self._problems = 0
        self._last: PullProgress | None = None
        self._news_at = self._now()
        self._trouble: CubeError | None = None
        self._away_since: float | None = None
        self._socket: ProgressSocket | None = None
        self._socket_refused = False
        self._reopen_at = 0.0
        self._query: QueryId | None = None

    async def run(self, *, sent: bool) -> PacsSeries:
        """Bring the series and return it once all of it is registered.

        With `sent` the server was asked earlier (before a restart): it is asked again
        only when nothing comes.
        """
        there = await self._api.series(self._series_uid, pacs=self._pacs)
        if there is not None:
            # a retrieve would transfer it again and change nothing
            return self._ready(there, await self._api.series_file_count(there))
        try:
            await self._open_socket()
            if sent:
                self._tell(PullStage.WAITING)
                found = await self._receive(patience=min(self._stall, 15.0))
                if found is None and not self._received:
                    await self._ask()
                    found = await self._receive()
            else:
                await self._ask()
                found = await self._receive()
            return await self._registered(found)
        finally:
            await self._clean_up()

    async def _ask(self) -> None:
        """Post one query for exactly this series, then its retrieve."""
        known = {pacs.identifier: pacs for pacs in await self._api.list()}
        if self._pacs not in known:
            known = {pacs.identifier: pacs for pacs in await self._api.refresh()}
        if self._pacs not in known:
            raise self._stopped(
                "The server does not know this PACS any more.",
                hint="Look the series up again, in a PACS the server has.",
            )
        asked = await self._api.query(
            known[self._pacs],
            {
                "StudyInstanceUID": self._study_uid,
                "SeriesInstanceUID": self._series_uid,
            },
            title=f"{HELPER_TITLE}{uuid.uuid4()}",
            description="One series that chrislib pulls; deleted afterwards",
        )
        self._query = asked.id
        if asked.status != "succeeded":
            raise self._stopped(
                "The PACS cannot be reached.",
                hint="Retry; if it stays so, tell whoever runs the PACS.",
            )
        if not asked.studies:
            raise self._stopped(
                "The PACS did not answer with this series.",
                hint="It may have been deleted there, or the PACS is down. "
                "Look it up again.",
            )
        if self._expected is None:
            self._expected = _images(asked.studies, self._series_uid)
        try:
            retrieve = await self._api.retrieve(asked.id)
        except ServerUnreachable as error:
            if error.context.get("sent") == "no":
                raise
            # it may have been taken: what arrives will tell
            self._trouble = error
        else:
            if retrieve.status == "errored":
                raise self._stopped(
                    "The PACS did not take the request.",
                    hint="Retry; if it stays so, tell whoever runs the server.",
                )
        self._heard()
        self._tell(PullStage.WAITING)

    async def _receive(self, patience: float | None = None) -> PacsSeries | None:
        """Watch images arrive until all are there.

        Returns the series if it turned up registered, None when the transfer ended
        (or, with `patience`, when that many seconds brought nothing).
        """
        while True:
            waited = self._now() - self._news_at
            quick = patience is not None and not self._received
            limit = patience if quick and patience is not None else self._limit()
            if waited >= limit:
                if quick:
                    return None
                raise self._trouble or self._stopped(
                    "The PACS stopped sending images.",
                    hint="Retry: the pull starts again for this series.",
                )
            event = await self._next(min(limit - waited, self._look_every()))
            if isinstance(event, Done):
                return None
            if isinstance(event, Count) and event.images > self._received:
                self._received = event.images
                self._tell(PullStage.RECEIVING)
            if isinstance(event, Problem):
                self._problems += 1
                _log.warning("an image of a pull could not be stored")
            if event is None:
                # news are lost while the socket is down, and it has no replay
                found = await self._look()
                if found is not None:
                    return found
                await self._reopen()

    async def _registered(self, found: PacsSeries | None) -> PacsSeries:
        """Wait until the series and all its images are in the server's database.

        "Done" only says that the transfer ended; registering is a task of its own
        (trap 5).
        """
        self._heard()
        self._tell(PullStage.REGISTERING)
        count = -1
        wanted = max(self._received, 1)
        look = 0
        while True:
            if found is None:
                found = await self._look()
            if found is not None:
                now = await self._patiently(
                    self._api.series_file_count(found), default=count
                )
                if now != count:
                    count = now
                    self._heard()
                if count >= max(wanted, self._expected or 0):
                    return self._ready(found, count)
                if self._received and count >= self._received:
                    raise self._short(found, count)
            if self._now() - self._news_at >= self._stall:
                if found is not None and count > 0:
                    raise self._short(found, count)
                raise self._trouble or self._stopped(
                    "The images arrived, but the server has not registered them.",
                    hint="Retry in a while: what is registered then is not sent again.",
                )
            await asyncio.sleep(min(_LOOKS[min(look, len(_LOOKS) - 1)], self._stall))
            look += 1

    async def _next(self, seconds: float) -> Event | None:
        """Return the next news of this series, None when there is none in time."""
        if self._socket is None:
            await asyncio.sleep(seconds)
            return None
        try:
            async with asyncio.timeout(seconds):
                event = await self._socket.next_event()
        except TimeoutError:
            return None
        except CubeError as error:
            self._trouble = error if isinstance(error, ServerUnreachable) else None
            await self._close_socket()
            return None
        self._heard()
        return event if event.series_uid in ("", self._series_uid) else None

    async def _look(self) -> PacsSeries | None:
        return await self._patiently(
            self._api.series(self._series_uid, pacs=self._pacs), default=None
        )

    async def _patiently(self, asking: Awaitable[_T], *, default: _T) -> _T:
        """Let looks fail while the server is away for a moment, not for longer.

        Nothing is lost by giving up: the server goes on, and the pull is taken up
        again once it can be reached.
        """
        try:
            answer = await asking
        except (ServerUnreachable, ServerFault) as error:
            self._trouble = error
            self._away_since = self._away_since or self._now()
            if self._now() - self._away_since >= min(self._stall, _AWAY_SECONDS):
                raise
            return default
        self._trouble = self._away_since = None
        return answer

    async def _open_socket(self) -> None:
        socket = self._api.progress_socket()
        try:
            await socket.__aenter__()
            self._socket = socket
            await socket.subscribe(self._pacs, self._series_uid)
        except Forbidden:
            # it will not be granted later either: look from time to time instead
            self._socket_refused = True
            await self._close_socket()
        except (ServerUnreachable, ServerFault):
            await self._close_socket()
        except BaseException:
            await self._close_socket()
            raise

    async def _reopen(self) -> None:
        if self._socket is None and not self._socket_refused:
            if self._now() < self._reopen_at:
                return
            self._reopen_at = self._now() + min(_REOPEN_SECONDS, self._stall / 4)
            await self._open_socket()

    async def _close_socket(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.__aexit__(None, None, None)

    async def _clean_up(self) -> None:
        await self._close_socket()
        if self._query is None:
            return
        try:
            async with asyncio.timeout(_CLEANUP_SECONDS):
                await self._api.delete_query(self._query)
        except (CubeError, TimeoutError):
            _log.warning("a helper query stays on the server")

    def _ready(self, series: PacsSeries, count: int) -> PacsSeries:
        self._received = count
        self._tell(PullStage.READY)
        return series

    def _short(self, series: PacsSeries, count: int) -> PullStopped:
        self._received = count
        title = "The PACS sent fewer images than it said it has."
        if self._problems:
            title = f"The server could not store {self._problems:,} of the images."
        return self._stopped(
            title,
            hint="What arrived can be used. Whoever runs the server can delete the "
            "series there; after that it can be pulled again.",
            series=series,
        )

    def _stopped(
        self, title: str, *, hint: str, series: PacsSeries | None = None
    ) -> PullStopped:
        return PullStopped(
            title,
            received=self._received,
            expected=self._expected,
            hint=hint,
            series=series,
        )

    def _limit(self) -> float:
        if self._socket is not None:
            return self._stall
        # without the socket nothing is seen until the end
        blind = _BLIND_SECONDS_PER_IMAGE * (self._expected or 0)
        return max(self._stall * _BLIND_FACTOR, blind)

    def _look_every(self) -> float:
        return min(_LOOK_WHILE_RECEIVING, self._stall / 3)

    def _heard(self) -> None:
        self._news_at = self._now()

    def _tell(self, stage: PullStage) -> None:
        news = PullProgress(stage=stage, received=self._received, total=self._expected)
        if news != self._last:
            self._last = news
            self._progress(news)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _images(studies: tuple[Mapping[str, object], ...], series_uid: str) -> int | None:
    for study in studies:
        rows = study.get("series")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, Mapping) and (
                text_of(row, "SeriesInstanceUID") == series_uid
            ):
                return number_of(text_of(row, "NumberOfSeriesRelatedInstances"))
    return None
