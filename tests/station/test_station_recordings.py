"""The recordings of a real CUBE, played against the station of both generations.

What must agree: status, content type, the keys of every object and the types of their
values, the words of every error. What may differ: ids, times, names and numbers.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

_DATA = Path(__file__).resolve().parents[1] / "data"
_RELATIONS = {"next", "previous", "parent", "linked_folder", "linked_file", "workflow"}
# Values whose type depends on what was asked, not on the API.
_ANY = {"default", "value"} | _RELATIONS
_JSON = "application/json"


def recording(name: str, generation: int) -> dict[str, Any]:
    """Read a recording; 6.11 has a file of its own only where it differs."""
    path = _DATA / "recordings-6.11" / f"{name}.json"
    if generation == 7 or not path.exists():
        path = _DATA / "recordings" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def shape(value: Any, name: str = "") -> Any:
    """Return keys and types, lists by what their elements have in common."""
    if name in _ANY:
        return "any"
    if isinstance(value, dict):
        return {key: shape(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, dict) and "name" in one for one in value):
            names = {one["name"]: shape(one) for one in value}
            if len(names) == len(value) and "url" not in value[0]:
                return names  # name/value pairs: the names count
        return [shape(value[0])] if value else []
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def same(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """Return what differs between two shapes, in words."""
    if isinstance(theirs, list) and isinstance(ours, list):
        both = bool(ours) and bool(theirs)
        return same(ours[0], theirs[0], f"{where}[]") if both else []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = [f"{where}.{k} is missing" for k in theirs if k not in ours]
        found += [f"{where}.{k} is not in a CUBE" for k in ours if k not in theirs]
        for key in ours.keys() & theirs.keys():
            found += same(ours[key], theirs[key], f"{where}.{key}")
        return found
    nothing = {"NoneType", "str"} if where.endswith("deletion_requested_at") else set()
    if ours == theirs or {str(ours), str(theirs)} <= nothing:
        return []
    return [f"{where} is {ours}, a CUBE has {theirs}"]


class World:
    """A station in which everything the recordings speak of has happened."""

    def __init__(self, api: Any, generation: int) -> None:
        self.api, self.http, self.generation = api, api.http, generation
        self.answers: dict[str, httpx.Response] = {}
        self.ids: dict[str, Any] = {}
        self._plugins()
        self._files()
        self._runs()
        self._changes()

    def play(self, name: str, path: str, **given: Any) -> Any:
        """Send the request of a recording to `path`, keep and return the answer."""
        asked = recording(name, self.generation)["request"]
        headers = {k: v for k, v in asked["headers"].items() if k != "authorization"}
        body = asked["body"] if "body" not in given else given["body"]
        extra: dict[str, Any] = {}
        if isinstance(body, dict) and "multipart" in body:
            headers.pop("content-type", None)
            parts = body["multipart"]
            extra["data"] = self.ours(parts["fields"])
            files = parts["files"].items()
            extra["files"] = {k: (f["filename"], f["content"]) for k, f in files}
        elif isinstance(body, dict) and "form" in body:
            extra["data"] = self.ours(body["form"])
        elif isinstance(body, str):
            extra["content"] = body
        elif body is not None:
            extra["content"] = json.dumps(self.ours(body))
        if "authorization" not in asked["headers"]:
            headers["Authorization"] = ""
        elif "token" in given:
            headers["Authorization"] = given["token"]
        at = path.format(**self.ids)
        if at.startswith("/"):
            at = str(self.http.base_url.join(at))
        answer = self.http.request(asked["method"], at, headers=headers, **extra)
        self.answers[name] = answer
        return answer

    def ours(self, value: Any) -> Any:
        """Put our user's home in place of the recorded one."""
        text = json.dumps(value).replace("home/cube", "home/local")
        return json.loads(text)

    def _plugins(self) -> None:
        for key, name in (
            ("dircopy", "pl-dircopy"),
            ("simple", "pl-simpledsapp"),
            ("ts", "pl-topologicalcopy"),
            ("dcm", "pl-dcm2niix"),
            ("phantom", "pl-phantom_ct"),
        ):
            found = self.api.get("plugins/search/", name_exact=name)["results"][0]
            self.ids[key] = found["id"]
            self.ids[f"{key}_meta"] = found["meta"].rstrip("/").rpartition("/")[2]

    def _files(self) -> None:
        self.play("userfiles-upload-ok", "userfiles/")
        for name in (
            "userfiles-upload-same-path-again",
            "userfiles-upload-subfolder-ok",
            "userfiles-upload-empty-file",
            "userfiles-upload-odd-name",
        ):
            self.play(name, "userfiles/")
        first = self.answers["userfiles-upload-ok"].json()
        self.ids["file"] = first["id"]
        self.ids["brain"] = first["parent_folder"].rstrip("/").rpartition("/")[2]
        self.play("folder-create-ok", "filebrowser/")
        self.ids["inner"] = self.answers["folder-create-ok"].json()["id"]
        home = self.api.get("filebrowser/search/", path="home/local")["results"][0]
        self.ids["home"] = home["id"]

    def _runs(self) -> None:
        api, ids = self.api, self.ids
        root = self.play(
            "plugininstance-create-fs-json", "plugins/{dircopy}/instances/"
        ).json()
        ids["root"], ids["feed"] = root["id"], root["feed_id"]
        self.play("plugininstance-detail-copying", "plugins/instances/{root}/")
        body = {"previous_id": ids["root"], "title": "copy step", "prefix": "x_"}
        more = {"sleepLength": "0", "dummyInt": 3, "dummyFloat": 2.5}
        child = self.play(
            "plugininstance-create-ds-waiting",
            "plugins/{simple}/instances/",
            body={**body, **more},
        ).json()
        ids["child"] = child["id"]
        self.play("feed-detail-while-running", "{feed}/")
        failing = {"previous_id": ids["root"], "title": "x", "sleepLength": "abc"}
        api.finish(ids["root"])
        fields = [{"name": k, "value": v} for k, v in failing.items()]
        failed = self.play(
            "plugininstance-create-collection-json",
            "plugins/{simple}/instances/",
            body={"template": {"data": fields}},
        ).json()
        ids["failed"] = failed["collection"]["items"][0]["data"][0]["value"]
        # Not the deletion of a run, which takes its place here: two 8 mm phantoms.
        tiny = {"slices": 8, "matrix": 64, "title": "Reference"}
        reference = self.play(
            "plugininstance-create-fs-reference-data",
            "plugins/{phantom}/instances/",
            body=tiny,
        ).json()
        ids["reference"] = reference["id"]
        nifti = {"previous_id": ids["reference"], "z": "n"}
        converted = self.http.post(f"plugins/{ids['dcm']}/instances/", json=nifti)
        ids["converted"] = converted.json()["id"]
        slow = {"previous_id": ids["root"], "sleepLength": "60"}
        to_cancel = self.http.post(f"plugins/{ids['simple']}/instances/", json=slow)
        ids["slow"] = to_cancel.json()["id"]
        # A child gives 6.11 an argument: without any it refuses to run.
        last = {"previous_id": ids["slow"], "prefix": "y"}
        child = self.http.post(f"plugins/{ids['simple']}/instances/", json=last)
        ids["slow_child"] = child.json()["id"]
        api.until(ids["slow"], lambda i: i["status"] == "started")
        self.play("plugininstance-detail-started", "plugins/instances/{slow}/")
        self.play("plugininstance-cancel-400-other-status", "plugins/instances/{slow}/")
        self.play("plugininstance-cancel-put", "plugins/instances/{slow}/")
        self.play(
            "plugininstance-child-of-cancelled", "plugins/instances/{slow_child}/"
        )
        done = api.finish(ids["child"])
        ids["output"] = done["output_folder"].rstrip("/").rpartition("/")[2]
        ids["output_path"] = done["output_path"]
        joined = {"previous_id": ids["child"], "title": "join", "filter": ""}
        both = {"plugininstances": f"{ids['root']},{ids['child']}"}
        answer = self.play(
            "plugininstance-create-ts",
            "plugins/{ts}/instances/",
            body={**joined, **both, "groupByInstance": True},
        ).json()
        ids["join"] = answer["id"]
        for name in ("failed", "reference", "converted", "join"):
            api.finish(ids[name])
        self.play("plugininstance-split-create", "plugins/instances/{child}/splits/")
        under = {"previous_id": ids["failed"], "title": "under error"}
        self.play(
            "plugininstance-child-of-error", "plugins/{simple}/instances/", body=under
        )
        root = api.instance(ids["root"])
        ids["root_folder"] = root["output_folder"].rstrip("/").rpartition("/")[2]
        converted = api.instance(ids["converted"])["output_folder"]
        ids["converted_folder"] = converted.rstrip("/").rpartition("/")[2]
        inside = api.get(f"filebrowser/{ids['output']}/children/")["results"][0]
        ids["inside"] = inside["id"]
        links = api.get(f"filebrowser/{ids['root_folder']}/linkfiles/")["results"]
        ids["link"] = links[0]["id"]

    def _changes(self) -> None:
        token = self.play("downloadtoken-create", "downloadtokens/").json()["token"]
        self.ids["one_time"] = token
        tag = self.play("tag-create", "tags/").json()["id"]
        self.play("feed-tagging-create", "{feed}/taggings/", body={"tag_id": tag})
        self.play("feed-tagging-create-400-unknown", "{feed}/taggings/")
        self.play("feed-comment-create", "{feed}/comments/")
        self.play("feed-note-put", "note{feed}/")
        self.play("feed-put-name", "{feed}/")
        self.play("feed-put-public", "{feed}/")
        self.play("publicfeeds-anonymous", "publicfeeds/")
        self.play("plugininstance-cancel-400-finished", "plugins/instances/{failed}/")
        body = {"title": "throw away", "dir": "home/local/uploads/brain"}
        answer = self.http.post(f"plugins/{self.ids['dircopy']}/instances/", json=body)
        self.ids["gone"] = answer.json()["feed_id"]
        self.api.finish(answer.json()["id"])
        self.play("feed-delete-202", "{gone}/")
        self.api.gone(f"{self.ids['gone']}/")
        self.play("feed-detail-after-delete-404", "{gone}/")
        self.play("folder-delete-202", "filebrowser/{inner}/")
        self.api.gone(f"filebrowser/{self.ids['inner']}/")
        self.play("plugininstance-delete-fs-403", "plugins/instances/{root}/")
        self.play("plugininstance-delete-ds-202", "plugins/instances/{join}/")
        self.api.gone(f"plugins/instances/{self.ids['join']}/")
        gone = "plugins/instances/{join}/"
        self.play("plugininstance-detail-after-delete-404", gone)


