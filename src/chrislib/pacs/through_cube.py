"""PACS lookup and pull through a CUBE."""

import asyncio
import itertools
import logging
import math
import uuid
from collections.abc import Callable, Iterator, Mapping

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import CubeError, Refused, ServerFault
from chrislib.cube.pacs import check_query
from chrislib.cube.types import Pacs, PacsQuery, PacsSeries
from chrislib.pacs.answers import Gathering
from chrislib.pacs.pull import Pull
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult, PullProgress

_log = logging.getLogger(__name__)

LOOKUP_TITLE = "chrislib lookup "
"""How the titles of lookups begin on the server, where they stay as history."""
STEP_TITLE = "chrislib step "
"""How the titles of one row's questions begin; they are deleted afterwards."""

_AT_ONCE = 4
_MOST_QUESTIONS = 500


class PacsService:
    """Looks up and pulls through one signed-in CUBE. Its coroutines use the net.

    They raise `CubeError`, and `pull` raises `PullStopped`.
    """

    def __init__(self, client: CubeClient) -> None:
        self._client = client

    async def archives(self) -> tuple[str, ...]:
        """Return from the net the identifiers of the PACS that can be asked."""
        return tuple(p.identifier for p in await self._client.pacs.list() if p.active)

    async def lookup(
        self,
        criteria: Criteria,
        *,
        found: Callable[[tuple[FoundPatient, ...]], None] | None = None,
        passing: bool = False,
    ) -> LookupResult:
        """Ask one or all PACS over the net for all combinations of the values.

        Parameters
        ----------
        criteria : Criteria
            What to look for.
        found : callable, optional
            Called on the event loop with everything found so far, after each answer.
        passing : bool
            It is a step of something larger: the server keeps no trace of it.

        Returns
        -------
        LookupResult
            `unreachable` names PACS that did not answer. (One with nothing behind it
            answers like one without a match: trap 24.)

        Raises
        ------
        Refused
            No criteria, unknown ones, a PACS the server does not know, or more than
            500 combinations.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        questions = _questions(criteria)
        archives = await self._asked(criteria.pacs)
        title = STEP_TITLE if passing else LOOKUP_TITLE
        gathered = Gathering()
        silent: set[str] = set()
        waiting = iter([(pacs, values) for values in questions for pacs in archives])

        async def ask(
            remaining: Iterator[tuple[Pacs, Mapping[str, str]]],
        ) -> None:
            for pacs, values in remaining:
                if pacs.identifier in silent:
                    continue
                try:
                    answer = await self._client.pacs.query(
                        pacs,
                        values,
                        title=f"{title}{uuid.uuid4()}",
                        description="" if passing else _described(values),
                    )
                    if passing:
                        await self._forget(answer)
                except ServerFault:
                    silent.add(pacs.identifier)
                    continue
                if answer.status != "succeeded":
                    silent.add(pacs.identifier)
                    continue
                gathered.add(pacs.identifier, answer.studies)
                if found is not None:
                    found(gathered.patients())

        try:
            async with asyncio.TaskGroup() as group:
                for number in range(_AT_ONCE):
                    group.create_task(ask(waiting), name=f"lookup {number}")
        except BaseExceptionGroup as failed:
            raise _first(failed) from failed
        return LookupResult(
            criteria=criteria,
            patients=gathered.patients(),
            seconds=clock() - started,
            unreachable=tuple(sorted(silent)),
        )

    async def pull(
        self,
        *,
        pacs: str,
        study_uid: str,
        series_uid: str,
        expected: int | None,
        progress: Callable[[PullProgress], None],
        stall_seconds: float = 60,
        sent: bool = False,
    ) -> PacsSeries:
        """Bring one series to the server over the net and wait until it is usable.

        What is registered already is returned at once; nothing is sent then. A pull
        that is cancelled here goes on on the server.

        Parameters
        ----------
        pacs : str
            Identifier of the PACS.
        study_uid, series_uid : str
            Which series.
        expected : int or None
            Images the PACS says it has; None takes it from the PACS.
        progress : callable
            Called on the event loop with each change. `PullStage.WAITING` comes
            right after the PACS was asked to send.
        stall_seconds : float
            Seconds without any news until the pull counts as stopped.
        sent : bool
            The PACS was asked before (and this program started again): watch, and
            ask again only when nothing comes.

        Raises
        ------
        PullStopped
            It stalled or fell short; says how many images are safe.
        """
        return await Pull(
            self._client,
            pacs=pacs,
            study_uid=study_uid,
            series_uid=series_uid,
            expected=expected,
            progress=progress,
            stall_seconds=stall_seconds,
        ).run(sent=sent)

    async def _forget(self, query: PacsQuery) -> None:
        try:
            await self._client.pacs.delete_query(query.id)
        except CubeError:
            # it stays in the server's list of queries, and harms nobody there
            _log.info("a passing query stays on the server")

    async def _asked(self, identifier: str) -> tuple[Pacs, ...]:
        known = await self._client.pacs.list()
        if not identifier:
            return tuple(pacs for pacs in known if pacs.active)
        chosen = tuple(pacs for pacs in known if pacs.identifier == identifier)
        if not chosen:
            raise Refused(
                "The server does not know this PACS.",
                "Nothing was sent.",
                hint="Choose another PACS, or all of them.",
                fields={"pacs": "Choose a PACS of this server."},
            )
        return chosen


def _questions(criteria: Criteria) -> list[Mapping[str, str]]:
    """Return one mapping per combination; a PACS takes one value per key."""
    kept = {
        key: tuple(dict.fromkeys(v.strip() for v in values if v.strip()))
        for key, values in criteria.values.items()
    }
    kept = {key: values for key, values in kept.items() if values}
    check_query({key: values[0] for key, values in kept.items()})
    if math.prod(map(len, kept.values())) > _MOST_QUESTIONS:
        raise Refused(
            "This asks for too many combinations at once.",
            "Nothing was sent.",
            hint=f"Leave {_MOST_QUESTIONS} combinations at most.",
            fields={"": f"At most {_MOST_QUESTIONS} combinations."},
        )
    return [
        dict(zip(kept, combination, strict=True))
        for combination in itertools.product(*kept.values())
    ]


def _described(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in values.items())


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error to show of several that happened at once."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves.append(_first(error) if isinstance(error, BaseExceptionGroup) else error)
    return next((e for e in leaves if not isinstance(e, CubeError)), leaves[0])
