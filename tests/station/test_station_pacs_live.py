"""Progress of transfers as it happens, and what can go wrong on the way."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

_DATA = Path(__file__).resolve().parents[1] / "data" / "recordings"
_PATIENCE = 30.0


class Line:
    """A client of one station: requests, and the websocket."""

    def __init__(self, api: Any) -> None:
        self.http: httpx.Client = api.http
        self.base = str(api.station.url)

    @property
    def origin(self) -> str:
        return self.base.removesuffix("/api/v1/")

    def token(self) -> str:
        return str(self.http.post("downloadtokens/", json={}).json()["token"])

    def connect(self, token: str, origin: str | None) -> ClientConnection:
        address = self.base.replace("http://", "ws://")
        uri = f"{address}pacs/ws/?token={token}"
        return connect(uri, origin=None if origin is None else Origin(origin))

    def socket(self) -> ClientConnection:
        return self.connect(self.token(), self.origin)

    def ask(self, query: dict[str, str], seconds: float = _PATIENCE) -> dict[str, Any]:
        """Send a query and wait until it has ended."""
        found = self.http.get("pacs/search/?identifier=SAMPLES").json()["results"]
        body = {"title": str(uuid.uuid4()), "query": json.dumps(query)}
        made = self.http.post(f"pacs/{found[0]['id']}/queries/", json=body).json()
        deadline = time.monotonic() + seconds
        while made["status"] not in ("succeeded", "errored"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
            made = self.http.get(f"pacs/queries/{made['id']}/").json()
        return dict(made)

    def retrieve(self, query: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"pacs/queries/{query['id']}/retrieves/", json={})
        assert answer.status_code == 201
        return dict(answer.json())

    def find(self, patient: str, description: str) -> tuple[dict[str, Any], str]:
        """Return a query that matches one series, and its UID."""
        import base64
        import zlib

        query = self.ask({"PatientID": patient, "SeriesDescription": description})
        (study,) = json.loads(zlib.decompress(base64.b64decode(query["result"])))
        (series,) = study["series"]
        return query, str(series["SeriesInstanceUID"]["value"])

    def count(self, uid: str) -> int:
        found = self.http.get(f"pacs/series/search/?SeriesInstanceUID={uid}").json()
        return int(found["count"])

    def files(self, uid: str) -> int:
        found = self.http.get(f"pacs/series/search/?SeriesInstanceUID={uid}").json()
        folder = found["results"][0]["folder"]
        return int(self.http.get(f"{folder}files/").json()["count"])

    def until_registered(self, uid: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self.count(uid):
            assert time.monotonic() < deadline, "never registered"
            time.sleep(0.02)


def subscribe(socket: ClientConnection, uid: str, pacs: str = "SAMPLES") -> Any:
    said = {"action": "subscribe", "pacs_name": pacs, "SeriesInstanceUID": uid}
    socket.send(json.dumps(said))
    return json.loads(socket.recv(timeout=_PATIENCE))


def news(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=_PATIENCE))


def until_done(socket: ClientConnection) -> list[dict[str, Any]]:
    """Return the messages of one series up to and with the last."""
    said: list[dict[str, Any]] = []
    while not said or "done" not in said[-1]:
        said.append(news(socket)["message"])
    return said


def until_silence(socket: ClientConnection, seconds: float = 1.0) -> list[Any]:
    """Return what comes until nothing came for a while."""
    said: list[Any] = []
    while True:
        try:
            said.append(json.loads(socket.recv(timeout=seconds)))
        except TimeoutError:
            return said


def recorded(name: str) -> Any:
    return json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def line(api: Any) -> Line:
    return Line(api)


@pytest.fixture
def own_line(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any]
) -> Callable[..., Line]:
    def make(*options: str) -> Line:
        return Line(api_of(station_factory(*options)))

    return make


def fault(folder: Path, text: str) -> None:
    (folder / "pacs-fault").write_text(text, encoding="utf-8")


def test_only_our_own_pages_with_a_one_time_token_may_connect(line: Line) -> None:
    lines = recorded("pacs-websocket-transcript")["transcript"]
    refusals = [row for row in lines if "403" in row.get("result", "")]
    assert len(refusals) == 4
    used = line.token()
    with line.connect(used, line.origin):
        pass
    api_token = line.http.headers["authorization"].removeprefix("Token ")
    for token, origin in (
        (line.token(), None),
        (line.token(), "http://example.org"),
        (line.token(), "null"),
        ("", line.origin),
        (api_token, line.origin),
        (used, line.origin),
    ):
        with pytest.raises(InvalidStatus) as refused:
            line.connect(token, origin)
        assert refused.value.response.status_code == 403


def test_the_order_of_a_transfer(line: Line) -> None:
    query, uid = line.find("CL-1006", "Liver sweep")
    with line.socket() as socket:
        ack = subscribe(socket, uid)
        assert ack == {
            "pacs_name": "SAMPLES",
            "SeriesInstanceUID": uid,
            "message": {"subscribed": True},
        }
        line.retrieve(query)
        said = until_done(socket)
        # Trap 5: the end of the transfer is not yet the registration.
        assert line.count(uid) == 0
        socket.send('{"action": "unsubscribe"}')
        assert news(socket) == {"message": {"subscribed": False}}
        socket.send('{"action": "nonsense"}')
        with pytest.raises(ConnectionClosedError) as dropped:
            socket.recv(timeout=_PATIENCE)
        assert dropped.value.rcvd is None
    counts = [message["ndicom"] for message in said[:-1]]
    assert said[-1] == {"done": True}
    assert counts == sorted(set(counts))
    assert (counts[0], counts[-1]) == (1, 12)
    line.until_registered(uid)
    assert line.files(uid) == 12


def test_counts_come_at_most_twice_a_second(own_line: Callable[..., Line]) -> None:
    line = own_line("--pace", "0.04")
    query, uid = line.find("CL-1003", "Ax FLAIR")
    with line.socket() as socket:
        subscribe(socket, uid)
        line.retrieve(query)
        counts = [message["ndicom"] for message in until_done(socket)[:-1]]
    assert counts[-1] == 30
    assert 3 <= len(counts) <= 6


@pytest.mark.parametrize(
    "said", ["rubbish", "[]", '{"action": "subscribe"}', '{"action": 7}']
)
def test_nonsense_drops_the_line(line: Line, said: str) -> None:
    with line.socket() as socket:
        socket.send(said)
        with pytest.raises(ConnectionClosedError) as dropped:
            socket.recv(timeout=_PATIENCE)
        assert dropped.value.rcvd is None


def test_those_who_come_late_hear_nothing_of_before(line: Line) -> None:
    query, uid = line.find("CL-1014", "Left kidney")
    line.retrieve(query)
    line.until_registered(uid)
    with line.socket() as socket:
        subscribe(socket, uid)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)


def test_two_clients_and_two_series(line: Line) -> None:
    first, first_uid = line.find("CL-2001", "Run 1")
    second, second_uid = line.find("CL-2001", "Run 2")
    with line.socket() as both, line.socket() as one:
        subscribe(both, first_uid)
        subscribe(both, second_uid)
        subscribe(one, second_uid)
        line.retrieve(first)
        line.retrieve(second)
        assert until_done(one)[-2] == {"ndicom": 24}
        ended: set[str] = set()
        while len(ended) < 2:
            message = news(both)
            if "done" in message["message"]:
                ended.add(message["SeriesInstanceUID"])
        assert ended == {first_uid, second_uid}


def test_the_event_stream(line: Line) -> None:
    theirs = recorded("pacs-sse-transcript")["events"]
    query, uid = line.find("CL-1014", "Right kidney")
    asked = {"pacs_name": "SAMPLES", "series_uids": uid}
    lines: list[str] = []
    url = f"{line.base}pacs/sse/"
    # Where a CUBE asks nobody who they are, the station wants its token.
    assert httpx.get(url, params=asked).status_code == 401
    token = {"Authorization": line.http.headers["Authorization"]}
    with httpx.stream("GET", url, params=asked, headers=token) as answer:
        assert answer.status_code == theirs[0]["status"]
        kind = answer.headers["content-type"].split(";")[0]
        assert kind == theirs[0]["content-type"]
        line.retrieve(query)
        lines.extend(answer.iter_lines())
    events = [text for text in lines if text.startswith("data: ")]
    assert lines[:1] == ["event: message"]
    said = [json.loads(text.removeprefix("data: ")) for text in events]
    last = {"pacs_name": "", "SeriesInstanceUID": "", "message": {"done": True}}
    assert said[-1] == last
    assert said[-2]["message"] == {"done": True}
    assert said[-3]["message"] == {"ndicom": 10}


def test_requests_are_answered_while_images_come(own_line: Callable[..., Line]) -> None:
    line = own_line("--pace", "0")
    query, uid = line.find("CL-9001", "AXIAL 300")
    slowest = 0.0
    line.retrieve(query)
    deadline = time.monotonic() + _PATIENCE
    while True:
        started = time.monotonic()
        registered = line.count(uid)
        slowest = max(slowest, time.monotonic() - started)
        if registered:
            break
        assert time.monotonic() < deadline
    assert line.files(uid) == 300
    assert slowest < 3.0


def test_a_lookup_service_that_is_down(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any]
) -> None:
    station = station_factory()
    line = Line(api_of(station))
    query = line.ask({"PatientID": "CL-1001"})
    fault(station.folder, "down")
    answer = line.http.get("pacs/")
    theirs = recorded("pacs-list-500-lookup-service-down")["response"]
    assert (answer.status_code, answer.json()) == (theirs["status"], theirs["body"])
    assert line.http.get("pacs/search/").json()["count"] == 3
    errored = line.ask({"PatientID": "CL-1001"})
    assert (errored["status"], errored["result"]) == ("errored", "")
    retrieve = line.retrieve(query)
    assert (retrieve["status"], retrieve["result"]) == ("errored", "")
    body = {"title": errored["title"], "execute": True}
    again = line.http.put(f"pacs/queries/{errored['id']}/", json=body)
    assert again.json()["status"] == "errored"
    (station.folder / "pacs-fault").unlink()
    assert line.http.get("pacs/").status_code == 200


def test_a_transfer_that_stops_can_be_asked_for_again(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any]
) -> None:
    station = station_factory()
    line = Line(api_of(station))
    query, uid = line.find("CL-1014", "Liver")
    fault(station.folder, "stop:4")
    with line.socket() as socket:
        subscribe(socket, uid)
        line.retrieve(query)
        assert news(socket)["message"] == {"ndicom": 1}
        assert until_silence(socket) == []
        assert line.count(uid) == 0
        fault(station.folder, "")
        line.retrieve(query)
        assert until_done(socket)[-2:] == [{"ndicom": 10}, {"done": True}]
    line.until_registered(uid)
    assert line.files(uid) == 10


def test_an_image_that_cannot_be_stored(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any]
) -> None:
    station = station_factory()
    line = Line(api_of(station))
    query, uid = line.find("CL-1014", "Liver")
    fault(station.folder, "error:3")
    with line.socket() as socket:
        subscribe(socket, uid)
        line.retrieve(query)
        said = until_done(socket)
    assert {"error": "The image could not be stored"} in said
    assert said[-2:] == [{"ndicom": 9}, {"done": True}]
    line.until_registered(uid)
    assert line.files(uid) == 9


def test_a_full_disk_leaves_nothing_half_registered(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any], tmp_path: Path
) -> None:
    home = tmp_path / "full"
    station = station_factory("--quota", "600000", home=home)
    line = Line(api_of(station))
    query, uid = line.find("CL-1014", "Liver")
    with line.socket() as socket:
        subscribe(socket, uid)
        line.retrieve(query)
        said = until_done(socket)
        assert until_silence(socket) == []
    assert {"error": "No space left on device"} in said
    assert line.count(uid) == 0
    assert list((station.folder / "storage" / "pacs").glob("*/*")) == []
    station.stop()
    roomy = Line(api_of(station_factory(home=home)))
    roomy.retrieve(query)
    roomy.until_registered(uid)
    assert roomy.files(uid) == 10


def test_a_station_that_was_killed_takes_the_series_again(
    station_factory: Callable[..., Any], api_of: Callable[[Any], Any], tmp_path: Path
) -> None:
    home = tmp_path / "killed"
    station = station_factory("--pace", "0.1", home=home)
    line = Line(api_of(station))
    query, uid = line.find("CL-1003", "Ax FLAIR")
    with line.socket() as socket:
        subscribe(socket, uid)
        line.retrieve(query)
        news(socket)
        station.kill()
    later = Line(api_of(station_factory(home=home)))
    assert later.count(uid) == 0
    assert later.http.get(f"pacs/queries/{query['id']}/").json()["status"] == (
        "succeeded"
    )
    later.retrieve(query)
    later.until_registered(uid)
    assert later.files(uid) == 30


def test_many_retrieves_at_once(own_line: Callable[..., Line]) -> None:
    line = own_line("--pace", "0")
    query, uid = line.find("CL-1006", "Liver sweep")
    threads = [threading.Thread(target=line.retrieve, args=(query,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line.until_registered(uid)
    assert line.count(uid) == 1
    assert line.files(uid) == 12