# Asked after all has happened; the others are kept from where they happened.
AFTER = {
    "api-root-anonymous": "",
    "api-root-collection-json": "",
    "api-root-empty": "",
    "auth-token-collection-json-template": "auth-token/",
    "chrisinstance": "chrisinstance/1/",
    "computeresource-detail": "computeresources/1/",
    "computeresources-list": "computeresources/",
    "computeresources-search": "computeresources/search/?name_exact=host",
    "dcm2niix-finished": "plugins/instances/{converted}/",
    "dcm2niix-output-files": "filebrowser/{converted_folder}/files/",
    "default-accept-is-collection-json": "chrisinstance/1/",
    "downloadtoken-search": "downloadtokens/search/",
    "ds-output-children": "filebrowser/{output}/children/",
    "ds-output-files": "filebrowser/{inside}/files/",
    "error-400-malformed-json": "tags/",
    "error-401-collection-json": "userfiles/",
    "error-401-no-credentials": "userfiles/",
    "error-403-admin-only": "/chris-admin/api/v1/computeresources/",
    "error-404-bad-id": "plugins/abc/",
    "error-404-object": "plugins/9999/",
    "error-404-unknown-path": "nosuchthing/",
    "error-405": "plugins/1/",
    "error-405-options": "plugins/{simple}/instances/",
    "error-406": "plugins/",
    "error-415": "tags/",
    "feed-comments-list": "{feed}/comments/",
    "feed-detail": "{feed}/",
    "feed-note-get": "note{feed}/",
    "feed-plugininstances": "{feed}/plugininstances/?limit=2",
    "feed-post-405": "",
    "feed-put-400-too-long": "{feed}/",
    "feed-search-fname": "search/?files_fname_icontains=x_a",
    "feed-search-name": "search/?name=brain",
    "feed-search-none": "search/?name_exact=nope",
    "feed-taggings-list": "{feed}/taggings/",
    "feed-tags-list": "{feed}/tags/",
    "feeds-list": "",
    "file-download-accept-octet": "userfiles/{file}/a.txt",
    "file-download-anonymous-401": "userfiles/{file}/a.txt",
    "file-download-token-header": "userfiles/{file}/a.txt",
    "filebrowser-children": "filebrowser/{home}/children/",
    "filebrowser-file-detail": "filebrowser/files/{file}/",
    "filebrowser-linkfiles-home": "filebrowser/{home}/linkfiles/",
    "filebrowser-root": "filebrowser/",
    "filebrowser-root-anonymous": "filebrowser/",
    "filebrowser-root-children": "filebrowser/1/children/",
    "filebrowser-search-home": "filebrowser/search/?path=home%2Flocal",
    "filebrowser-search-not-found": "filebrowser/search/?path=home%2Flocal%2Fnone",
    "folder-create-400-exists": "filebrowser/",
    "folder-create-400-outside-home": "filebrowser/",
    "folder-delete-400-home": "filebrowser/{home}/",
    "folder-detail": "filebrowser/{brain}/",
    "folder-detail-after-delete-404": "filebrowser/{inner}/",
    "folder-files-list": "filebrowser/{brain}/files/",
    "fs-output-folder": "filebrowser/{root_folder}/",
    "fs-output-linkfiles": "filebrowser/{root_folder}/linkfiles/",
    "groups-create-403": "groups/",
    "groups-list": "groups/",
    "linkfile-detail": "filebrowser/linkfiles/{link}/",
    "linkfile-download": "filebrowser/linkfiles/{link}/x.chrislink",
    "plugin-computeresources": "plugins/{dcm}/computeresources/",
    "plugin-detail": "plugins/{simple}/",
    "plugin-instances-of-plugin": "plugins/{simple}/instances/?limit=1",
    "plugin-parameters": "plugins/{simple}/parameters/",
    "plugin-parameters-dircopy": "plugins/{dircopy}/parameters/",
    "plugin-parameters-ts": "plugins/{ts}/parameters/",
    "plugininstance-create-400-bad-integer": "plugins/{simple}/instances/",
    "plugininstance-create-400-bad-path": "plugins/{dircopy}/instances/",
    "plugininstance-create-400-collection-json": "plugins/{simple}/instances/",
    "plugininstance-create-400-compute-resource": "plugins/{dircopy}/instances/",
    "plugininstance-create-400-cpu-limit-range": "plugins/{dircopy}/instances/",
    "plugininstance-create-400-home-folder": "plugins/{dircopy}/instances/",
    "plugininstance-create-400-memory-format": "plugins/{dircopy}/instances/",
    "plugininstance-create-400-missing-previous": "plugins/{simple}/instances/",
    "plugininstance-create-400-missing-required-parameter": (
        "plugins/{dircopy}/instances/"
    ),
    "plugininstance-create-400-template-as-json": "plugins/{dircopy}/instances/",
    "plugininstance-create-400-title-too-long": "plugins/{dircopy}/instances/",
    "plugininstance-create-400-unknown-previous": "plugins/{simple}/instances/",
    "plugininstance-create-401": "plugins/{dircopy}/instances/",
    "plugininstance-descendants": "plugins/instances/{root}/descendants/",
    "plugininstance-detail-finished-ds": "plugins/instances/{child}/",
    "plugininstance-detail-finished-fs": "plugins/instances/{root}/",
    "plugininstance-detail-finished-with-error": "plugins/instances/{failed}/",
    "plugininstance-parameters": "plugins/instances/{child}/parameters/",
    "plugininstance-put-empty-200": "plugins/instances/{failed}/",
    "plugininstance-splits-list": "plugins/instances/{child}/splits/",
    "plugininstance-put-title": "plugins/instances/{failed}/",
    "plugininstances-list-all": "plugins/instances/?limit=2",
    "plugininstances-search-400-bad-status": "plugins/instances/search/?status=running",
    "plugininstances-search-active": "plugins/instances/search/?active=true",
    "plugininstances-search-feed": "plugins/instances/search/?feed_id={feed}&limit=3",
    "plugininstances-search-previous": (
        "plugins/instances/search/?previous_id={root}&limit=2"
    ),
    "plugininstances-search-root": "plugins/instances/search/?root_id={root}&limit=2",
    "plugininstances-search-status": (
        "plugins/instances/search/?status=cancelled&limit=2"
    ),
    "pluginmeta-detail": "plugins/metas/{phantom_meta}/",
    "pluginmeta-plugins": "plugins/metas/{phantom_meta}/plugins/",
    "pluginmetas-list": "plugins/metas/?limit=2",
    "pluginmetas-search-fs": "plugins/metas/search/?type=fs&name_title_category=ct",
    "plugins-list-anonymous": "plugins/?limit=1",
    "plugins-list-limit-zero": "plugins/?limit=0",
    "plugins-list-offset-past-end": "plugins/?limit=2&offset=500",
    "plugins-list-page1": "plugins/?limit=2&offset=0",
    "plugins-list-page2": "plugins/?limit=2&offset=2",
    "plugins-search-bad-date": "plugins/search/?min_creation_date=yesterday",
    "plugins-search-type-fs": "plugins/search/?type=fs",
    "plugins-search-unknown-parameter": "plugins/search/?nosuch=x&limit=1",
    "publicfeeds-search": "publicfeeds/search/?name=brain",
    "reference-data-finished": "plugins/instances/{reference}/",
    "tag-create-empty-name-201": "tags/",
    "tags-list": "tags/",
    "tags-search": "tags/search/?name=pil",
    "user-detail": "users/2/",
    "user-groups": "users/2/groups/",
    "userfile-detail": "userfiles/{file}/",
    "userfiles-list": "userfiles/",
    "userfiles-search-feed-output-recursive": "userfiles/search/?fname={output_path}/",
    "userfiles-search-icontains-multiple": (
        "userfiles/search/?fname_icontains_multiple=brain+txt"
    ),
    "userfiles-search-prefix": "userfiles/search/?fname=home/local/uploads/brain",
    "userfiles-upload-400-chrislink": "userfiles/",
    "userfiles-upload-400-comma": "userfiles/",
    "userfiles-upload-400-is-folder": "userfiles/",
    "userfiles-upload-400-missing": "userfiles/",
    "userfiles-upload-400-other-home": "userfiles/",
    "userfiles-upload-400-outside-home": "userfiles/",
    "userfiles-upload-dotdot": "userfiles/",
    "userfiles-upload-json-body-400": "userfiles/",
    "userfiles-upload-long-path": "userfiles/",
}
BEFORE = (
    "downloadtoken-create",
    "feed-comment-create",
    "feed-delete-202",
    "feed-detail-after-delete-404",
    "feed-detail-while-running",
    "feed-note-put",
    "feed-put-name",
    "feed-put-public",
    "feed-tagging-create",
    "feed-tagging-create-400-unknown",
    "folder-create-ok",
    "folder-delete-202",
    "plugininstance-cancel-400-finished",
    "plugininstance-cancel-400-other-status",
    "plugininstance-cancel-put",
    "plugininstance-child-of-cancelled",
    "plugininstance-child-of-error",
    "plugininstance-create-collection-json",
    "plugininstance-create-ds-waiting",
    "plugininstance-create-fs-json",
    "plugininstance-create-fs-reference-data",
    "plugininstance-create-ts",
    "plugininstance-delete-ds-202",
    "plugininstance-delete-fs-403",
    "plugininstance-detail-after-delete-404",
    "plugininstance-detail-copying",
    "plugininstance-detail-started",
    "plugininstance-split-create",
    "publicfeeds-anonymous",
    "tag-create",
    "userfiles-upload-empty-file",
    "userfiles-upload-odd-name",
    "userfiles-upload-ok",
    "userfiles-upload-same-path-again",
    "userfiles-upload-subfolder-ok",
)


