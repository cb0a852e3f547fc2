"""Pipelines, and workflows: runs of one."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence

from chrislib.cube import reading
from chrislib.cube.types import (
    InstanceId,
    Pipeline,
    Piping,
    PipingValue,
    PluginInstance,
    Workflow,
)
from chrislib.cube.wire import Wire


class WorkflowsApi:
    """``pipelines/`` and below. Everything uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def pipelines(
        self, *, name: str = "", name_exact: str = ""
    ) -> AsyncIterator[Pipeline]:
        """Iterate over the net over the pipelines the user may see."""
        return self._wire.items(
            "pipelines/search/",
            reading.pipeline,
            params={"name": name or None, "name_exact": name_exact or None},
        )

    async def pipeline(self, pipeline_id: int) -> Pipeline:
        """Return one pipeline from the net."""
        return await self._wire.one(f"pipelines/{pipeline_id}/", reading.pipeline)

    async def create_pipeline(
        self,
        name: str,
        nodes: Sequence[Mapping[str, object]],
        *,
        facts: Mapping[str, object] | None = None,
    ) -> Pipeline:
        """Make a pipeline over the net.

        Parameters
        ----------
        nodes : sequence of mapping
            ``title``, ``previous`` (a title or None), ``plugin_name`` and
            ``plugin_version``, ``plugin_parameter_defaults`` (a list of ``name`` and
            ``default``).
        facts : mapping, optional
            ``authors``, ``category``, ``description``, ``locked``.

        Raises
        ------
        Refused
            The name is taken, or the tree is none.
        ServerFault
            The name is taken on 6.11, which says so with a 500.
        """
        # The tree is text that holds JSON (trap 13).
        tree = json.dumps([dict(node) for node in nodes])
        body = {"name": name, **(facts or {}), "plugin_tree": tree}
        return await self._wire.made("pipelines/", body, reading.pipeline)

    async def pipings(self, pipeline_id: int) -> tuple[Piping, ...]:
        """Return from the net the nodes of a pipeline, parents first."""
        found = self._wire.items(f"pipelines/{pipeline_id}/pipings/", reading.piping)
        return tuple([piping async for piping in found])

    async def values(self, pipeline_id: int) -> tuple[PipingValue, ...]:
        """Return from the net the defaults of all nodes of a pipeline."""
        # each type is counted by itself: only the address tells rows apart
        found = self._wire.items(
            f"pipelines/{pipeline_id}/parameters/",
            reading.piping_value,
            identity="url",
        )
        return tuple([value async for value in found])

    async def unlock(self, pipeline_id: int) -> Pipeline:
        """Let all users see a pipeline (net); it cannot be locked again."""
        path = f"pipelines/{pipeline_id}/"
        return await self._wire.changed(path, {"locked": False}, reading.pipeline)

    async def delete_pipeline(self, pipeline_id: int) -> None:
        """Delete a pipeline over the net; what was run with it stays."""
        await self._wire.delete(f"pipelines/{pipeline_id}/")

    async def start(
        self,
        pipeline_id: int,
        previous_id: InstanceId | int,
        *,
        title: str = "",
        nodes: Sequence[Mapping[str, object]] = (),
    ) -> Workflow:
        """Run a pipeline under an instance by one POST that is never repeated (net).

        Parameters
        ----------
        nodes : sequence of mapping
            What differs from the pipeline, per ``piping_id``: ``title``,
            ``compute_resource_name``, ``plugin_parameter_defaults``.

        Raises
        ------
        Refused
            `fields` says why.
        ServerUnreachable
            ``sent`` in its context says whether a workflow may have been made.
        """
        body: dict[str, object] = {"previous_plugin_inst_id": int(previous_id)}
        if title:
            body["title"] = title[:100]
        if nodes:
            body["nodes_info"] = json.dumps([dict(node) for node in nodes])
        path = f"pipelines/{pipeline_id}/workflows/"
        return await self._wire.made(path, body, reading.workflow)

    async def get(self, workflow_id: int) -> Workflow:
        """Return one workflow with its counts from the net."""
        path = f"pipelines/workflows/{workflow_id}/"
        return await self._wire.one(path, reading.workflow)

    def search(self, **filters: object) -> AsyncIterator[Workflow]:
        """Iterate over the net over workflows; the filters are CUBE's."""
        return self._wire.items(
            "pipelines/workflows/search/", reading.workflow, params=filters
        )

    async def instances(self, workflow_id: int) -> tuple[PluginInstance, ...]:
        """Return from the net the instances of a workflow, as many as there are."""
        path = f"pipelines/workflows/{workflow_id}/plugininstances/"
        found = self._wire.items(path, reading.instance)
        return tuple([instance async for instance in found])

    async def delete(self, workflow_id: int) -> None:
        """Forget a workflow over the net; CUBE cancels its instances that run."""
        await self._wire.delete(f"pipelines/workflows/{workflow_id}/")
