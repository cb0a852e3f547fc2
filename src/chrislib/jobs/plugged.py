"""Puts the plug-ins and what follows their jobs together for the job manager."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from chrislib.catalog.catalog import Catalog
from chrislib.desktop.toast import Toast
from chrislib.jobs.backends.base import TransferBackend
from chrislib.jobs.backends.slots import Slots
from chrislib.jobs.clock import Clock
from chrislib.jobs.extensions import SINKS, Connection, Extensions
from chrislib.jobs.model import Kind
from chrislib.jobs.outputs.logkeeper import LogKeeper
from chrislib.jobs.pace import Pace
from chrislib.jobs.protocols import ServiceError
from chrislib.jobs.services import Services
from chrislib.jobs.serving.calls import PluginFault, guarded
from chrislib.jobs.store import JobStore

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient
    from chrislib.jobs.backends.pull import PullService

SERVED = frozenset({Kind.WORKFLOW, Kind.PROGRAM, Kind.SERVICE})
"""Kinds of jobs that `Services` follows."""
_OPTIONS = "plugin."
"""Settings of plug-ins in the catalog: ``plugin.<name>.<option>``."""

_SINK_SECONDS = 10.0

Secret = Callable[[str], Awaitable[str | None]]


async def no_secret(_account: str) -> str | None:
    """Return no secret: there is no keyring here."""
    return None


def make_extensions(
    catalog: Catalog,
    clock: Clock,
    *,
    client_for: "Callable[[], CubeClient | None]",
    pacs: "Callable[[], PullService | None]",
    slots: Slots,
    stall_seconds: float,
    secret: Secret,
) -> Extensions:
    """Return the plug-ins of this installation, not loaded yet."""

    async def options() -> Mapping[str, str]:
        found = await catalog.settings_kv.with_prefix(_OPTIONS)
        return {key.removeprefix(_OPTIONS): value for key, value in found.items()}

    async def set_option(name: str, value: str) -> None:
        await catalog.settings_kv.set(f"{_OPTIONS}{name}", value)

    connection = Connection(
        client=client_for,
        pacs=pacs,
        table=catalog.jobs,
        slots=slots,
        stall_seconds=stall_seconds,
        deidentify=catalog.deidentify,
    )
    return Extensions(
        connection=connection,
        clock=clock,
        folder=catalog.folder / "plugins",
        options=options,
        set_option=set_option,
        secret=secret,
    )


def make_services(
    catalog: Catalog,
    clock: Clock,
    *,
    extensions: Extensions,
    store: JobStore,
    logs: LogKeeper,
    pace: Pace,
    is_paused: Callable[[str], bool],
) -> Services:
    """Return what follows the jobs of plug-ins and of local programs."""
    return Services(
        extensions=extensions,
        store=store,
        table=catalog.jobs,
        retention=catalog.retention,
        clock=clock,
        pace=pace,
        folder=catalog.folder / "plugins",
        keep_log=logs.keep,
        is_paused=is_paused,
    )


class PluggedSinks:
    """Shows a toast wherever plug-ins show toasts, behind a guard.

    Parameters
    ----------
    extensions : Extensions
    clock : Clock
    """

    def __init__(self, extensions: Extensions, clock: Clock) -> None:
        self._extensions = extensions
        self._clock = clock

    async def show(self, toast: Toast) -> bool:
        """Show it in every sink of a plug-in; True if one of them could."""
        shown = False
        for name, sink in tuple(self._extensions.sinks.items()):
            try:
                answer = await guarded(
                    sink.show(toast), clock=self._clock, limit=_SINK_SECONDS, name=name
                )
            except (PluginFault, ServiceError) as error:
                self._extensions.quarantine(SINKS, name, reason=str(error))
            else:
                shown = shown or answer is not False
        return shown


def carriers(
    extensions: Extensions,
) -> Mapping[Kind, Callable[[], TransferBackend | None]]:
    """Return what carries transfers out with the present connection."""

    def carrier(name: str) -> Callable[[], TransferBackend | None]:
        return lambda: extensions.carrier(name)

    kinds = {Kind.PULL: "pull", Kind.UPLOAD: "upload", Kind.DOWNLOAD: "download"}
    return {kind: carrier(name) for kind, name in kinds.items()}
