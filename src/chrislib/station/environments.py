"""A Python environment for each plugin, as a container would be.

It is made at the first run of the plugin, or for all by ``chrislib station prepare``,
in a folder of its own that gets its final name only when all is in it. The name holds
the digest of the lock file: a changed lock makes another environment.
"""

import errno
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.paths import Paths
from chrislib.station.registry import Descriptor, descriptors
from chrislib.station.samples.environment import sample_data

_log = logging.getLogger(__name__)
_MARKER = "ready.json"
_SECONDS = 1_800


class EnvironmentNotMade(ChrislibError):
    """The environment of a plugin cannot be made."""


class Environments:
    """The environments below one folder.

    Parameters
    ----------
    root : Path
        The folder; made when it is needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def ready(self, descriptor: Descriptor) -> bool:
        """Return whether a plugin could start at once (looks at the disk)."""
        return descriptor.lock is None or self._python_of(descriptor) is not None

    def python(self, descriptor: Descriptor) -> Path:
        """Return the interpreter of a plugin, its environment made if need be.

        Takes as long as a download does (network, disk, processes).

        Raises
        ------
        EnvironmentNotMade
            When it cannot be made; nothing half-made is left.
        """
        if descriptor.lock is None:
            return Path(sys.executable)
        with self._guard:
            lock = self._locks.setdefault(descriptor.environment, threading.Lock())
        with lock:
            return self._python_of(descriptor) or self._make(descriptor)

    def _python_of(self, descriptor: Descriptor) -> Path | None:
        place = self._root / descriptor.environment
        try:
            marker = json.loads((place / _MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        python = place / marker["python"]
        return python if python.exists() else None

    def _make(self, descriptor: Descriptor) -> Path:
        place = self._root / descriptor.environment
        self._root.mkdir(parents=True, exist_ok=True)
        self._sweep()
        # Nothing in it is called by a path of its own, so it can be made elsewhere
        # and moved: whoever sees it sees all of it.
        made = self._root / f".new-{uuid.uuid4().hex}"
        inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        try:
            self._fill(descriptor, made, made / inside)
            marker = {"python": inside}
            (made / _MARKER).write_text(json.dumps(marker), encoding="utf-8")
            try:
                made.rename(place)
            except OSError:
                # Another station made it meanwhile, or an older one broke off here.
                if self._python_of(descriptor) is None:
                    shutil.rmtree(place, ignore_errors=True)
                    made.rename(place)
        except (OSError, subprocess.SubprocessError) as error:
            words = getattr(error, "stderr", "") or str(error)
            raise EnvironmentNotMade(
                f"The environment of {descriptor.name} could not be made.",
                "The plugin was not started; your data is unchanged.",
                hint="It needs the Internet once. Connect, then run again.",
                retryable=True,
                context={"pip": words.strip()[-800:]},
            ) from error
        finally:
            shutil.rmtree(made, ignore_errors=True)
        _log.info("environment of %s made", descriptor.name)
        return place / inside

    def _sweep(self) -> None:
        """Remove from disk what makers that were killed left behind."""
        for path in self._root.glob(".new-*"):
            if time.time() - path.stat().st_mtime > 2 * _SECONDS:
                shutil.rmtree(path, ignore_errors=True)

    def _fill(self, descriptor: Descriptor, place: Path, python: Path) -> None:
        venv = [sys.executable, "-m", "venv", str(place)]
        pip = [str(python), "-m", "pip"]
        if importlib.util.find_spec("pip") is not None:
            venv.insert(3, "--without-pip")
            pip = [sys.executable, "-m", "pip", "--python", str(python)]
        self._run(venv)
        options = ["--quiet", "--disable-pip-version-check", "--no-input"]
        install = [*pip, "install", *options, "--require-hashes", "--no-deps"]
        build = descriptor.folder / "build.lock"
        if build.exists():
            # Packages without wheels: what builds them is locked as well.
            self._run([*install, "--only-binary", ":all:", "-r", str(build)])
            install.append("--no-build-isolation")
        else:
            install += ["--only-binary", ":all:"]
        self._run([*install, "-r", str(descriptor.lock)])

    def _run(self, command: list[str]) -> None:
        secret = ("CHRIS", "TOKEN", "PASSWORD")
        env = {
            key: value
            for key, value in os.environ.items()
            if not any(word in key.upper() for word in secret)
            and not key.startswith(("PYTHON", "VIRTUAL_ENV"))
        }
        with self._guard:
            if self._stopped:
                raise OSError(errno.ECANCELED, "the station was stopped")
            process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            self._running.add(process)
        try:
            said, _nothing = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
            process.wait()
            with self._guard:
                self._running.discard(process)
        if process.returncode != 0:
            raise subprocess.CalledProcessError(
                process.returncode, command[0], stderr=said
            )

    def stop(self) -> None:
        """Give up what is being made (ends processes)."""
        with self._guard:
            self._stopped = True
            for process in self._running:
                process.kill()


def prepare_all(paths: Paths, *, report: Callable[[str], None]) -> int:
    """Make all environments and fetch the sample images (network, disk).

    Returns an exit code: 1 when something is missing at the end.
    """
    environments = Environments(paths.plugin_envs)
    failed = 0
    for descriptor in descriptors():
        if environments.ready(descriptor):
            continue
        report(f"Preparing {descriptor.name} {descriptor.version} …")
        try:
            environments.python(descriptor)
        except ChrislibError as error:
            failed += 1
            report(f"{error}\n{error.context.get('pip', '')}")
    try:
        sample_data(paths)
    except ChrislibError as error:
        failed += 1
        report(str(error))
    return 1 if failed else 0
