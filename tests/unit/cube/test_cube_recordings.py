"""The client reads what real servers of both versions answered."""

import base64
import json
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import CubeError, NotFound
from chrislib.cube.types import (
    FolderId,
    Pacs,
    PacsId,
    PluginInstance,
)

DATA = Path(__file__).parents[2] / "data"


def _generation(replay: Any) -> int:
    return 6 if replay.folder.name.endswith("6.11") else 7


async def test_identify_says_who_where_and_which_generation(replay: Any) -> None:
    replay.use(
        "chrisinstance", "api-root-empty", "user-detail", "computeresources-list"
    )
    async with replay.client() as client:
        info = await client.identify()
    assert info.username == client.username == "cube"
    assert info.generation == _generation(replay)
    assert len(info.uuid) == 36
    assert info.name == "ChRIS instance"


async def test_generation_without_compute_resources_is_seen_in_a_feed(
    serve: Any,
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/")
        empty: dict[str, object] = {"count": 0, "next": None, "results": []}
        if path == "chrisinstance/1/":
            return httpx.Response(200, json={"uuid": "u"})
        if path == "":
            rows = [{"id": 1, "copying_jobs": 0}]
            return httpx.Response(200, json={**empty, "results": rows})
        return httpx.Response(200, json=empty)

    assert (await serve(handler).identify()).generation == 7


async def test_sign_in_takes_the_token_and_keeps_no_password() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"token": "a" * 40})

    client = await CubeClient.sign_in(
        "localhost:8000", "cube", "secret", transport=httpx.MockTransport(handler)
    )
    assert client.token == "a" * 40
    assert client.base_url == "http://localhost:8000/api/v1/"
    assert client.username == "cube"
    assert json.loads(asked[0].content) == {"username": "cube", "password": "secret"}
    assert "authorization" not in asked[0].headers
    assert "secret" not in repr(vars(client))
    await client.aclose()


async def test_plugins(replay: Any) -> None:
    raw = replay.body("plugins-search-type-fs")["results"]
    replay.use("plugin-detail", "plugin-parameters", "plugin-computeresources")
    async with replay.client() as client:
        listed = [plugin async for plugin in client.plugins.list(type="fs")]
        one = await client.plugins.get(3)
        parameters = await client.plugins.parameters(3)
        computes = await client.plugins.compute_resources(6)
    assert [p.id for p in listed] == [row["id"] for row in raw]
    assert {p.type for p in listed} == {"fs"}
    assert one.name == "pl-simpledsapp"
    assert one.public_repo == "https://github.com/FNNDSC/pl-simpledsapp"
    assert one.min_cpu_limit == 1000
    assert one.max_cpu_limit == 2147483647
    assert one.creation_date is not None
    assert [p.name for p in parameters] == [
        "prefix",
        "b_ignoreInputDir",
        "sleepLength",
        "dummyInt",
        "dummyFloat",
        "pftelDB",
    ]
    assert parameters[1].default is False
    assert parameters[4].default == 1.1
    assert all(p.optional for p in parameters)
    assert computes[0].name


async def test_parameters_of_an_instance_count_their_ids_per_type(replay: Any) -> None:
    replay.use("plugininstance-parameters")
    async with replay.client() as client:
        given = await client.instances.parameters(2)
    assert given == {
        "prefix": "x_",
        "sleepLength": "8",
        "dummyInt": "3",
        "dummyFloat": "2.5",
    }


INSTANCES = [
    "plugininstance-detail-copying",
    "plugininstance-detail-started",
    "plugininstance-detail-finished-ds",
    "plugininstance-detail-finished-fs",
    "plugininstance-detail-finished-ts",
    "plugininstance-detail-finished-with-error",
    "plugininstance-detail-finished-minutes-later",
    "plugininstance-compute-down",
    "plugininstance-child-of-cancelled",
    "dcm2niix-finished",
    "reference-data-finished",
]


@pytest.mark.parametrize("name", INSTANCES)
async def test_every_recorded_instance_is_read(replay: Any, name: str) -> None:
    body = replay.body(name)
    async with replay.client() as client:
        found = await client.instances.get(body["id"])
        log = await client.instances.log_of(found)
    _agrees(found, body)
    assert "CHRIS_USER_TOKEN" not in log or "<token>" in log or "removed" in log