@pytest.fixture(scope="module", params=[7, 6])
def world(
    request: pytest.FixtureRequest, station: Any, old_station: Any, api_class: Any
) -> Iterator[World]:
    generation = request.param
    api = api_class(station if generation == 7 else old_station)
    try:
        yield World(api, generation)
    finally:
        api.http.close()


def _agrees(world: World, name: str, answer: httpx.Response) -> None:
    recorded = recording(name, world.generation)["response"]
    assert answer.status_code == recorded["status"], answer.text
    kind = recorded["headers"].get("content-type")
    assert answer.headers.get("content-type") == kind
    for header in ("content-disposition",):
        if header in recorded["headers"]:
            assert answer.headers[header].startswith("attachment; filename=")
    body = recorded["body"]
    if not isinstance(body, dict | list):
        if kind is not None and not body.startswith("<"):
            assert answer.text == body
        return
    ours = answer.json()
    assert same(shape(ours), shape(body)) == []
    if recorded["status"] >= 400:
        assert _plain(ours, world) == _plain(body, world)


def _plain(error: Any, world: World) -> str:
    """Return the words of an error without hosts, homes and ids."""
    text = json.dumps(error)
    text = re.sub(r"http://[^/]+/api/v1/[^\"\\]*", "<url>", text)
    return text.replace("home/cube", "home/local").replace("cube", "local")


