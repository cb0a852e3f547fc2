"""What is installed from a wheel has everything a checkout has."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_wheel_carries_resources_and_plugins(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry = next(n for n in names if n.endswith("entry_points.txt"))
        scripts = archive.read(entry).decode()
    for wanted in (
        "chrislib/resources/icons/house.svg",
        "chrislib/resources/icons/LICENSE",
        "chrislib/resources/fonts/Inter-Regular.ttf",
        "chrislib/resources/fonts/LICENSE",
        "chrislib/station/plugins/dcm2niix/plugin.json",
        "chrislib/station/plugins/dcm2niix/requirements.lock",
        "chrislib/py.typed",
    ):
        assert wanted in names
    assert "chrislib = chrislib.cli:main" in scripts
    assert "chrislib-gui = chrislib.cli:main" in scripts