def _agrees(found: PluginInstance, body: dict[str, Any]) -> None:
    assert found.id == body["id"]
    assert found.previous_id == body.get("previous_id")
    assert found.status == body["status"]
    assert found.active is body["active"]
    assert found.error_code == body["error_code"]
    assert found.output_path == body["output_path"]
    assert found.size == body["size"]
    assert found.start_date == datetime.fromisoformat(body["start_date"])
    assert found.workflow_id == body.get("workflow_id")


CREATED = [
    "plugininstance-create-fs-json",
    "plugininstance-create-ds-waiting",
    "plugininstance-create-ts",
    "plugininstance-create-fs-from-pacs-series",
]


@pytest.mark.parametrize("name", CREATED)
async def test_creating_a_run_sends_what_was_recorded(replay: Any, name: str) -> None:
    recorded = json.loads((replay.folder / f"{name}.json").read_text())
    body = replay.body(name)
    path = recorded["request"]["path"]
    plugin_id = int(path.split("/")[4])
    async with replay.client() as client:
        made = await client.instances.create(plugin_id, recorded["request"]["body"])
    assert json.loads(replay.requests[0].content) == recorded["request"]["body"]
    assert replay.requests[0].headers["content-type"] == "application/json"
    _agrees(made, body)


async def test_a_null_limit_is_left_out(replay: Any) -> None:
    # 6.11 answers 500 to it
    replay.use("plugininstance-create-fs-json")
    async with replay.client() as client:
        await client.instances.create(2, {"dir": "home/a", "cpu_limit": None})
    assert json.loads(replay.requests[0].content) == {"dir": "home/a"}


async def test_compact_rows_of_a_feed(replay: Any) -> None:
    rows = replay.body("feed-plugininstances")["results"]
    async with replay.client() as client:
        found = [i async for i in client.instances.of_feed(1)]
    for instance, row in zip(found, rows, strict=True):
        _agrees(instance, row)
        assert instance.summary == instance.raw == ""
    assert "limit=1000" in str(replay.requests[0].url)


async def test_doubled_rows_of_a_shared_feed_come_once(replay: Any) -> None:
    rows = replay.body("plugininstances-search-duplicates-when-shared")["results"]
    async with replay.client() as client:
        found = [
            i.id
            async for i in client.instances.search(feed_id=1, plugin_name="pl-dircopy")
        ]
    assert len(rows) > len(set(found)) == len(found)


async def test_active_asks_with_the_one_spelling_that_is_not_ignored(
    replay: Any,
) -> None:
    replay.use("plugininstances-search-active")
    async with replay.client() as client:
        found = [i async for i in client.instances.active()]
    assert "active=true" in str(replay.requests[0].url)
    assert all(i.active for i in found)