@pytest.mark.parametrize("name", sorted(AFTER))
def test_it_answers_as_a_cube_did(world: World, name: str) -> None:
    _agrees(world, name, world.play(name, AFTER[name]))


@pytest.mark.parametrize("name", BEFORE)
def test_it_answered_as_a_cube_did(world: World, name: str) -> None:
    _agrees(world, name, world.answers[name])


def test_a_wrong_password_is_told_as_a_cube_does(world: World) -> None:
    body = {"username": "local", "password": "wrong"}
    answer = world.play("auth-token-wrong-password", "auth-token/", body=body)
    _agrees(world, "auth-token-wrong-password", answer)


def test_the_right_password_gives_the_same_token_each_time(world: World) -> None:
    station = world.api.station
    body = {"username": "local", "password": station.password}
    answers = [world.play("auth-token-ok", "auth-token/", body=body) for _ in range(2)]
    assert {answer.json()["token"] for answer in answers} == {station.token}
    assert re.fullmatch(r"[0-9a-f]{40}", station.token)


def test_a_bad_token_is_told_as_a_cube_does(world: World) -> None:
    answer = world.play("error-401-bad-token", "userfiles/", token="Token " + "0" * 40)
    _agrees(world, "error-401-bad-token", answer)
    assert answer.headers["www-authenticate"] == "Token"


