"""A log is the program's own, and holds no token."""

import base64
import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.logs import program_command, program_log, redact
from chrislib.cube.reading import unpack

DATA = Path(__file__).parents[2] / "data"


def _packed(compute: object) -> str:
    return base64.b64encode(
        zlib.compress(json.dumps({"compute": compute}).encode())
    ).decode()


def _summary(logs: str) -> str:
    return json.dumps({"compute": {"return": {"job_logs": logs}}})


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("recordings/plugininstance-detail-copying", ""),
        # the log of the job that fetched the inputs is not the program's
        ("recordings/plugininstance-detail-started", ""),
        ("recordings/plugininstance-detail-finished-ds", "simpledsapp"),
        ("recordings/plugininstance-detail-finished-with-error", "Traceback"),
        # the clean-up has overwritten it (trap 2)
        ("recordings/plugininstance-detail-finished-minutes-later", ""),
        ("recordings-6.11/plugininstance-detail-copying", ""),
        ("recordings-6.11/plugininstance-detail-finished-minutes-later", "simple"),
        ("recordings-6.11/plugininstance-compute-down", ""),
    ],
)
def test_recorded_logs(name: str, has: str) -> None:
    body = json.loads((DATA / f"{name}.json").read_text())["response"]["body"]
    log = program_log(summary=body["summary"], raw=body["raw"])
    assert bool(log) is bool(has)
    assert has.lower() in log.lower()
    assert "data deletion" not in log


def test_raw_is_preferred_and_summary_the_fallback() -> None:
    raw = _packed({"cmd": "program", "logs": "all of it"})
    assert program_log(summary=_summary("tail"), raw=raw) == "all of it"
    assert program_log(summary=_summary("tail"), raw="") == "tail"
    assert program_log(summary=_summary("tail"), raw="rubbish") == "tail"
    assert program_log(summary="rubbish", raw="") == ""
    assert program_log(summary="", raw="") == ""


def test_a_clean_up_log_is_left_out_in_both_places() -> None:
    deletion = "[2026-11-22 02:48:57,497] [INFO] Starting data deletion for job x\n"
    raw = _packed({"cmd": "python -m pfcon.delete_worker /share", "logs": deletion})
    assert program_log(summary=_summary(deletion), raw=raw) == ""
    assert program_log(summary=_summary(deletion), raw="") == ""
    assert program_command(raw) == ""


def test_the_command_of_the_program() -> None:
    assert program_command(_packed({"cmd": "prog --a 1"})) == "prog --a 1"
    assert program_command("") == ""


TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "line",
    [
        f"CHRIS_USER_TOKEN={TOKEN}",
        f"'CHRIS_USER_TOKEN': '{TOKEN}'",
        f'"CHRIS_USER_TOKEN": "{TOKEN}",',
        f"CHRIS_USER_TOKEN = {TOKEN.upper()}",
        f"CHRIS_USER_TOKEN:\n    {TOKEN}",
    ],
)
def test_tokens_are_taken_out(line: str) -> None:
    shown = program_log(summary="", raw=_packed({"cmd": "p", "logs": f"a\n{line}\nb"}))
    assert TOKEN not in shown.lower()
    assert shown.startswith("a\n")
    assert shown.endswith("\nb")


@given(st.text())
def test_redacting_leaves_other_text_alone(text: str) -> None:
    if "CHRIS_USER_TOKEN" not in text:
        assert redact(text) == text


@given(st.text() | st.binary().map(lambda b: base64.b64encode(b).decode()))
def test_rubbish_unpacks_to_nothing(text: str) -> None:
    unpack(text)
    program_log(summary=text, raw=text)


def test_a_token_in_a_header_or_under_another_name_is_taken_out() -> None:
    token = "0a" * 20
    for line in (
        f"Authorization: Token {token}",
        f"CHRIS_TOKEN='{token}'",
        f"auth-token = {token}",
    ):
        assert token not in redact(f"before\n{line}\nafter")
    commit = f"at commit {token}"
    assert redact(commit) == commit
