"""What goes wrong is said in the window in plain words, and nothing is lost.

One test for each line of the list a first user meets: every part is real (server
process, catalog, services, window), only the display is offscreen.
"""

import http.server
import json
import os
import signal
import sqlite3
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton

from chrislib.cube.errors import TokenRejected
from chrislib.cube.types import InstanceId
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Job, Kind, Phase, RunIntent
from chrislib.library.model import ItemState
from chrislib.pacs.types import Criteria
from chrislib.views.dialogs.sign_in import SignInSheet
from chrislib.views.navigation import ShowFeed, ShowJobs, ShowLibrary

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]
StationFactory = Callable[..., Station]


def sign_in(program: Program, url: str, user: str, password: str) -> None:
    """Fill in the sign-in sheet and press its button, as a person does."""
    context = program.context
    SignInSheet(
        program.window, context.theme, context.session, messages=context.messages
    ).open()
    fields = {}
    for name in ("server", "user", "password"):
        field = program.window.findChild(QLineEdit, f"sign-in.{name}")
        assert field is not None
        fields[name] = field
    fields["server"].setText(url)
    fields["user"].setText(user)
    fields["password"].setText(password)
    for pressed in program.window.findChildren(QPushButton):
        if pressed.text() == "Sign in" and pressed.isVisible():
            pressed.click()
            return
    raise AssertionError("no Sign in button")


