"""Registration of ``chris:`` links with the desktop."""

import configparser
import os
import stat
import sys
from pathlib import Path

import pytest

from chrislib.desktop import links


def entry_of(home: Path) -> configparser.SectionProxy:
    """Read the registered file as a desktop does."""
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(home / ".local/share/applications" / links.FILE, encoding="utf-8")
    return parser["Desktop Entry"]


@pytest.mark.skipif(sys.platform != "linux", reason="the files of Linux desktops")
def test_the_scheme_is_registered_once(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": str(tmp_path / "none")}
    icon = tmp_path / "icon.png"
    assert links.register(["/opt/py thon", "-m", "chrislib"], icon=icon, env=env)
    entry = entry_of(tmp_path)
    assert entry["MimeType"] == "x-scheme-handler/chris;"
    assert entry["Exec"] == '"/opt/py thon" "-m" "chrislib" %u'
    assert entry["Icon"] == str(icon)
    file = tmp_path / ".local/share/applications" / links.FILE
    before = file.stat().st_mtime_ns
    assert links.register(["/opt/py thon", "-m", "chrislib"], icon=icon, env=env)
    assert file.stat().st_mtime_ns == before


@pytest.mark.skipif(sys.platform != "linux", reason="the files of Linux desktops")
@pytest.mark.parametrize(("chosen", "taken"), [("", True), ("other.desktop", False)])
def test_another_choice_of_the_user_stays(
    tmp_path: Path, chosen: str, *, taken: bool
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    said = tmp_path / "said.txt"
    tool = tools / "xdg-mime"
    tool.write_text(
        f'#!/bin/sh\necho "$@" >> {said}\n[ "$1" = query ] && echo "{chosen}"\nexit 0\n'
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    env = {"HOME": str(tmp_path), "PATH": f"{tools}{os.pathsep}/bin:/usr/bin"}
    assert links.register(links.command(), env=env)
    asked = said.read_text().splitlines()
    assert asked[0] == "query default x-scheme-handler/chris"
    assert (len(asked) == 2) is taken


def test_odd_paths_are_quoted_as_the_specification_asks() -> None:
    text = links.desktop_entry(['/a "b" $c%d\\e'])
    assert 'Exec="/a \\\\"b\\\\" \\\\$c%%d\\\\\\\\e" %u' in text


@pytest.mark.skipif(sys.platform != "linux", reason="the files of Linux desktops")
def test_a_folder_that_cannot_be_written_is_no_disaster(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    env = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "file")}
    assert not links.register(links.command(), env=env)
    assert not links.register(links.command(), env={})
