"""pl-dicom_samples: sample images of pydicom-data, in folders by kind."""

import importlib.util
import shutil
import sys
from pathlib import Path

_FOLDERS = {
    "CT": ("eCT_Supplemental.dcm", "explicit_VR-UN.dcm", "bad_sequence.dcm"),
    "MR": (
        "MR2_UNCR.dcm",
        "MR2_J2KR.dcm",
        "MR2_J2KI.dcm",
        "MR-SIEMENS-DICOM-WithOverlays.dcm",
        "emri_small.dcm",
        "emri_small_RLE.dcm",
        "emri_small_jpeg_2k_lossless.dcm",
    ),
    "US": ("US1_UNCR.dcm", "US1_J2KR.dcm", "gdcm-US-ALOKA-16.dcm"),
    "XA-RF-OT": ("JPGLosslessP14SV1_1s_1f_8b.dcm", "OBXXXX1A.dcm", "JPEG-LL.dcm"),
    "RG": ("RG1_J2KI.dcm", "RG3_J2KR.dcm", "693_UNCR.dcm", "693_J2KR.dcm"),
    "SC": (
        "SC_rgb.dcm",
        "SC_rgb_16bit.dcm",
        "color-px.dcm",
        "color3d_jpeg_baseline.dcm",
    ),
}


def main() -> int:
    """Copy the images into the output folder."""
    found = importlib.util.find_spec("data_store")
    if found is None or found.origin is None:
        print("The package pydicom-data is missing in this environment.")
        return 1
    data = Path(found.origin).parent / "data"
    for name, files in _FOLDERS.items():
        folder = Path(sys.argv[-1]) / name
        folder.mkdir()
        for file in files:
            print(f"Copying {name}/{file}", flush=True)
            shutil.copyfile(data / file, folder / file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
