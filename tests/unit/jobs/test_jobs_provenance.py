"""Exports: complete, stable, without tokens, without names unless asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from chrislib.jobs.fsm import begin
from chrislib.jobs.model import (
    Job,
    JobKey,
    Kind,
    OpaqueIntent,
    Phase,
    RunIntent,
    ServiceIntent,
    UploadFile,
    UploadIntent,
)
from chrislib.jobs.outputs import provenance
from chrislib.jobs.steps import Tracked
from tests.scenarios.outputs import ends_well, submitted

pytestmark = pytest.mark.virtual_time
SECRET = "0123456789abcdef0123456789abcdef01234567"
NAME = "DOE^JANE"


async def test_an_export_says_what_was_made_from_what(sim: Any, tmp_path: Path) -> None:
    key, parent = await submitted(sim, {"prefix": "x_", "dummyInt": 3})
    await ends_well(sim, key, {"out.txt": b"first"})
    download = await sim.jobs.results.get(key, tmp_path / "c")
    await sim.until(lambda: sim.job(download).phase is Phase.FINISHED)
    await sim.sleep(5)
    export = await sim.jobs.results.provenance([key, download], names=True)
    run, fetch = export["jobs"]
    assert export["schema"] == provenance.SCHEMA
    assert export["servers"] == [{"server": 1, "uuid": sim.server.uuid}]
    assert (run["intent"]["plugin"], run["intent"]["version"]) == (
        "pl-simpledsapp",
        "2.1.3",
    )
    assert run["intent"]["parameters"] == {"prefix": "x_", "dummyInt": 3}
    assert (run["previous_id"], run["phase"]) == (parent, "FINISHED")
    assert run["fingerprint"]["inputs"] == 1
    assert len(run["fingerprint"]["digest"]) == 64
    assert [e["seq"] for e in run["events"]] == list(range(1, len(run["events"]) + 1))
    assert run["events"][-1]["to"] == "FINISHED"
    (file,) = fetch["files"]
    assert file["name"].endswith("/out.txt")
    assert (file["size"], file["state"]) == (5, "DONE")
    assert len(file["sha256"]) == 64


async def test_equal_facts_are_equal_texts(sim: Any) -> None:
    key, _ = await submitted(sim, {"b": "1", "a": "2"})
    feed = sim.job(key).feed_id
    first = provenance.to_text(await sim.jobs.results.provenance(feed=feed))
    await sim.restart()
    again = provenance.to_text(await sim.jobs.results.provenance(feed=feed))
    assert first == again
    assert json.loads(first)["feed"] == feed


async def add(sim: Any, intent: Any, kind: Kind) -> JobKey:
    """Put a job into the catalog as it is."""
    account = await sim.catalog.jobs.account(
        sim.server.url, "local", server_uuid=sim.server.uuid
    )
    key = JobKey(f"key-{kind.value}")
    job = Job(
        key,
        kind,
        Phase.FINISHED,
        intent,
        f"Brain of {NAME}",
        detail=f"{NAME} was here",
        account_id=account.account_id,
        backend=kind.value,
    )
    await sim.jobs._store.add([begin(Tracked(job, server_uuid="u"), now=1.0)])
    return key


@pytest.mark.parametrize("names", [True, False])
async def test_no_token_and_without_being_asked_no_name(sim: Any, names: bool) -> None:
    await sim.start()
    run = RunIntent(
        plugin_id=1,
        plugin_name="pl-x",
        plugin_version="1",
        plugin_type="fs",
        parameters={"dir": f"home/u/{NAME}/brain", "api_token": SECRET, "who": NAME},
        title=f"Brain of {NAME}",
        note=f"{NAME} with {SECRET}",
    )
    upload = UploadIntent(
        "home/u", (UploadFile(f"/home/me/{NAME}.dcm", f"home/u/{NAME}.dcm", 3),), NAME
    )
    service = ServiceIntent(
        "svc", "segment", {"patient": {"name": NAME}, "password": "hunter2"}, NAME
    )
    opaque = OpaqueIntent(
        "old", "thing", json.dumps({"auth": {"token": SECRET[::-1]}, "of": NAME})
    )
    asked = ServiceIntent(
        "svc", "ask", {"url": f"https://x/y?token=abcdefgh&q={NAME}", "n": 3}, NAME
    )
    keys = [
        await add(sim, asked, Kind.WORKFLOW),
        await add(sim, opaque, Kind.PROGRAM),
        await add(sim, run, Kind.RUN),
        await add(sim, upload, Kind.UPLOAD),
        await add(sim, service, Kind.SERVICE),
    ]
    text = provenance.to_text(await sim.jobs.results.provenance(keys, names=names))
    assert SECRET not in text
    assert SECRET[::-1] not in text
    assert "hunter2" not in text
    assert "abcdefgh" not in text
    assert (NAME in text) is names
    assert '"plugin": "pl-x"' in text
    assert '"operation": "segment"' in text


async def test_equal_texts_keep_being_equal(sim: Any) -> None:
    await sim.start()
    run = RunIntent(1, "pl-x", "1", "ds", {"a": NAME, "b": NAME, "c": "other name"})
    key = await add(sim, run, Kind.RUN)
    export = await sim.jobs.results.provenance([key])
    values = export["jobs"][0]["intent"]["parameters"]
    assert values["a"] == values["b"] != values["c"]


async def test_unknown_jobs_are_left_out(sim: Any) -> None:
    await sim.start()
    export = await sim.jobs.results.provenance([JobKey("nobody")])
    assert export["jobs"] == []
