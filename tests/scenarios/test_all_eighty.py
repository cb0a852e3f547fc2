"""The design's eighty failure scenarios each have their test, and only one."""

import re
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[1]
_SCENARIO = re.compile(r"^(?:async )?def test_s(\d\d)_\w+\(", re.MULTILINE)
_METHOD = re.compile(r"^[ \t]+(?:async )?def test_s\d\d_", re.MULTILINE)
_SKIPPED = re.compile(
    r"@pytest\.mark\.(?:skip|xfail)\w*(?:\([^)]*\))?\s+(?:@[^\n]+\s+)*"
    r"(?:async )?def test_s\d\d_"
)


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Return every test file's text."""
    return {
        str(path.relative_to(_TESTS)): path.read_text(encoding="utf-8")
        for path in _TESTS.rglob("test_*.py")
    }


@pytest.fixture(scope="module")
def found(sources: dict[str, str]) -> dict[int, list[str]]:
    """Return the files in which each scenario is tested."""
    found: dict[int, list[str]] = {}
    for name, text in sources.items():
        for number in _SCENARIO.findall(text):
            found.setdefault(int(number), []).append(name)
    return found


@pytest.mark.parametrize("number", range(1, 81))
def test_each_scenario_is_tested_once(number: int, found: dict[int, list[str]]) -> None:
    places = found.get(number, [])
    assert len(places) == 1, f"scenario {number} is tested in {places or 'no file'}"


def test_no_other_numbers_and_none_hidden_in_a_class_or_skipped(
    sources: dict[str, str], found: dict[int, list[str]]
) -> None:
    assert set(found) <= set(range(1, 81))
    for name, text in sources.items():
        assert not _METHOD.search(text), f"{name}: a scenario within a class"
        assert not _SKIPPED.search(text), f"{name}: a scenario that is skipped"