def post(station: Station, path: str, body: dict[str, object]) -> dict[str, Any]:
    """POST to the station beside the program."""
    request = urllib.request.Request(
        station.url + path,
        data=json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Token {station.token}",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        made: dict[str, Any] = json.load(answer)
        return made


def look_up(program: Program, **values: str) -> Any:
    """Look up in every PACS and return the result."""
    criteria = Criteria({key: (value,) for key, value in values.items()})
    return program.run(program.services.library.lookup(criteria))


def first_series(found: Any, description: str) -> tuple[Any, Any, Any]:
    """Return patient, study and series of the first series called `description`."""
    for patient in found.patients:
        for study in patient.studies:
            for series in study.series:
                if description in series.description:
                    return patient, study, series
    raise AssertionError(f"{description} was not found")


def test_a_wrong_password_is_told_at_the_field(
    program_factory: ProgramFactory, station: Station
) -> None:
    program = program_factory(None)
    sign_in(program, station.url, station.username, "wrong")
    program.wait_to_read("Not signed in")
    note = program.window.findChild(QLineEdit, "sign-in.password")
    assert note.hasFocus() or note.selectedText() == "wrong" or note.text() == "wrong"


def test_a_server_that_is_down_is_told_at_the_address(
    program_factory: ProgramFactory,
) -> None:
    program = program_factory(None)
    sign_in(program, "http://127.0.0.1:9/api/v1/", "someone", "secret")
    program.wait_to_read("Not signed in")
    assert program.services.session.client is None


class _Html(http.server.BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = b"<html><body><b>Welcome</b> to the printer</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def printer() -> Iterator[str]:
    """Give the address of a server that answers, but is no CUBE."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Html)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/v1/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_is_no_cube_is_told_and_its_page_is_not_shown(
    program_factory: ProgramFactory, printer: str
) -> None:
    program = program_factory(None)
    sign_in(program, printer, "someone", "secret")
    program.wait_to_read("Not signed in")
    assert not program.reads("printer")


def test_a_token_revoked_midway_asks_again_and_keeps_everything(
    program_factory: ProgramFactory, station_factory: StationFactory
) -> None:
    station = station_factory()
    program = program_factory(station)
    services = program.services
    look_up(program, PatientID="CL-1001")
    before = len(program.run(services.library.history()))
    with closing(sqlite3.connect(station.folder / "station.db")) as db, db:
        db.execute(
            "UPDATE users SET token = ? WHERE username = ?",
            ("0" * 40, station.username),
        )
    with pytest.raises(TokenRejected):
        look_up(program, PatientID="CL-1001")
    assert services.session.state.value == "auth_required"
    program.wait_to_read("no longer accepts this sign-in")
    assert len(program.run(services.library.history())) >= before
    program.run(
        services.session.sign_in(station.url, station.username, station.password)
    )
    assert services.session.state.value == "connected"


def test_an_unreachable_pacs_is_an_error_and_never_zero_results(
    program_factory: ProgramFactory,
    station_factory: StationFactory,
) -> None:
    station = station_factory()
    (station.folder / "pacs-fault").write_text("down", encoding="utf-8")
    program = program_factory(station)
    program.context.navigator.go(ShowLibrary("overview"))
    field = program.window.findChild(QLineEdit, "overview.quick.patient_id")
    assert field is not None
    field.setText("CL-1001")
    QTest.keyClick(field, Qt.Key.Key_Return)
    program.wait_to_read("PACS")
    program.wait(lambda: bool(program.run(program.services.library.history())))
    program.wait(
        lambda: (
            program.run(program.services.library.history())[0].state
            in {"failed", "errors"}
        )
    )
    assert not program.reads("0 patients")


def test_a_pull_that_stops_says_how_much_is_safe_and_can_be_retried(
    program_factory: ProgramFactory, station_factory: StationFactory
) -> None:
    station = station_factory()
    fault = station.folder / "pacs-fault"
    fault.write_text("stop:5", encoding="utf-8")
    program = program_factory(station)
    library = program.services.library
    found = look_up(program, PatientID="CL-1001")
    wanted = first_series(found, "Localizer")
    program.context.navigator.go(ShowJobs())
    items = program.run(library.pull([wanted]))
    item_id = items[0].item_id
    program.wait(lambda: library.item(item_id).state is ItemState.FAILED, 30_000)
    program.wait_to_read("Stopped at", "of 15")
    fault.unlink()
    program.run(library.retry(item_id))
    program.wait(lambda: library.item(item_id).state is ItemState.READY, 30_000)


def run_simple(program: Program, station: Station, **parameters: Any) -> Any:
    """Upload a file, make a feed of it and add pl-simpledsapp to it."""
    services = program.services
    folder = f"home/{station.username}/uploads/bad-{time.monotonic_ns()}"
    local = services.paths.cache / "a.txt"
    local.write_text("hello", encoding="utf-8")
    program.run(services.session.client.files.upload(local, f"{folder}/a.txt"))

    async def plugin(name: str) -> Any:
        async for found in services.session.client.plugins.list(name_exact=name):
            return found
        raise AssertionError(f"{name} is not there")

    dircopy = program.run(plugin("pl-dircopy"))
    root = program.run(
        services.jobs.submit_now(
            RunIntent(
                plugin_id=dircopy.id,
                plugin_name=dircopy.name,
                plugin_version=dircopy.version,
                plugin_type="fs",
                parameters={"dir": folder},
                title="Bad input",
            )
        )
    )
    simple = program.run(plugin("pl-simpledsapp"))
    return program.run(
        services.jobs.submit_now(
            RunIntent(
                plugin_id=simple.id,
                plugin_name=simple.name,
                plugin_version=simple.version,
                plugin_type="ds",
                parameters=parameters,
                previous_id=root.remote_id,
                feed_id=root.feed_id,
                title="child",
            )
        )
    )


def test_a_plugin_that_exits_with_an_error_keeps_its_log(
    program_factory: ProgramFactory, old_station: Station
) -> None:
    # 6.11 keeps logs; 7 erases them half a second after a run, and what nobody looked
    # at in time is gone there.
    program = program_factory(old_station)
    job = run_simple(program, old_station, prefix="x_", sleepLength="abc")
    jobs = program.services.jobs
    program.wait(lambda: jobs.get(job.key).phase.terminal, 60_000)
    assert jobs.get(job.key).phase is Phase.FINISHED_WITH_ERRORS
    program.context.navigator.go(ShowFeed(job.feed_id, job.remote_id))
    program.wait_to_read("Ready, with errors")
    details = program.run(
        program.services.feeds.details(job.feed_id, InstanceId(job.remote_id))
    )
    assert "abc" in details.log


def test_a_full_disk_in_the_station_fails_the_file_and_nothing_else(
    program_factory: ProgramFactory, station_factory: StationFactory, tmp_path: Path
) -> None:
    station = station_factory("--quota", "300000")
    program = program_factory(station)
    library = program.services.library
    folder = tmp_path / "to send"
    folder.mkdir()
    (folder / "small.txt").write_text("small", encoding="utf-8")
    (folder / "large.bin").write_bytes(b"x" * 2_000_000)
    scan = program.run(library.scan([folder]))
    items = program.run(library.upload(scan))
    uploads = _uploads_when_over(program)
    failed = [file for job in uploads for file in job.failed_files]
    assert [Path(file.path).name for file in failed] == ["large.bin"]
    assert failed[0].reason
    assert library.item(items[0].item_id) is not None
    program.context.navigator.go(ShowLibrary("upload"))
    program.wait_to_read("large.bin")


def test_a_file_that_is_not_dicom_among_dicom_files_goes_as_it_is(
    program_factory: ProgramFactory, station: Station, tmp_path: Path
) -> None:
    from pydicom.data import get_testdata_file

    program = program_factory(station)
    folder = tmp_path / "mixed"
    folder.mkdir()
    source = get_testdata_file("CT_small.dcm")
    assert isinstance(source, str)
    whole = Path(source).read_bytes()
    (folder / "image.dcm").write_bytes(whole)
    (folder / "broken.dcm").write_bytes(whole[:140])
    (folder / "notes.txt").write_text("not DICOM", encoding="utf-8")
    scan = program.run(program.services.library.scan([folder]))
    assert len(scan.series) == 1
    assert [name for _path, name, _size in scan.others if "notes" in name]
    assert [Path(file.path).name for file in scan.unreadable] == ["broken.dcm"]
    assert scan.unreadable[0].reason
    program.run(program.services.library.upload(scan))
    assert all(not job.failed_files for job in _uploads_when_over(program))


def _uploads_when_over(program: Program) -> list[Job]:
    """Wait for the program's uploads; runs of other tests share the station."""

    def uploads() -> list[Job]:
        jobs = program.services.jobs.jobs()
        return [job for job in jobs if job.kind is Kind.UPLOAD]

    program.wait(
        lambda: bool(uploads()) and all(job.phase.terminal for job in uploads()), 30_000
    )
    return uploads()


def test_a_station_killed_and_started_again_is_found_with_its_runs(
    program_factory: ProgramFactory, station_factory: StationFactory
) -> None:
    station = station_factory()
    program = program_factory(station)
    services = program.services
    job = run_simple(program, station, prefix="k_", sleepLength="2")
    port = station.port
    station.kill()
    program.run(services.jobs.refresh())
    program.wait(lambda: services.jobs.reach.value != "FRESH", 30_000)
    assert services.jobs.get(job.key) is not None
    station.options = (*station.options, "--port", str(port))
    station.start()
    program.run(services.session.reconnect())
    program.wait(lambda: services.jobs.get(job.key).phase.terminal, 60_000)
    assert services.jobs.get(job.key).phase is Phase.FINISHED


def test_the_embedded_station_is_started_again_by_itself(
    program_factory: ProgramFactory,
) -> None:
    program = program_factory(None)
    session, paths = program.services.session, program.services.paths
    program.run(session.use_station(), 60_000)
    assert session.state.value == "connected"
    first = json.loads(paths.station_runtime.read_text("utf-8"))["pid"]
    try:
        look_up(program, PatientID="CL-1001")
        os.kill(first, signal.SIGKILL)
        with pytest.raises(ChrislibError):
            look_up(program, PatientID="CL-1001")
        program.wait_to_read("Offline")
        program.wait(lambda: session.state.value == "connected", 60_000)
        again = look_up(program, PatientID="CL-1001")
        assert again.patients
        assert len(program.run(program.services.library.history())) >= 2
    finally:
        last = json.loads(paths.station_runtime.read_text("utf-8"))["pid"]
        os.kill(last, signal.SIGTERM)
    assert last != first
