r"""Who opens ``chris:`` links: this program, told to the desktop per user.

Linux: a ``.desktop`` file that names the scheme, in the user's own applications
folder. Windows: keys below ``HKEY_CURRENT_USER\Software\Classes``. On macOS the
scheme stands in ``Info.plist`` of the bundle (``CFBundleURLTypes``), which the
packaging writes; a program that runs from a checkout cannot have it there.
"""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_log = logging.getLogger(__name__)

SCHEME = "chris"
FILE = "chrislib.desktop"
_SECONDS = 10.0


def command() -> list[str]:
    """Return how this very installation is started with a link."""
    return [sys.executable, "-m", "chrislib", "run"]


def register(
    start: Sequence[str], *, icon: Path | None = None, env: Mapping[str, str]
) -> bool:
    """Make chrislib the one that opens ``chris:`` links of this user (disk, processes).

    Run it in a thread. A choice the user made for another program stays.

    Parameters
    ----------
    start : sequence of str
        Program and arguments; the link is put behind them.
    env : mapping
        The process's environment: where the desktop looks for such files.

    Returns
    -------
    bool
        Whether links are opened by chrislib now.
    """
    if sys.platform == "win32":
        return _register_windows(start)
    if sys.platform == "darwin":
        return False
    return _register_linux(start, icon=icon, env=env)


def desktop_entry(start: Sequence[str], *, icon: Path | None = None) -> str:
    """Return the text of the ``.desktop`` file (Desktop Entry Specification 1.5)."""
    run = " ".join(_quoted(part) for part in start)
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        "Version=1.5",
        "Name=chrislib",
        "Comment=Opens links to runs and feeds of a ChRIS",
        f"Exec={run} %u",
        *([f"Icon={_escaped(str(icon))}"] if icon is not None else []),
        "Terminal=false",
        "NoDisplay=true",
        "StartupNotify=true",
        f"MimeType=x-scheme-handler/{SCHEME};",
    ]
    return "\n".join(lines) + "\n"


def _register_linux(
    start: Sequence[str], *, icon: Path | None, env: Mapping[str, str]
) -> bool:
    home = env.get("HOME", "")
    data = env.get("XDG_DATA_HOME") or (f"{home}/.local/share" if home else "")
    if not data or not os.path.isabs(data):
        return False
    folder = Path(data) / "applications"
    entry = folder / FILE
    text = desktop_entry(start, icon=icon)
    try:
        if entry.is_file() and entry.read_text(encoding="utf-8") == text:
            return True
        folder.mkdir(parents=True, exist_ok=True)
        part = entry.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(entry)
    except OSError as error:
        _log.info("links cannot be registered: %s", type(error).__name__)
        return False
    # Both only help: desktops that lack them read the folder themselves.
    _ask(["update-desktop-database", "-q", str(folder)], env)
    mime = f"x-scheme-handler/{SCHEME}"
    if _ask(["xdg-mime", "query", "default", mime], env) in ("", FILE):
        _ask(["xdg-mime", "default", FILE, mime], env)
    return True


def _register_windows(start: Sequence[str]) -> bool:
    if sys.platform == "win32":
        import winreg

        run = subprocess.list2cmdline([*start, "%1"])
        root = rf"Software\Classes\{SCHEME}"
        try:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, root) as key:
                winreg.SetValueEx(key, "", 0, winreg.REG_SZ, "URL:ChRIS link")
                winreg.SetValueEx(key, "URL Protocol", 0, winreg.REG_SZ, "")
            with winreg.CreateKey(
                winreg.HKEY_CURRENT_USER, rf"{root}\shell\open\command"
            ) as key:
                winreg.SetValueEx(key, "", 0, winreg.REG_SZ, run)
        except OSError as error:
            _log.info("links cannot be registered: %s", type(error).__name__)
            return False
        return True
    return False


def _ask(arguments: Sequence[str], env: Mapping[str, str]) -> str:
    """Run one of the desktop's small tools; "" when it is not there or fails."""
    program = shutil.which(arguments[0], path=env.get("PATH"))
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, *arguments[1:]],
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        _log.info("%s did not work: %s", arguments[0], type(error).__name__)
        return ""
    return done.stdout.strip()


def _quoted(part: str) -> str:
    """Quote one argument of an Exec key; a percent sign there would be a field."""
    text = "".join(f"\\{c}" if c in '"`$\\' else c for c in part)
    return f'"{_escaped(text)}"'.replace("%", "%%")


def _escaped(text: str) -> str:
    """Escape a value of a desktop file."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
