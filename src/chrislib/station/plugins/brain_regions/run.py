"""pl-brain_regions: published regions of interest, from the nilearn wheel."""

import importlib.util
import shutil
import sys
from pathlib import Path

_TABLES = {
    "power_2011": ("power_2011.csv",),
    "dosenbach_2010": ("dosenbach_2010.csv",),
    "seitzman_2018": (
        "seitzman_2018_ROIs_300inVol_MNI_allInfo.txt",
        "seitzman_2018_ROIs_anatomicalLabels.txt",
    ),
}


def main() -> int:
    """Copy the tables into the output folder, each with its description."""
    found = importlib.util.find_spec("nilearn")  # found, not imported: it has no needs
    if found is None or found.origin is None:
        print("The package nilearn is missing in this environment.")
        return 1
    data = Path(found.origin).parent / "datasets"
    for atlas, tables in _TABLES.items():
        folder = Path(sys.argv[-1]) / atlas
        folder.mkdir()
        for table in tables:
            print(f"Copying {table}", flush=True)
            shutil.copyfile(data / "data" / table, folder / table)
        description = data / "description" / f"{atlas}.rst"
        if description.exists():
            shutil.copyfile(description, folder / "README.rst")
    return 0


if __name__ == "__main__":
    sys.exit(main())
