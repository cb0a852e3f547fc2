"""A virtual display for measurements: Xvfb with a window manager."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def virtual_display(size: str = "1440x900x24") -> Iterator[dict[str, str]]:
    """Give the environment of a running Xvfb and openbox; both end with the block."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=(writer,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    # to the end of the line: the server dies of a pipe closed under it
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    env = {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    manager = subprocess.Popen(
        [shutil.which("openbox") or "openbox"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_manager(env)
        yield env
    finally:
        manager.terminate()
        manager.wait(10)
        server.terminate()
        server.wait(10)


def _wait_for_manager(env: dict[str, str]) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        asked = subprocess.run(
            ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if "window id" in asked.stdout:
            return
        time.sleep(0.05)
    raise RuntimeError("no window manager came up on the virtual display")
