"""What a run was made from, so that its result is not put beside something else.

A fingerprint is taken when a run is handed over: the node before it, its parameters,
the files it reads with their sizes, and what the Library held of its items. When the
result comes, the same is looked at again; what differs is told before anything is put
in place.
"""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from chrislib.catalog.library import ItemTable
from chrislib.catalog.results import ResultTable
from chrislib.cube.errors import CubeError, Forbidden, NotFound
from chrislib.jobs.model import Job, JobKey, RunIntent
from chrislib.jobs.polling.through import Through, directly
from chrislib.jobs.steps import Tracked

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

MOST = 1000
"""Input files that are compared one by one; more are not looked at."""
_ROOTS = ("home/", "SERVICES/", "PIPELINES/", "PUBLIC/", "SHARED/")


@dataclass(frozen=True, slots=True)
class StateFingerprint:
    """The state a run was made from.

    Attributes
    ----------
    parameters : mapping of str to str
        As given, in one spelling.
    inputs : mapping of str to int, or None
        Size in bytes by ``path#id``; None when it is not known (the parent had not
        ended, or there are more than `MOST`).
    workspace : mapping of str to str
        What the Library held of the run's items, by item id.
    """

    previous_id: int | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, int] | None = None
    workspace: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A short name of the whole state: equal states, equal names."""
        text = json.dumps(asdict(self), sort_keys=True, default=dict)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> str:
        """Return it as the catalog keeps it."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "StateFingerprint | None":
        """Return what `to_json` wrote, None for anything else."""
        try:
            data = json.loads(text) if text else None
            if not isinstance(data, dict):
                return None
            inputs = data.get("inputs")
            return cls(
                previous_id=data.get("previous_id"),
                parameters=_texts(data.get("parameters")),
                inputs=(
                    {str(k): int(v) for k, v in inputs.items()}
                    if isinstance(inputs, dict)
                    else None
                ),
                workspace=_texts(data.get("workspace")),
            )
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was: "" for what was or is not there.

    Attributes
    ----------
    what : str
        "node before", "parameter", "input file", "library item" or "local file".
    """

    what: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has changed since a run was submitted, as data for a dialog.

    Attributes
    ----------
    known : bool
        Whether the state at submission is known at all.
    inputs_compared : bool
        False when the input files could not be compared.
    """

    known: bool
    differences: tuple[Difference, ...] = ()
    inputs_compared: bool = False

    @property
    def same(self) -> bool:
        """Whether nothing is known to have changed."""
        return not self.differences


def differences(
    then: StateFingerprint, now: StateFingerprint
) -> tuple[Difference, ...]:
    """Return what two states do not share; only what both know is compared."""
    found: list[Difference] = []
    if then.previous_id != now.previous_id:
        found.append(
            Difference(
                "node before", "", _number(then.previous_id), _number(now.previous_id)
            )
        )
    found += _changed("parameter", then.parameters, now.parameters)
    if then.inputs is not None and now.inputs is not None:
        found += _changed(
            "input file",
            {name: f"{size:,} bytes" for name, size in then.inputs.items()},
            {name: f"{size:,} bytes" for name, size in now.inputs.items()},
        )
    found += _changed("library item", then.workspace, now.workspace)
    return tuple(found)


