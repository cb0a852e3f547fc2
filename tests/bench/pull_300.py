"""A 300-slice series from the PACS: our pull against plain httpx, same requests.

Each run gets a station of its own, because a series that is registered is never
transferred again. The clock starts with the query and stops when the server lists
300 registered files.
"""

import asyncio
import json
import time
import uuid

import httpx

from chrislib.cube.client import CubeClient
from chrislib.pacs.through_cube import PacsService
from chrislib.pacs.types import Criteria
from tests.bench.harness import Result, paired
from tests.bench.stations import Address, fresh_station

DESCRIPTION = "AXIAL 300"
IMAGES = 300


async def _find(address: Address) -> tuple[str, str, str]:
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    try:
        await client.identify()
        found = await PacsService(client).lookup(
            Criteria({"SeriesDescription": (DESCRIPTION,)})
        )
    finally:
        await client.aclose()
    for patient in found.patients:
        for study in patient.studies:
            for series in study.series:
                if series.description == DESCRIPTION:
                    return series.pacs, series.study_uid, series.series_uid
    raise RuntimeError("the sample PACS has no series of 300 images")


async def _ours(address: Address, pacs: str, study: str, series: str) -> float:
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    try:
        await client.identify()
        service = PacsService(client)
        await service.archives()
        began = time.perf_counter()
        await service.pull(
            pacs=pacs,
            study_uid=study,
            series_uid=series,
            expected=IMAGES,
            progress=lambda _progress: None,
        )
        return time.perf_counter() - began
    finally:
        await client.aclose()


async def _plain(address: Address, pacs: str, study: str, series: str) -> float:
    async with httpx.AsyncClient(
        base_url=address.url, headers={"Accept": "application/json"}, timeout=60
    ) as http:

        async def get(path: str, **params: str) -> dict[str, object]:
            answer = await http.get(path, params=params)
            answer.raise_for_status()
            body: dict[str, object] = answer.json()
            return body

        async def post(path: str, body: dict[str, str]) -> dict[str, object]:
            answer = await http.post(path, json=body)
            answer.raise_for_status()
            made: dict[str, object] = answer.json()
            return made

        token = await post(
            "auth-token/",
            {"username": address.username, "password": address.password},
        )
        http.headers["Authorization"] = f"Token {token['token']}"
        known = await get("pacs/search/", identifier=pacs)
        rows = known["results"]
        assert isinstance(rows, list)
        began = time.perf_counter()
        query = await post(
            f"pacs/{rows[0]['id']}/queries/",
            {
                "title": str(uuid.uuid4()),
                "query": json.dumps(
                    {"StudyInstanceUID": study, "SeriesInstanceUID": series}
                ),
            },
        )
        while query["status"] not in {"succeeded", "errored"}:
            await asyncio.sleep(0.05)
            query = await get(f"pacs/queries/{query['id']}/")
        await post(f"pacs/queries/{query['id']}/retrieves/", {})
        while True:
            found = await get("pacs/series/search/", SeriesInstanceUID=series)
            results = found["results"]
            assert isinstance(results, list)
            if results:
                break
            await asyncio.sleep(0.1)
        folder = str(results[0]["folder"]).rsplit("/", 2)[-2]
        files = await get(f"filebrowser/{folder}/files/", limit="1")
        took = time.perf_counter() - began
        if files["count"] != IMAGES:
            raise RuntimeError(f"{files['count']} of {IMAGES} images were registered")
        return took


def measure(runs: int = 3) -> list[Result]:
    """Measure both in turn, each on a fresh station."""
    ours: list[float] = []
    peers: list[float] = []
    for _ in range(runs):
        with fresh_station() as address:
            wanted = asyncio.run(_find(address))
            peers.append(asyncio.run(_plain(address, *wanted)))
        with fresh_station() as address:
            wanted = asyncio.run(_find(address))
            ours.append(asyncio.run(_ours(address, *wanted)))
    return [paired("pull_300_vs_raw_http", ours, peers, unit="s", goal=1.2)]