async def test_finished_since_leaves_out_what_runs(serve: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.params["min_end_date"] == "2026-11-21T00:00:00+00:00"
        rows = [
            {"id": 1, "status": "started", "active": True},
            {"id": 2, "status": "finishedSuccessfully", "active": False},
            # before 6.9 there is no such key
            {"id": 3, "status": "finishedWithError"},
            {"id": 4, "status": "somethingNew"},
        ]
        return httpx.Response(200, json={"count": 4, "next": None, "results": rows})

    client = serve(handler)
    since = datetime(2026, 11, 21, tzinfo=UTC)
    assert [i.id async for i in client.instances.finished_since(since)] == [2, 3]


async def test_cancel_title_delete_of_an_instance(replay: Any) -> None:
    replay.use("plugininstance-cancel-put", "plugininstance-delete-ds-202")
    async with replay.client() as client:
        assert (await client.instances.cancel(4)).status == "cancelled"
        await client.instances.delete(3)
    assert json.loads(replay.requests[0].content) == {"status": "cancelled"}


async def test_feeds(replay: Any) -> None:
    rows = replay.body("feeds-list")["results"]
    replay.use("publicfeeds-anonymous")
    body = replay.body("feed-detail")
    async with replay.client() as client:
        mine = [feed async for feed in client.feeds.list()]
        public = [feed async for feed in client.feeds.public()]
        one = await client.feeds.get(1)
    assert [f.id for f in mine] == [row["id"] for row in rows]
    assert all(f.id for f in public)
    assert one.name == body["name"]
    assert one.jobs["finished"] == body["finished_jobs"]
    assert ("copying" in one.jobs) is (_generation(replay) == 7)


async def test_feed_names_notes_and_deletes(replay: Any) -> None:
    replay.use("feed-detail", "feed-note-get")
    async with replay.client() as client:
        assert await client.feeds.note(1) == ""
        replay.use("feed-note-put", "feed-put-name", "feed-delete-202")
        await client.feeds.set_note(1, "why", content="because")
        named = await client.feeds.rename(1, "new")
        await client.feeds.delete(3)
    assert named.id == 1
    sent = [r for r in replay.requests if r.method == "PUT"]
    assert json.loads(sent[0].content) == {"title": "why", "content": "because"}
    assert sent[0].url.path == "/api/v1/note1/"


async def test_folders_files_and_links(replay: Any) -> None:
    replay.use(
        "filebrowser-search-home",
        "filebrowser-children",
        "filebrowser-search-not-found",
        "filebrowser-root",
        "folder-files-list",
        "fs-output-linkfiles",
    )
    async with replay.client() as client:
        home = await client.files.folder("/home/cube/")
        assert home is not None
        assert home.owner_username == "cube"
        assert await client.files.folder("home/cube/none") is None
        root = await client.files.folder("")
        assert root is not None
        assert root.path == ""
        children = [folder.path async for folder in client.files.children(home)]
        files = [f async for f in client.files.files(FolderId(17))]
        links = [link async for link in client.files.links(FolderId(24))]
    assert "home/cube/uploads" in children
    assert {f.name for f in files} >= {"a.txt"}
    assert all(f.size >= 0 for f in files)
    assert [(link.target, link.is_folder) for link in links] == [
        ("home/cube/uploads/brain", True)
    ]


async def test_making_a_folder_that_is_there_is_fine(replay: Any) -> None:
    replay.use("folder-create-400-exists")
    recorded = json.loads(
        (DATA / "recordings" / "folder-create-400-exists.json").read_text()
    )
    wanted = recorded["request"]["body"]["path"]
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        if request.method == "POST":
            return httpx.Response(400, json=recorded["response"]["body"])
        # hidden at first: somebody else makes it in between
        rows = [{"id": 9, "path": wanted}] if "POST" in calls else []
        return httpx.Response(200, json={"count": 1, "next": None, "results": rows})

    client = CubeClient("http://cube.example", transport=httpx.MockTransport(handler))
    assert (await client.files.make_folder(wanted)).id == 9
    assert calls == ["GET", "POST", "GET"]


async def test_pacs_lists(replay: Any) -> None:
    replay.use("pacs-search-lookup-service-down", "pacs-list-500-lookup-service-down")
    async with replay.client() as client:
        found = await client.pacs.list()
        assert [p.identifier for p in found] == ["MINICHRISORTHANC"]
        # looking for new ones fails, what is known stays
        assert await client.pacs.refresh() == found
        assert not any(r.url.path.endswith("/pacs/") for r in replay.requests[:1])


async def test_pacs_query_waits_and_unpacks(replay: Any) -> None:
    replay.use("pacsquery-create", "pacsquery-detail-succeeded")
    decoded = json.loads((replay.folder / "pacsquery-result-decoded.json").read_text())
    asked_of = json.loads((replay.folder / "pacsquery-create.json").read_text())
    pacs_id = PacsId(int(asked_of["request"]["path"].split("/")[4]))
    pacs = Pacs(id=pacs_id, identifier="MINICHRISORTHANC", active=True)
    async with replay.client() as client:
        asked = await client.pacs.query(pacs, {"PatientID": " 1449c1d "}, title="jane")
    assert asked.status == "succeeded"
    assert asked.query == {"PatientID": "1449c1d"}
    assert len(asked.studies) == len(decoded["decoded"]) == 2
    sent = json.loads(replay.requests[0].content)
    assert json.loads(sent["query"]) == {"PatientID": "1449c1d"}
    assert isinstance(sent["query"], str)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("pacsquery-detail-errored", "errored"),
        ("pacsquery-detail-no-match", "succeeded"),
        ("pacsquery-detail-pacs-unreachable", "succeeded"),
    ],
)
async def test_pacs_queries_without_an_answer(
    replay: Any, name: str, status: str
) -> None:
    body = replay.body(name)
    async with replay.client() as client:
        found = await client.pacs.get_query(body["id"])
    assert found.status == status
    assert found.studies == ()


