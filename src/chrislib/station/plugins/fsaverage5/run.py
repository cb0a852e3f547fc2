"""pl-fsaverage5: the average cortical surface, from the nilearn wheel."""

import importlib.util
import shutil
import sys
from pathlib import Path

_SURFACES = ("pial", "white", "infl", "sphere", "flat", "curv", "sulc", "thick", "area")


def main() -> int:
    """Copy the surfaces into the output folder."""
    found = importlib.util.find_spec("nilearn")  # found, not imported: it has no needs
    if found is None or found.origin is None:
        print("The package nilearn is missing in this environment.")
        return 1
    data = Path(found.origin).parent / "datasets"
    output = Path(sys.argv[-1])
    for surface in _SURFACES:
        for side in ("left", "right"):
            name = f"{surface}_{side}.gii.gz"
            print(f"Copying {name}", flush=True)
            shutil.copyfile(data / "data" / "fsaverage5" / name, output / name)
    shutil.copyfile(data / "description" / "fsaverage5.rst", output / "README.rst")
    return 0


if __name__ == "__main__":
    sys.exit(main())
