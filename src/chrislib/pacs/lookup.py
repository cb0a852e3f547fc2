"""One lookup: every question to every PACS, a few at a time, answers as they come."""

import asyncio
import itertools
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence

from chrislib.aio import Breather, several
from chrislib.cube.client import CubeClient
from chrislib.cube.errors import CubeError, Forbidden, ServerFault
from chrislib.cube.types import Pacs, PacsQuery
from chrislib.pacs.answers import Gathering
from chrislib.pacs.types import FoundPatient

_log = logging.getLogger(__name__)

LOOKUP_TITLE = "chrislib lookup "
"""How the titles of lookups begin on the server, where they stay as history: their
key and the number of the question follow."""
STEP_TITLE = "chrislib step "
"""How the titles of one row's questions begin; they are deleted afterwards."""

_AT_ONCE = 4
_TELL_SECONDS = 0.1
_ALIVE_SECONDS = 300.0
_DEAD_SECONDS = 30.0


class Alive:
    """Which PACS have shown lately that they answer, and which that they do not."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[bool | None, float]] = {}

    def note(self, pacs: str, answers: bool | None) -> None:
        """Note what a PACS has shown; None that nothing can show it."""
        self._seen[pacs] = (answers, _now())

    def known(self, pacs: str) -> tuple[bool | None, bool]:
        """Return what is known of a PACS, and whether that is fresh."""
        answers, at = self._seen.get(pacs, (None, float("-inf")))
        lasts = _ALIVE_SECONDS if answers else _DEAD_SECONDS
        return answers, _now() - at < lasts


class Lookup:
    """Asks, and gathers; used once.

    Attributes
    ----------
    gathered : Gathering
    silent : set of str
        PACS that did not answer.
    unproven : set of str
        PACS that found nothing, of which nobody can tell whether they answer.
    service_down : bool
        The server could not reach its lookup service.
    """

    def __init__(
        self,
        client: CubeClient,
        archives: Sequence[Pacs],
        *,
        found: Callable[[tuple[FoundPatient, ...]], None] | None,
        passing: bool,
        alive: Alive,
        key: str = "",
    ) -> None:
        self._api = client.pacs
        self._archives = archives
        self._found = found
        self._passing = passing
        self._key = key or str(uuid.uuid4())
        self._asked = itertools.count(1)
        self._alive = alive
        self._told_at = float("-inf")
        self._gave: set[str] = set()
        self.gathered = Gathering()
        self.silent: set[str] = set()
        self.unproven: set[str] = set()
        self.service_down = False

    async def run(self, questions: Sequence[Mapping[str, str]]) -> None:
        """Ask every PACS every question (network)."""
        waiting = [(pacs, values) for values in questions for pacs in self._archives]
        await several(waiting, self._work, at_once=_AT_ONCE)
        quiet = [
            pacs
            for pacs in self._archives
            if pacs.identifier not in self.silent | self._gave
        ]
        await several(quiet, self._prove, at_once=_AT_ONCE)
        self._tell(force=True)

    async def _work(self, question: tuple[Pacs, Mapping[str, str]]) -> None:
        pacs, values = question
        if pacs.identifier in self.silent:
            return
        answer = await self._ask(pacs, values)
        if answer is None:
            self.silent.add(pacs.identifier)
            return
        if answer.studies:
            self._gave.add(pacs.identifier)
            self._alive.note(pacs.identifier, True)
        await self._take(pacs.identifier, answer)

    async def _ask(self, pacs: Pacs, values: Mapping[str, str]) -> PacsQuery | None:
        # a title is unique per user and PACS (cube-api trap 25); what is kept is
        # told to be one lookup by its key
        title = f"{LOOKUP_TITLE}{self._key} {next(self._asked)}"
        if self._passing:
            title = f"{STEP_TITLE}{uuid.uuid4()}"
        try:
            answer = await self._api.query(
                pacs,
                values,
                title=title,
                description="" if self._passing else _described(values),
            )
        except ServerFault:
            return None
        if self._passing:
            await self._forget(answer)
        if answer.status == "errored":
            # CUBE says so only after its lookup service did not answer five times
            self.service_down = True
        return answer if answer.status == "succeeded" else None

    async def _take(self, pacs: str, answer: PacsQuery) -> None:
        breather = Breather()
        for study in answer.studies:
            self.gathered.add(pacs, (study,))
            self._tell()
            await breather.rest()
        self._tell(force=True)

    def _tell(self, *, force: bool = False) -> None:
        if self._found is None or not (
            force or _now() - self._told_at >= _TELL_SECONDS
        ):
            return
        changed = self.gathered.changed()
        if changed:
            self._told_at = _now()
            self._found(changed)

    async def _prove(self, pacs: Pacs) -> None:
        """Find out whether a PACS that found nothing answers at all."""
        answers, fresh = self._alive.known(pacs.identifier)
        if not fresh:
            answers = await self._answers(pacs)
            self._alive.note(pacs.identifier, answers)
        if answers is None:
            self.unproven.add(pacs.identifier)
        elif not answers:
            self.silent.add(pacs.identifier)

    async def _answers(self, pacs: Pacs) -> bool | None:
        """Ask for what a PACS has sent before; None where it never sent anything."""
        try:
            known = await self._api.known_series(pacs)
        except Forbidden:
            raise
        except CubeError:
            return None
        for series in known:
            values = {
                "StudyInstanceUID": series.study_uid,
                "SeriesInstanceUID": series.series_uid,
            }
            kept = {key: value for key, value in values.items() if value}
            if not kept:
                continue
            try:
                answer = await self._api.query(
                    pacs, kept, title=f"{STEP_TITLE}{uuid.uuid4()}"
                )
            except ServerFault:
                return False
            await self._forget(answer)
            if answer.studies:
                return True
        return False if known else None

    async def _forget(self, query: PacsQuery) -> None:
        try:
            await self._api.delete_query(query.id)
        except CubeError:
            # it stays in the server's list of queries, and harms nobody there
            _log.info("a passing query stays on the server")


def _described(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in values.items())


def _now() -> float:
    return asyncio.get_running_loop().time()
