"""Play the main story in a real window; pictures and report go to ``build/tour/``.

Run as ``python tests/e2e/tour/run.py``. Exits with 1 when a step fails, with 2 when
the machine lacks something.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "build" / "tour"
_INSIDE = "CHRISLIB_TOUR_INSIDE"


def main() -> int:
    """Prepare the folder, then play the story inside a bus session of its own."""
    sys.path.insert(0, str(ROOT))
    from tests.e2e.tour.session import missing

    lacking = missing()
    if lacking:
        print("The tour needs: apt-get install " + " ".join(lacking))
        return 2
    if os.environ.get(_INSIDE) != "1":
        if FOLDER.exists():
            shutil.rmtree(FOLDER)
        FOLDER.mkdir(parents=True)
        command = ["dbus-run-session", "--", sys.executable, str(Path(__file__))]
        return subprocess.run(
            command, env=os.environ | {_INSIDE: "1"}, check=False
        ).returncode
    return play()


def play() -> int:
    """Play the story on a desktop of its own."""
    from tests.e2e.tour.report import Report
    from tests.e2e.tour.screen import Screen
    from tests.e2e.tour.session import Desktop, TourError
    from tests.e2e.tour.steps import Story
    from tests.e2e.tour.themes import Camera, Portal

    desktop = Desktop(FOLDER, FOLDER / "home")
    screen = Screen(desktop)
    portal = Portal()
    camera = Camera(desktop, portal)
    report = Report(FOLDER, camera)
    report.write()
    try:
        desktop.start()
        portal.start()
        Story(desktop, screen, report, results=FOLDER / "results").play()
    except (TourError, OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"The tour stopped: {error}")
        if not desktop.program_runs and desktop.program_code is not None:
            print(f"The program had ended with {desktop.program_code}.")
        elif screen.works:
            print(f"On the screen: {screen.words()}")
        return 1
    finally:
        screen.close()
        desktop.stop()
        portal.stop()
        print(f"Pictures in both themes took {camera.turned:.0f} s.")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
