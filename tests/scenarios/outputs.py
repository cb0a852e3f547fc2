"""Runs with outputs, for tests of what becomes of them."""

from typing import Any

from chrislib.jobs.model import JobKey, Phase, RunIntent


async def finished(sim: Any, *, files: dict[str, bytes] | None = None) -> JobKey:
    """Return the key of a run that has finished, with outputs on the server."""
    feed = sim.server.add_feed()
    root = sim.server.add_run(feed, status="finishedSuccessfully", plugin="pl-dircopy")
    run = sim.server.add_run(feed, status="started", previous_id=root, folders=True)
    for name, content in (files or {"a.txt": b"output"}).items():
        sim.server.add_file(run, name, content)
    await sim.start()
    key = await sim.follow(run)
    sim.server.set(run, "registeringFiles")
    sim.server.set(run, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    return JobKey(key)


async def submitted(sim: Any, parameters: dict[str, Any]) -> tuple[JobKey, int]:
    """Submit a run below a finished one; returns its key and its parent."""
    feed = sim.server.add_feed()
    parent = sim.server.add_run(
        feed, status="finishedSuccessfully", plugin="pl-dircopy", folders=True
    )
    sim.server.add_file(parent, "in.txt", b"as it was")
    await sim.start()
    job = await sim.jobs.submit_now(
        RunIntent(
            plugin_id=sim.server.plugin_id(),
            plugin_name="pl-simpledsapp",
            plugin_version="2.1.3",
            plugin_type="ds",
            parameters=parameters,
            previous_id=parent,
            feed_id=feed,
        )
    )
    return job.key, parent


async def ends_well(sim: Any, key: Any, files: dict[str, bytes]) -> None:
    """Let a run finish with outputs."""
    run = sim.job(key).remote_id
    sim.server.set(run, "started")
    await sim.until(lambda: sim.job(key).phase is Phase.RUNNING)
    await sim.sleep(5)
    sim.server.store.ensure_folder(sim.server.run(run)["output_path"], "local")
    for name, content in files.items():
        sim.server.add_file(run, name, content)
    sim.server.set(run, "registeringFiles")
    sim.server.set(run, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)


def deletes(sim: Any) -> list[str]:
    """Return what was asked to be deleted."""
    return [asked.path for asked in sim.server.log if asked.method == "DELETE"]
