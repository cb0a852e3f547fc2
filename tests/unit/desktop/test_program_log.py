"""The program's log tells where something failed, and nothing of whom it was about."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from chrislib.logs import start_log

NAME = "Zwiebelfisch"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log file."""
    root = logging.getLogger()
    level = root.level
    handler = start_log(tmp_path)
    yield tmp_path / "chrislib.log"
    root.removeHandler(handler)
    handler.close()
    root.setLevel(level)


def fails(depth: int) -> None:
    if depth:
        try:
            fails(depth - 1)
        except OSError as error:
            raise ExceptionGroup(NAME, [ValueError(NAME), error]) from error
    raise FileNotFoundError(2, "No such file", f"/home/{NAME}")


def test_exceptions_are_told_without_their_messages(log: Path) -> None:
    try:
        fails(1)
    except ExceptionGroup as error:
        logging.getLogger("elsewhere").exception("it failed")
        error.__cause__ = error  # a circle has an end too
        logging.getLogger("elsewhere").exception("it failed again")
    text = log.read_text("utf-8")
    assert NAME not in text
    assert "builtins.FileNotFoundError (errno 2)" in text
    assert "builtins.ExceptionGroup" in text
    assert "builtins.ValueError" in text
    assert "in fails" in text
    assert text.index("FileNotFoundError") < text.index("ExceptionGroup")


def test_tokens_and_talkative_libraries_are_left_out(log: Path) -> None:
    token = "0a" * 20
    logging.getLogger("elsewhere").warning("with Token %s", token)
    for library in ("httpx", "qasync", "websockets"):
        logging.getLogger(library).info("about %s", NAME)
    text = log.read_text("utf-8")
    assert "<redacted>" in text
    assert token not in text
    assert NAME not in text
