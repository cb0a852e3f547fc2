"""The declared settings: typed, ranged, kept."""

import json
import stat
from pathlib import Path

import pytest

from chrislib.errors import ChrislibError
from chrislib.settings import SETTINGS, Settings


def test_defaults_are_allowed_values() -> None:
    for setting in SETTINGS:
        assert setting.checked(setting.default) == setting.default
        assert setting.help


def test_a_choice_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    settings = Settings(path)
    heard: list[str] = []
    stop = settings.subscribe(heard.append)
    settings.set("theme", "light")
    settings.set("theme", "light")
    stop()
    settings.set("text_size", 1)
    assert heard == ["theme"]
    assert Settings(path).get("theme") == "light"
    assert Settings(path).number("text_size") == 1.0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("theme", 3),
        ("text_size", 9.0),
        ("poll_seconds", 0.0),
        ("hide_names", 1),
    ],
)
def test_what_is_not_allowed_is_refused(
    tmp_path: Path, name: str, value: object
) -> None:
    settings = Settings(tmp_path / "s.json")
    with pytest.raises(ChrislibError):
        settings.set(name, value)
    assert not (tmp_path / "s.json").exists()


@pytest.mark.logs("cannot be read", "not allowed")
@pytest.mark.parametrize(
    "content",
    ["nonsense", "[]", json.dumps({"theme": 1, "old": 2, "hide_names": True})],
)
def test_a_damaged_file_costs_only_its_bad_values(tmp_path: Path, content: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(content)
    settings = Settings(path)
    assert settings.get("theme") == "dark"
    assert settings.get("hide_names") is ("hide_names" in content)
