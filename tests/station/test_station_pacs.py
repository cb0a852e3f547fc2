"""The PACS of the station against what a CUBE was seen to answer."""

import base64
import io
import json
import sqlite3
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread

_DATA = Path(__file__).resolve().parents[1] / "data"
_PATIENCE = 30.0
_NULLABLE = {"PatientBirthDate", "StudyDate", "PatientAge", "next", "previous"}


def recorded(name: str, generation: int = 7) -> dict[str, Any]:
    """Return a recording; those of 6.11 are only kept where they differ."""
    older = _DATA / "recordings-6.11" / f"{name}.json"
    path = _DATA / "recordings" / f"{name}.json"
    if generation == 6 and older.exists():
        path = older
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def same_shape(ours: Any, theirs: Any, at: str = "body") -> None:
    """Compare keys, their order and kinds of value, all the way down."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), at
        assert list(ours) == list(theirs), at
        for key in theirs:
            if key in _NULLABLE and None in (ours[key], theirs[key]):
                continue
            same_shape(ours[key], theirs[key], f"{at}.{key}")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), at
        if at.endswith("data"):  # names of fields and search parameters
            assert ours == theirs, at
        for one in ours if theirs else []:
            same_shape(one, theirs[0], f"{at}[]")
    else:
        assert type(ours) is type(theirs), f"{at}: {ours!r} is not like {theirs!r}"


def check(answer: httpx.Response, name: str, generation: int = 7) -> Any:
    """Compare an answer with a recording and return its body."""
    theirs = recorded(name, generation)["response"]
    assert answer.status_code == theirs["status"], answer.text
    if not theirs["body"]:
        assert answer.content == b""
        return None
    kind = theirs["headers"]["content-type"]
    assert answer.headers["content-type"].split(";")[0] == kind
    if theirs["status"] >= 400:
        return answer.json() if kind == "application/json" else answer.text
    body = answer.json()
    same_shape(body, theirs["body"])
    return body


def unpacked(result: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(result)))


def title() -> str:
    return f"test {uuid.uuid4()}"


@dataclass
class Desk:
    """Steps at the PACS that every test needs."""

    http: httpx.Client

    def pacs(self, identifier: str = "SAMPLES") -> dict[str, Any]:
        found = self.http.get("pacs/search/", params={"identifier": identifier})
        row: dict[str, Any] = found.json()["results"][0]
        return row

    def ask(self, query: Any, identifier: str = "SAMPLES", **more: Any) -> Any:
        body = {"title": title(), "query": json.dumps(query), **more}
        at = f"pacs/{self.pacs(identifier)['id']}/queries/"
        answer = self.http.post(at, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def answered(self, query: dict[str, Any]) -> dict[str, Any]:
        """Wait until a query has ended."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            found: dict[str, Any] = self.http.get(f"pacs/queries/{query['id']}/").json()
            if found["status"] in ("succeeded", "errored"):
                return found
            assert time.monotonic() < deadline, found["status"]
            time.sleep(0.02)

    def series_uid(self, patient: str, description: str) -> tuple[str, str]:
        """Return the study and series UID of a sample series."""
        asked = {"PatientID": patient, "SeriesDescription": description}
        (study,) = unpacked(self.answered(self.ask(asked))["result"])
        (series,) = study["series"]
        return (
            study["StudyInstanceUID"]["value"],
            series["SeriesInstanceUID"]["value"],
        )

    def one_series(self, patient: str, description: str) -> tuple[Any, str]:
        """Return a query for one series, answered, and its UID."""
        study, series = self.series_uid(patient, description)
        asked = self.ask({"StudyInstanceUID": study, "SeriesInstanceUID": series})
        return self.answered(asked), series

    def registered(self, uid: str) -> dict[str, Any]:
        """Wait until a series is registered."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            found = self.http.get(
                "pacs/series/search/", params={"SeriesInstanceUID": uid}
            ).json()
            if found["count"]:
                row: dict[str, Any] = found["results"][0]
                return row
            assert time.monotonic() < deadline, "never registered"
            time.sleep(0.02)

    def pulled(self, patient: str, description: str) -> tuple[Any, dict[str, Any]]:
        """Return the retrieve and the registered series it brought."""
        query, uid = self.one_series(patient, description)
        answer = self.http.post(f"pacs/queries/{query['id']}/retrieves/", json={})
        assert answer.status_code == 201
        return answer, self.registered(uid)


@pytest.fixture
def desk(api: Any) -> Desk:
    return Desk(api.http)


@pytest.fixture(scope="module", params=[7, 6])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Desk, int]]:
    """Return a desk of each generation, with one series pulled already."""
    name = "station" if request.param == 7 else "old_station"
    running = request.getfixturevalue(name)
    headers = {"Accept": "application/json", "Authorization": f"Token {running.token}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=30) as http:
        desk = Desk(http)
        desk.pulled("CL-2001", "Knee AP")
        yield desk, request.param


def test_the_list_of_pacs(served: tuple[Desk, int]) -> None:
    desk, generation = served
    body = check(desk.http.get("pacs/"), "pacs-list", generation)
    names = [row["identifier"] for row in body["results"]]
    assert names == ["default", "OLDARCHIVE", "SAMPLES"]
    assert body["queries"][0]["href"].endswith("/pacs/search/")
    check(desk.http.get("pacs/search/?active=true"), "pacs-search", generation)
    none = desk.http.get("pacs/search/?active=false").json()
    assert none["count"] == 0
    check(desk.http.get(f"pacs/{desk.pacs()['id']}/"), "pacs-detail", generation)


def test_a_query_from_created_to_succeeded(served: tuple[Desk, int]) -> None:
    desk, generation = served
    at = f"pacs/{desk.pacs()['id']}/queries/"
    asked = {"title": title(), "query": '{"PatientID": "CL-1001"}'}
    made = check(desk.http.post(at, json=asked), "pacsquery-create", generation)
    assert made["status"] == "created"
    assert made["query"] == asked["query"]
    found = desk.answered(made)
    detail = desk.http.get(f"pacs/queries/{made['id']}/")
    check(detail, "pacsquery-detail-succeeded", generation)
    theirs = recorded("pacsquery-result-decoded")["decoded"]
    ours = unpacked(found["result"])
    assert {row["PatientName"]["value"] for row in ours} == {"Brookwell^Mira"}
    for study in ours:
        assert list(study) == list(theirs[0])
        for series in study["series"]:
            same_shape(series, theirs[0]["series"][0])
    text = "no value provided for 0018,9423"
    assert ours[0]["AcquisitionProtocolName"]["value"] == text
    series = ours[0]["series"][0]
    assert series["NumberOfSeriesRelatedInstances"]["value"].isdigit()


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ({"PatientID": "nobody"}, "SAMPLES"),
        ({"PatientID": "CL-1001"}, "OLDARCHIVE"),
        ({"PatientID": "CL-1001"}, "default"),
        (["a"], "SAMPLES"),
    ],
)
def test_no_match_and_nobody_there_look_alike(
    served: tuple[Desk, int], query: Any, identifier: str
) -> None:
    desk, generation = served
    ended = desk.answered(desk.ask(query, identifier))
    detail = desk.http.get(f"pacs/queries/{ended['id']}/")
    body = check(detail, "pacsquery-detail-no-match", generation)
    assert (body["status"], body["result"]) == ("succeeded", "")


@pytest.mark.parametrize(
    ("body", "recording"),
    [
        ({"query": "{}"}, "pacsquery-create-400-missing"),
        (
            {"title": "as object", "query": {"PatientID": "1449c1d"}},
            "pacsquery-create-400-query-object",
        ),
    ],
)
def test_bad_queries(desk: Desk, body: dict[str, Any], recording: str) -> None:
    at = f"pacs/{desk.pacs()['id']}/queries/"
    refused = check(desk.http.post(at, json=body), recording)
    assert refused == recorded(recording)["response"]["body"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x", "query": "{not json"}, "query"),
        ({"title": "x" * 301, "query": "{}"}, "title"),
        ({"title": " ", "query": "{}"}, "title"),
        ({"title": ["x"], "query": "{}"}, "title"),
        ({"title": "x", "query": "{}", "description": "x" * 701}, "description"),
        ({"title": "x", "query": "{}", "execute": "perhaps"}, "execute"),
        ({"title": "x"}, "query"),
    ],
)
def test_bad_fields(desk: Desk, body: dict[str, Any], field: str) -> None:
    answer = desk.http.post(f"pacs/{desk.pacs()['id']}/queries/", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_a_title_can_be_used_once(desk: Desk) -> None:
    query = desk.ask({"PatientID": "CL-1002"})
    body = {"title": query["title"], "query": "{}"}
    pacs = desk.pacs()["id"]
    refused = check(
        desk.http.post(f"pacs/{pacs}/queries/", json=body),
        "pacsquery-create-400-title-taken",
    )
    text = f"a PACS query with title={query['title']} for pacs SAMPLES"
    assert refused == [f"You have already registered {text}"]
    other = desk.pacs("OLDARCHIVE")["id"]
    answer = desk.http.post(f"pacs/{other}/queries/", json=body)
    assert answer.status_code == 201


def test_a_query_sent_later(desk: Desk) -> None:
    query = desk.ask({"PatientID": "CL-1003"}, execute=False, description="later")
    desk.answered(desk.ask({"PatientID": "CL-1003"}))  # a later one has its turn
    at = f"pacs/queries/{query['id']}/"
    assert desk.http.get(at).json()["status"] == "created"
    sent = check(
        desk.http.put(at, json={"title": query["title"], "execute": True}),
        "pacsquery-put-execute",
    )
    assert (sent["status"], sent["execute"]) == ("created", True)
    assert desk.answered(query)["status"] == "succeeded"
    answer = desk.http.put(at, json={"execute": False})
    refused = check(answer, "pacsquery-put-400-execute-false")
    assert refused == recorded("pacsquery-put-400-execute-false")["response"]["body"]
    renamed = desk.http.put(at, json={"title": title(), "description": "new"}).json()
    assert renamed["description"] == "new"
    check(desk.http.delete(at), "pacsquery-delete-204")
    assert desk.http.get(at).status_code == 404


def test_lists_and_searches_of_queries(served: tuple[Desk, int]) -> None:
    desk, generation = served
    for _ in range(3):
        desk.answered(desk.ask({"PatientID": "CL-1004"}))
    answer = desk.http.get("pacs/queries/?limit=2")
    check(answer, "pacsqueries-list-all", generation)
    of_pacs = desk.http.get(f"pacs/{desk.pacs()['id']}/queries/").json()
    dates = [row["creation_date"] for row in of_pacs["results"]]
    assert dates == sorted(dates, reverse=True)
    path = "pacs/queries/search/?status=succeeded&pacs_identifier=SAMPLES&limit=1"
    check(desk.http.get(path), "pacsqueries-search", generation)
    answer = desk.http.get("pacs/queries/search/?status=rubbish")
    assert answer.status_code == 400
    empty = desk.http.get(f"pacs/{desk.pacs('default')['id']}/queries/?offset=1000")
    check(empty, "pacs-queries-empty", generation)


def test_retrieves(served: tuple[Desk, int]) -> None:
    desk, generation = served
    answer, _ = desk.pulled("CL-2001", "Knee lateral")
    made = check(answer, "pacsretrieve-create", generation)
    handed = json.loads(made["query"])
    assert (handed["then"], handed["withFeedBack"]) == ("retrieve", True)
    theirs = recorded("pacsretrieve-result-decoded")["decoded"]
    assert list(unpacked(made["result"])) == list(theirs)
    at = f"pacs/queries/retrieves/{made['id']}/"
    detail = check(desk.http.get(at), "pacsretrieve-detail", generation)
    # Trap 4: it never becomes anything else.
    assert detail["status"] == "sent"
    assert "then" not in json.loads(detail["query"])
    of_query = f"pacs/queries/{made['pacs_query_id']}/retrieves/"
    check(desk.http.get(of_query), "pacsretrieves-list", generation)
    found = desk.http.get(f"{of_query}search/?status=sent")
    check(found, "pacsretrieves-search", generation)
    assert desk.http.delete(at).status_code == 204
    assert desk.http.get(at).status_code == 404


def test_a_retrieve_without_a_match_is_accepted(desk: Desk) -> None:
    query = desk.answered(desk.ask({"PatientID": "nobody"}))
    answer = desk.http.post(f"pacs/queries/{query['id']}/retrieves/", json={})
    assert (answer.status_code, answer.json()["status"]) == (201, "sent")


def test_series_and_files(served: tuple[Desk, int]) -> None:
    desk, generation = served
    _, series = desk.pulled("CL-2001", "Knee AP")
    uid = series["SeriesInstanceUID"]
    found = desk.http.get(f"pacs/series/search/?SeriesInstanceUID={uid}")
    check(found, "pacsseries-search-uid", generation)
    none = desk.http.get("pacs/series/search/?PatientID=nope")
    check(none, "pacsseries-search-none", generation)
    for wrong in ("StudyDate=20251210", "PatientAge=old", "id=x"):
        assert desk.http.get(f"pacs/series/search/?{wrong}").status_code == 400
    for right in (
        *("StudyDate=2025-12-10", "PatientName=fernhollow", "SeriesDescription=knee"),
        *("min_PatientAge=11000", "pacs_identifier=SAMPLES", "PatientSex=F"),
        "Modality=nothing-filters-by-modality",
    ):
        found = desk.http.get(f"pacs/series/search/?{right}").json()
        assert uid in {row["SeriesInstanceUID"] for row in found["results"]}, right
    everything = desk.http.get("pacs/series/")
    check(everything, "pacsseries-list", generation)
    of_pacs = desk.http.get(f"pacs/{desk.pacs()['id']}/series/")
    check(of_pacs, "pacs-specific-series", generation)
    at = f"pacs/series/{series['id']}/"
    check(desk.http.get(at), "pacsseries-detail", generation)
    check(desk.http.delete(at), "pacsseries-delete-403", generation)
    folder = desk.http.get(series["folder"]).json()
    assert folder["path"] == series["folder_path"]
    check(desk.http.get("pacs/files/?limit=2"), "pacsfiles-list", generation)
    inside = desk.http.get(
        "pacs/files/search/", params={"fname": series["folder_path"], "limit": 2}
    )
    (row,) = check(inside, "pacsfiles-search-prefix", generation)["results"]
    check(desk.http.get(f"pacs/files/{row['id']}/"), "pacsfile-detail", generation)
    words = {"fname_icontains_topdir_unique": "jane mprage"}
    unmatched = desk.http.get("pacs/files/search/", params=words)
    check(unmatched, "pacsfiles-search-topdir", generation)


def test_the_path_says_whose_image_it_is(desk: Desk) -> None:
    _, series = desk.pulled("CL-2001", "Knee AP")
    path = series["folder_path"].split("/")
    assert path[:3] == ["SERVICES", "PACS", "SAMPLES"]
    assert path[3] == "CL-2001-Fernhollow^Iris-19940806"
    assert path[4] == "XR_Knee_left__2_views-A25-07988-20251210"
    assert path[5].startswith("00001-Knee_AP-")
    assert "," not in series["folder_path"]


def test_a_series_says_who_and_when(desk: Desk) -> None:
    _, series = desk.pulled("CL-1013", "Abdomen 5.0")
    assert series["PatientBirthDate"] is None
    assert series["StudyDate"] is None
    assert series["PatientAge"] is None
    assert series["PatientSex"] == ""
    _, series = desk.pulled("CL-2001", "Knee AP")
    assert series["PatientBirthDate"] == "1994-08-06"
    assert 31 * 365 <= series["PatientAge"] <= 31 * 366


def test_a_file_comes_whole(desk: Desk) -> None:
    _, series = desk.pulled("CL-2001", "Knee AP")
    files = desk.http.get(f"{series['folder']}files/").json()
    assert files["count"] == 1
    found = desk.http.get(
        "pacs/files/search/", params={"fname": series["folder_path"]}
    ).json()["results"][0]
    answer = desk.http.get(found["file_resource"])
    theirs = recorded("pacsfile-download")["response"]
    assert answer.status_code == theirs["status"]
    assert answer.headers["content-type"] == theirs["headers"]["content-type"]
    assert int(answer.headers["content-length"]) == found["fsize"]
    image = dcmread(io.BytesIO(answer.content))
    assert image.SeriesInstanceUID == series["SeriesInstanceUID"]
    sop_uid = image.SOPInstanceUID
    assert found["fname"].endswith(f"/0001-{sop_uid}.dcm")
    bare = httpx.get(found["file_resource"])
    assert (bare.status_code, bare.text) == (401, "detail")


def test_a_second_retrieve_changes_nothing(desk: Desk) -> None:
    _, first = desk.pulled("CL-2001", "Knee lateral")
    _, again = desk.pulled("CL-2001", "Knee lateral")
    assert again == first


def test_strangers_are_told_nothing(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any]
) -> None:
    station = station_factory()
    desk = Desk(api_of(station).http)
    desk.pulled("CL-2001", "Knee AP")
    found = desk.http.get("pacs/files/").json()["results"][0]
    pacs = desk.pacs()["id"]
    with sqlite3.connect(station.folder / "station.db", timeout=10) as db:
        db.execute(
            "DELETE FROM memberships WHERE group_id = "
            "(SELECT id FROM groups WHERE name = 'pacs_users')"
        )
    db.close()
    check(desk.http.get("pacs/"), "pacs-list-403-not-in-group")
    check(desk.http.get("pacs/series/"), "pacsseries-403-not-in-group")
    body = {"title": "z", "query": "{}"}
    refused = desk.http.post(f"pacs/{pacs}/queries/", json=body)
    check(refused, "pacsquery-create-403-not-in-group")
    file = desk.http.get(found["file_resource"])
    theirs = recorded("pacsfiles-download-403-not-in-group")["response"]
    assert (file.status_code, file.text) == (theirs["status"], theirs["body"])
    assert file.headers["content-type"] == theirs["headers"]["content-type"]


def test_only_the_administrator_deletes_a_series(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any]
) -> None:
    station = station_factory()
    desk = Desk(api_of(station).http)
    _, series = desk.pulled("CL-2001", "Knee AP")
    with sqlite3.connect(station.folder / "station.db", timeout=10) as db:
        sql = "SELECT token FROM users WHERE username = 'chris'"
        (token,) = db.execute(sql).fetchone()
    db.close()
    at = f"pacs/series/{series['id']}/"
    answer = desk.http.delete(at, headers={"Authorization": f"Token {token}"})
    body = check(answer, "pacsseries-delete-202", generation=6)
    assert body["deletion_status"] == "pending"
    deadline = time.monotonic() + _PATIENCE
    while desk.http.get(at).status_code != 404:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert desk.http.get("pacs/files/").json()["count"] == 0
    _, again = desk.pulled("CL-2001", "Knee AP")
    assert again["folder_path"] == series["folder_path"]
    assert desk.http.get("pacs/files/").json()["count"] == 1


def test_the_users_own_files_take_the_place_of_the_samples(
    tmp_path: Path, station_factory: Callable[..., Any], api_of: Callable[[Any], Any]
) -> None:
    from pydicom.data import get_testdata_file

    own = tmp_path / "own"
    own.mkdir()
    source = Path(str(get_testdata_file("CT_small.dcm")))
    (own / "one.dcm").write_bytes(source.read_bytes())
    (own / "readme.txt").write_text("not an image", encoding="utf-8")
    station = station_factory("--pacs-folder", str(own))
    desk = Desk(api_of(station).http)
    names = [row["identifier"] for row in desk.http.get("pacs/").json()["results"]]
    assert "FOLDER" in names
    assert "SAMPLES" not in names
    (study,) = unpacked(desk.answered(desk.ask({"PatientID": "*"}, "FOLDER"))["result"])
    uid = study["series"][0]["SeriesInstanceUID"]["value"]
    query = desk.answered(desk.ask({"SeriesInstanceUID": uid}, "FOLDER"))
    desk.http.post(f"pacs/queries/{query['id']}/retrieves/", json={})
    series = desk.registered(uid)
    file = desk.http.get(
        "pacs/files/search/", params={"fname": series["folder_path"]}
    ).json()["results"][0]
    assert desk.http.get(file["file_resource"]).content == source.read_bytes()