def test_a_one_time_token_is_good_for_one_download(world: World) -> None:
    at = "userfiles/{file}/a.txt?download_token={one_time}"
    headers = {"Authorization": ""}
    path = at.format(**world.ids)
    first = world.http.get(path, headers=headers)
    again = world.http.get(path, headers=headers)
    assert (first.status_code, first.content) == (200, b"hello world\n")
    assert (again.status_code, again.text) == (401, "detail")


def test_a_range_is_not_looked_at(world: World) -> None:
    path = "userfiles/{file}/a.txt".format(**world.ids)
    answer = world.http.get(path, headers={"Range": "bytes=3-5"})
    assert (answer.status_code, answer.content) == (200, b"hello world\n")


def test_a_500_is_json_only_for_exactly_that_wish(world: World) -> None:
    fields = {"upload_path": "home/local/uploads/../x.txt"}
    kinds = []
    for accept in (_JSON, f"{_JSON}, */*"):
        answer = world.http.post(
            "userfiles/",
            data=fields,
            files={"fname": ("x.txt", b"x")},
            headers={"Accept": accept},
        )
        assert answer.status_code == 500
        kinds.append(answer.headers["content-type"])
    assert kinds == [_JSON, "application/vnd.collection+json"]


def test_generations_differ_where_a_cube_does(world: World) -> None:
    found = world.api.get("computeresources/")["results"][0]
    feed = world.api.get(f"{world.ids['feed']}/")
    status = world.http.get("plugins/instances/search/?status=copying").status_code
    seven = world.generation == 7
    assert ("compute_requires_copy_job" in found) is seven
    assert ("copying_jobs" in feed) is seven
    assert status == (200 if seven else 400)
    assert (world.api.instance(world.ids["child"])["size"] > 0) is not seven


def test_a_cancel_moves_no_end_date(world: World) -> None:
    for name in ("plugininstance-cancel-put", "plugininstance-child-of-cancelled"):
        ours = world.answers[name].json()
        assert ours["status"] == "cancelled"
        assert abs(_seconds(ours["end_date"]) - _seconds(ours["start_date"])) < 1e-3


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()


def test_an_empty_accept_header_is_406(world: World) -> None:
    answer = world.http.get("plugins/", headers={"Accept": ""})
    assert answer.status_code == 406


def test_every_link_of_the_root_leads_somewhere(world: World) -> None:
    links = world.api.get("")["collection_links"]
    assert len(links) == 19
    for name, href in links.items():
        answer = world.http.get(href)
        assert answer.status_code == 200, name
        assert answer.headers["content-type"] == _JSON


def test_no_file_of_a_pipeline_is_kept(world: World) -> None:
    name = "pipelinesourcefiles-list"
    ours = world.api.get("pipelines/sourcefiles/")
    theirs = recording(name, world.generation)["response"]["body"]
    assert (ours["count"], ours["results"]) == (0, [])
    assert same(shape(ours["queries"]), shape(theirs["queries"])) == []
