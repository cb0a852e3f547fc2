"""PACS lookup and pull through a CUBE."""

import asyncio
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import Forbidden, Refused
from chrislib.cube.pacs import check_query
from chrislib.cube.types import Pacs, PacsSeries
from chrislib.pacs.errors import not_allowed
from chrislib.pacs.lookup import Alive, Lookup
from chrislib.pacs.pull import Pull
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult, PullProgress

_MOST_QUESTIONS = 500


class PacsService:
    """Looks up and pulls through one signed-in CUBE. Its coroutines use the net.

    They raise `CubeError`, and `pull` raises `PullStopped`.
    """

    def __init__(self, client: CubeClient) -> None:
        self._client = client
        self._alive = Alive()

    async def archives(self) -> tuple[str, ...]:
        """Return from the net the identifiers of the PACS that can be asked."""
        try:
            known = await self._client.pacs.list()
        except Forbidden as error:
            raise not_allowed(error) from error
        return tuple(p.identifier for p in known if p.active)

    async def lookup(
        self,
        criteria: Criteria,
        *,
        found: Callable[[tuple[FoundPatient, ...]], None] | None = None,
        passing: bool = False,
        key: str = "",
    ) -> LookupResult:
        """Ask one, several or all PACS over the net for all combinations of values.

        Parameters
        ----------
        criteria : Criteria
            What to look for.
        found : callable, optional
            Called on the event loop with the patients that are new or have more
            studies than before: each 100 of them, and ten times a second.
        passing : bool
            It is a step of something larger: the server keeps no trace of it.
        key : str
            Tells the queries that stay on the server to be of this lookup.

        Returns
        -------
        LookupResult
            With the PACS that did not answer, or whose silence proves nothing.

        Raises
        ------
        Refused
            No criteria, unknown ones, a PACS the server does not know, or more than
            500 combinations.
        Forbidden
            The account may not use the PACS of this server.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        questions = _questions(criteria)
        try:
            archives = await self._asked(criteria.archives)
            asking = Lookup(
                self._client,
                archives,
                found=found,
                passing=passing,
                alive=self._alive,
                key=key,
            )
            await asking.run(questions)
        except Forbidden as error:
            raise not_allowed(error) from error
        return LookupResult(
            criteria=criteria,
            patients=asking.gathered.patients(),
            seconds=clock() - started,
            unreachable=tuple(sorted(asking.silent)),
            unproven=tuple(sorted(asking.unproven)),
            service_down=asking.service_down,
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

    async def _asked(self, identifiers: Sequence[str]) -> tuple[Pacs, ...]:
        known = await self._client.pacs.list()
        if not identifiers:
            return tuple(pacs for pacs in known if pacs.active)
        unknown = set(identifiers) - {pacs.identifier for pacs in known}
        if unknown:
            raise Refused(
                f"The server does not know the PACS {', '.join(sorted(unknown))}.",
                "Nothing was sent.",
                hint="Choose another PACS, or all of them.",
                fields={"pacs": "Choose a PACS of this server."},
            )
        return tuple(pacs for pacs in known if pacs.identifier in identifiers)


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
