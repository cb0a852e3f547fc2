"""The real sample images: packages that pip delivers, kept beside the plugins'."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.paths import Paths
from chrislib.station.samples.data import SampleData

log = logging.getLogger(__name__)

_LOCK_FILE = Path(__file__).with_name("requirements.lock")
_MARKER = ".complete"
_LONGEST_SECONDS = 900.0


def find_sample_data(paths: Paths) -> SampleData | None:
    """Return the real sample images if they are on this disk already."""
    folder = _folder(paths)
    return SampleData(folder) if (folder / _MARKER).is_file() else None


def sample_data(paths: Paths, *, stop: threading.Event | None = None) -> SampleData:
    """Return the real sample images, fetched over the network when not here yet.

    Parameters
    ----------
    paths : Paths
        Where environments are kept.
    stop : Event, optional
        Set it to give up early.

    Raises
    ------
    ChrislibError
        The packages cannot be had; nothing half-made is left behind.
    """
    found = find_sample_data(paths)
    if found is not None:
        return found
    folder = _folder(paths)
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    try:
        _install(making, stop or threading.Event())
        _check(SampleData(making))
        (making / _MARKER).write_text("", encoding="ascii")
        _put_in_place(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    log.info("The real sample images are here now.")
    return SampleData(folder)


def _folder(paths: Paths) -> Path:
    digest = hashlib.sha256(_LOCK_FILE.read_bytes()).hexdigest()[:12]
    return paths.plugin_envs / f"sample-data-{digest}"


def _install(target: Path, stop: threading.Event) -> None:
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
        *("--require-hashes", "--only-binary", ":all:", "--no-compile"),
        *("--disable-pip-version-check", "--no-input", "--no-warn-script-location"),
        *("--target", str(target), "--requirement", str(_LOCK_FILE)),
    ]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        words: list[str] = []
        reader = threading.Thread(
            target=lambda: words.append(process.stderr.read() if process.stderr else "")
        )
        reader.start()
        deadline = time.monotonic() + _LONGEST_SECONDS
        while process.poll() is None:
            if stop.wait(0.2) or time.monotonic() > deadline:
                process.kill()
                process.wait()
        reader.join()
        if process.returncode != 0:
            raise _unavailable("".join(words).strip()[-400:])


def _check(data: SampleData) -> None:
    if not data.brain.is_file() or not data.dicom("RG1_UNCR.dcm").is_file():
        raise _unavailable("the packages do not hold the expected files")


def _put_in_place(making: Path, folder: Path) -> None:
    if folder.exists() and not (folder / _MARKER).is_file():
        shutil.rmtree(folder, ignore_errors=True)
    try:
        os.replace(making, folder)
    except OSError:
        # Another process was first; what it made is as good as ours.
        if not (folder / _MARKER).is_file():
            raise


def _unavailable(why: str) -> ChrislibError:
    return ChrislibError(
        "The real sample images could not be fetched.",
        "The sample PACS shows its computed studies only; nothing is lost.",
        hint="Connect to the network and run chrislib station prepare.",
        retryable=True,
        context={"pip": why},
    )
