"""Runs to be handed over: of a plugin and what it is given. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chrislib.cube.types import Plugin, PluginParameter
from chrislib.jobs.model import RunIntent


def run_of(
    plugin: Plugin, parameters: Mapping[str, str | int | float | bool]
) -> RunIntent:
    """Return a run of a plugin; what else is to be said of it, `replace` puts in."""
    return RunIntent(
        plugin_id=plugin.id,
        plugin_name=plugin.name,
        plugin_version=plugin.version,
        plugin_type=plugin.type,
        parameters=parameters,
    )


def copy_of(
    plugin: Plugin, parameters: Sequence[PluginParameter], paths: str
) -> RunIntent:
    """Return a run that links data into a new feed.

    Parameters
    ----------
    plugin : Plugin
        The one feeds are made with (``pl-dircopy``), which takes `parameters`.
    paths : str
        Places in the server's storage, by commas.
    """
    takes = (one.name for one in parameters if one.type in {"unextpath", "path"})
    return run_of(plugin, {next(takes, "dir"): paths})


def within(run: RunIntent, limits: Mapping[str, int | None]) -> RunIntent:
    """Return a run that may use so much (`chrislib.cube.types.LIMITS`)."""
    return replace(
        run,
        cpu_limit=limits.get("cpu_limit"),
        memory_limit=limits.get("memory_limit"),
        gpu_limit=limits.get("gpu_limit"),
        number_of_workers=limits.get("number_of_workers"),
    )