class Fingerprints:
    """Takes fingerprints and compares them.

    Parameters
    ----------
    table : ResultTable
    items : ItemTable
        The Library, whose items count as workspace.
    client_of : callable
        The connection of an account, or None.
    through : Through
        How requests are sent.
    """

    def __init__(
        self,
        table: ResultTable,
        items: ItemTable,
        *,
        client_of: Callable[[int], "CubeClient | None"],
        through: Through = directly,
    ) -> None:
        self._through = through
        self._table = table
        self._items = items
        self._client_of = client_of
        self._open: set[str] = set()

    async def load(self) -> None:
        """Read which runs of earlier starts lack their input files (disk)."""
        self._open.update(await self._table.without_inputs())

    def lacks_inputs(self, key: JobKey) -> bool:
        """Whether a run's fingerprint waits for its input files."""
        return key in self._open

    async def remember(self, made: Sequence[Tracked]) -> None:
        """Keep what is known here of new runs, before they are sent (disk)."""
        found = []
        for tracked in made:
            intent = tracked.job.intent
            if isinstance(intent, RunIntent):
                state = StateFingerprint(
                    previous_id=intent.previous_id,
                    parameters=plain_values(intent.parameters),
                    workspace=await self._workspace(intent.item_ids),
                )
                found.append((tracked.job.key, state.to_json()))
        if found:
            await self._table.save_fingerprints(found)
            self._open.update(key for key, _ in found)

    async def of(self, job: Job) -> StateFingerprint | None:
        """Return the state a run was made from, None when it is not known (disk)."""
        return StateFingerprint.from_json(await self._table.fingerprint(job.key))

    async def complete(self, job: Job) -> None:
        """Add the input files once the run has started on them (network, disk)."""
        self._open.discard(job.key)
        state = await self.of(job)
        if state is None or state.inputs is not None:
            return
        inputs = await self._through(
            job.account_id, lambda: self._inputs(job), paced=True
        )
        if inputs is not None:
            text = replace(state, inputs=inputs).to_json()
            await self._table.save_fingerprints([(job.key, text)])

    async def compare(self, job: Job, *, asked: bool = False) -> Comparison:
        """Look at the same things again (network, disk).

        Parameters
        ----------
        asked : bool
            A person waits for it: it is not paced.

        Raises
        ------
        CubeError
            The server cannot be asked.
        """
        return await self._through(
            job.account_id, lambda: self._compared(job), paced=not asked
        )

    async def _compared(self, job: Job) -> Comparison:
        then = await self.of(job)
        intent = job.intent
        if then is None or not isinstance(intent, RunIntent):
            return Comparison(known=False)
        inputs = await self._inputs(job) if then.inputs is not None else None
        now = StateFingerprint(
            previous_id=job.previous_id
            if job.remote_id is not None
            else intent.previous_id,
            parameters=await self._given(job, then),
            inputs=inputs,
            workspace=await self._workspace(intent.item_ids, then.workspace),
        )
        return Comparison(
            known=True,
            differences=differences(then, now),
            inputs_compared=inputs is not None,
        )

    async def _given(self, job: Job, then: StateFingerprint) -> Mapping[str, str]:
        client = self._client_of(job.account_id)
        if client is None or job.remote_id is None:
            return then.parameters
        try:
            given = plain_values(await client.instances.parameters(job.remote_id))
        except (Forbidden, NotFound):
            return then.parameters
        return given

    async def _workspace(
        self, item_ids: Iterable[str], then: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        found = {}
        for item_id in item_ids if then is None else then:
            row = await self._items.get(item_id)
            # What has no files yet is brought by the run: that will change.
            if then is None and (row is None or not row.path):
                continue
            found[item_id] = (
                f"{row.images or 0} images, {row.path}" if row is not None else "gone"
            )
        return found

    async def _inputs(self, job: Job) -> dict[str, int] | None:
        """Return the files a run reads; None for too many or when none is told."""
        client = self._client_of(job.account_id)
        intent = job.intent
        if client is None or not isinstance(intent, RunIntent):
            return None
        found: dict[str, int] = {}
        try:
            for place in await self._places(client, intent):
                async with aclosing(client.files.walk(place)) as entries:
                    async for entry in entries:
                        file = entry.file
                        found[f"{file.path}#{file.id}"] = file.size
                        if len(found) > MOST:
                            return None
        except (Forbidden, NotFound):
            # What is gone is a difference, not an error.
            return found
        return found

    async def _places(self, client: "CubeClient", intent: RunIntent) -> list[str]:
        parents: list[int] = []
        if intent.plugin_type == "ts":
            listed = str(intent.parameters.get("plugininstances", ""))
            parents = [int(p) for p in listed.split(",") if p.strip().isdigit()]
        if not parents and intent.previous_id is not None:
            parents = [intent.previous_id]
        places: list[str] = [
            (await client.instances.get(parent)).output_path for parent in parents
        ]
        for value in intent.parameters.values():
            for part in str(value).split(","):
                if part.strip("/ ").startswith(_ROOTS):
                    places.append(part.strip("/ "))
        return places


async def quietly(work: Awaitable[None]) -> None:
    """Await what must never stop a run; what is missing is simply not compared."""
    try:
        await work
    except CubeError as error:
        _log.info("the inputs of a run were not noted: %s", type(error).__name__)


def plain_values(values: Mapping[str, object]) -> dict[str, str]:
    """Return parameters in one spelling: the server writes numbers its own way."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> str:
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        return repr(float(text))
    except ValueError:
        return text.strip("/")


def _changed(
    what: str, then: Mapping[str, str], now: Mapping[str, str]
) -> list[Difference]:
    return [
        Difference(what, name, then.get(name, ""), now.get(name, ""))
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(k): str(v) for k, v in value.items()}
