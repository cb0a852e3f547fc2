"""The guard against the Qt that corrupts reference counts."""

import pytest

from chrislib import qtguard


@pytest.mark.parametrize(
    ("qt", "python", "refused"),
    [
        ("6.11.3", (3, 11), False),
        ("6.8.3", (3, 11), False),
        ("6.12.0", (3, 11), True),
        ("6.12.0", (3, 12), False),
        ("6.12.4", (3, 11), True),
        ("7.0.0", (3, 11), True),
        ("7.0.0", (3, 13), False),
        ("", (3, 11), False),
    ],
)
def test_only_the_broken_pair_is_refused(
    qt: str, python: tuple[int, int], refused: bool
) -> None:
    assert (qtguard.refusal(qt, python) is not None) is refused


def test_the_installed_one_is_found_and_good() -> None:
    assert qtguard.installed()[:2] == "6."
    qtguard.check()


def test_a_broken_one_ends_the_program_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(qtguard, "installed", lambda: "6.12.0")
    monkeypatch.setattr("sys.version_info", (3, 11, 7, "final", 0))
    with pytest.raises(SystemExit) as ended:
        qtguard.check()
    assert "6.12.0" in str(ended.value)
    assert "Nothing was started" in str(ended.value)
