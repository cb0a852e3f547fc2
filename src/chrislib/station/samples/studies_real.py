"""Studies made of real images."""

from chrislib.station.samples import people
from chrislib.station.samples.data import SampleData
from chrislib.station.samples.plans import SeriesPlan, StudyPlan
from chrislib.station.samples.real import (
    PublishedImage,
    TemplateBrain,
    own_dicom,
)
from chrislib.station.samples.stack import Plane


def real(data: SampleData) -> list[StudyPlan]:
    """Return the studies made of the template and of published samples."""

    def published(
        name: str,
        description: str,
        *,
        modality: str,
        part: str,
        crop: tuple[int, int, int, int] | None = None,
    ) -> SeriesPlan:
        recipe = PublishedImage(data.dicom(name), modality, crop)
        return SeriesPlan(description, recipe, description.upper(), part)

    def own(name: str, description: str, *, modality: str, part: str) -> SeriesPlan:
        recipe = PublishedImage(own_dicom(name), modality)
        return SeriesPlan(description, recipe, description.upper(), part)

    brain: tuple[tuple[Plane, int, str], ...] = (
        ("sagittal", 1, "Sag T1 1 mm (MNI152)"),
        ("axial", 2, "Ax T1 2 mm (MNI152)"),
        ("coronal", 2, "Cor T1 2 mm (MNI152)"),
    )
    return [
        StudyPlan(
            people.MIRA,
            "20260914",
            "091512",
            "MR Brain w/o contrast",
            "A26-04711",
            "MRNORTH",
            tuple(
                SeriesPlan(
                    text, TemplateBrain(data, plane, step), "T1 MPRAGE ISO", "BRAIN"
                )
                for plane, step, text in brain
            ),
        ),
        StudyPlan(
            people.SAM,
            "20190311",
            "133000",
            "MR Shoulder and abdomen",
            "A19-00203",
            "MRSOUTH",
            (
                published("MR2_UNCR.dcm", "Cor PD", modality="MR", part="SHOULDER"),
                published(
                    "MR-SIEMENS-DICOM-WithOverlays.dcm",
                    "Ax T1 VIBE late phase",
                    modality="MR",
                    part="ABDOMEN",
                ),
                own("MR_small.dcm", "Ax inner ear", modality="MR", part="IAC"),
            ),
        ),
        StudyPlan(
            people.SAM,
            "20190402",
            "081504",
            "CT Head and spine",
            "A19-00377",
            "CTEAST",
            (
                published("693_UNCR.dcm", "5/5mm Plain", modality="CT", part="HEAD"),
                own("CT_small.dcm", "Spine 5 mm", modality="CT", part="TSPINE"),
            ),
        ),
        StudyPlan(
            people.SAM,
            "20190402",
            "102211",
            "Ultrasound",
            "A19-00381",
            "US2",
            (
                published(
                    "US1_UNCR.dcm",
                    "Lymph node power Doppler",
                    modality="US",
                    part="NECK",
                    crop=(108, 342, 0, 640),
                ),
                published(
                    "gdcm-US-ALOKA-16.dcm",
                    "Pelvis",
                    modality="US",
                    part="PELVIS",
                    crop=(74, 424, 24, 600),
                ),
                published(
                    "color-pl.dcm", "TEE color flow", modality="US", part="HEART"
                ),
            ),
        ),
        StudyPlan(
            people.SAM,
            "20200117",
            "150145",
            "XR Chest and lower leg",
            "A20-00025",
            "DX1",
            (
                published("RG1_UNCR.dcm", "Chest PA", modality="CR", part="CHEST"),
                published("RG3_UNCR.dcm", "Lower leg AP", modality="CR", part="LEG"),
            ),
        ),
    ]