async def test_pacs_retrieve_series_and_counts(replay: Any) -> None:
    replay.use(
        "pacsretrieve-create",
        "pacsseries-search-uid",
        "pacsseries-folder-files",
        "pacsseries-list",
        "pacsqueries-list-all",
        "pacsquery-delete-204",
    )
    body = replay.body("pacsseries-search-uid")["results"][0]
    files = replay.body("pacsseries-folder-files")
    async with replay.client() as client:
        retrieve = await client.pacs.retrieve(5)
        series = await client.pacs.series(body["SeriesInstanceUID"])
        other = await client.pacs.series(body["SeriesInstanceUID"], pacs="OTHER")
        assert series is not None
        count = await client.pacs.series_file_count(series)
        everything = [s async for s in client.pacs.all_series()]
        queries = await client.pacs.queries()
        await client.pacs.delete_query(4)
    # it never says more than that (trap 4)
    assert retrieve.status == "sent"
    assert other is None
    assert series.folder_path == body["folder_path"]
    assert series.patient_birth_date == date(2009, 7, 1)
    assert series.study_date == date(2013, 3, 8)
    assert count == files["count"]
    assert series.series_uid in {s.series_uid for s in everything}
    assert [q.id for q in queries] == sorted((q.id for q in queries), reverse=True)


async def test_a_series_that_is_being_deleted_is_not_there(serve: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        row = {"id": 1, "SeriesInstanceUID": "1.2", "deletion_status": "pending"}
        return httpx.Response(200, json={"count": 1, "next": None, "results": [row]})

    assert await serve(handler).pacs.series("1.2") is None


async def test_an_ignored_filter_does_not_bring_another_series(serve: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        row = {"id": 1, "SeriesInstanceUID": "9.9"}
        return httpx.Response(200, json={"count": 1, "next": None, "results": [row]})

    assert await serve(handler).pacs.series("1.2") is None


ERRORS = sorted(
    path.stem
    for folder in ("recordings", "recordings-6.11")
    for path in (DATA / folder).glob("*.json")
    if json.loads(path.read_text()).get("response", {}).get("status", 200) >= 400
    and json.loads(path.read_text())["request"]["method"] != "OPTIONS"
)


@pytest.mark.parametrize("name", sorted(set(ERRORS)))
async def test_every_recorded_error_becomes_one_of_the_tree(
    name: str, serve: Any
) -> None:
    folder = "recordings" if (DATA / "recordings" / f"{name}.json").exists() else None
    path = DATA / (folder or "recordings-6.11") / f"{name}.json"
    answer = json.loads(path.read_text())["response"]
    body, kind = answer["body"], answer["headers"].get("content-type", "")
    content = json.dumps(body) if "json" in kind else str(body or "")

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            answer["status"], headers={"content-type": kind}, text=content
        )

    with pytest.raises(CubeError) as caught:
        await serve(handler).instances.create(1, {})
    error = caught.value
    assert error.context["status"] == str(answer["status"])
    for words in (error.title, error.detail, error.hint):
        assert words
        assert "<" not in words
        assert "detail" not in words.lower().split()
    if answer["status"] == 404:
        assert isinstance(error, NotFound)


def test_the_packed_result_is_what_the_recording_says() -> None:
    for folder in ("recordings", "recordings-6.11"):
        packed = json.loads(
            (DATA / folder / "pacsquery-detail-succeeded.json").read_text()
        )["response"]["body"]["result"]
        assert json.loads(zlib.decompress(base64.b64decode(packed)))
