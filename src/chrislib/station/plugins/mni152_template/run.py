"""pl-mni152_template: the T1 template of the ICBM 152 brain, from the nilearn wheel."""

import importlib.util
import shutil
import sys
from pathlib import Path

_FILES = {
    "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz": "MNI152_T1_1mm_brain.nii.gz",
}


def main() -> int:
    """Copy the files into the output folder."""
    found = importlib.util.find_spec("nilearn")  # found, not imported: it has no needs
    if found is None or found.origin is None:
        print("The package nilearn is missing in this environment.")
        return 1
    data = Path(found.origin).parent / "datasets"
    output = Path(sys.argv[-1])
    for source, name in _FILES.items():
        print(f"Copying {source} as {name}", flush=True)
        shutil.copyfile(data / "data" / source, output / name)
    shutil.copyfile(data / "description" / "icbm152_2009.rst", output / "README.rst")
    return 0


if __name__ == "__main__":
    sys.exit(main())
