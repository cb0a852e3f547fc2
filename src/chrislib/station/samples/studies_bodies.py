"""Studies of trunks, spines, knees and of children."""

from chrislib.station.samples import people
from chrislib.station.samples.body import Knee, Spine, Trunk
from chrislib.station.samples.head import Head
from chrislib.station.samples.large import LargeSeries
from chrislib.station.samples.plans import SeriesPlan, StudyPlan
from chrislib.station.samples.recipes import (
    Angiography,
    BodySeries,
    Radiograph,
    Ultrasound,
)
from chrislib.station.samples.shapes import Fan, VesselRun
from chrislib.station.samples.stack import Stack
from chrislib.station.samples.studies_heads import brain_series, ct_series, mr_series


def trunks_and_spines() -> list[StudyPlan]:
    """Return chests, abdomens, vessels and spines."""
    trunk = Trunk()
    chest = Stack("axial", 60, 5, 256, 256, 1.4, (0, 0, 60))
    belly = Stack("axial", 48, 5, 256, 256, 1.4, (0, 0, -90))
    sagittal = Stack("sagittal", 15, 4, 320, 320, 0.9, (0, 20, 0))
    across = Stack("axial", 25, 4, 192, 192, 0.9, (0, 22, -20))

    def body(stack: Stack, contrast: str, description: str, *, part: str) -> SeriesPlan:
        window = (-500.0, 1500.0) if "lung" in description else (50.0, 400.0)
        recipe = BodySeries(trunk, stack, contrast, window)
        return SeriesPlan(description, recipe, description.upper(), part)

    def spine(stack: Stack, contrast: str, description: str) -> SeriesPlan:
        recipe = BodySeries(Spine(dry=(1, 2)), stack, contrast)
        return SeriesPlan(description, recipe, "L-SPINE ROUTINE", "LSPINE")

    return [
        StudyPlan(
            people.OTTO,
            "20240613",
            "140200",
            "CT Chest and abdomen",
            "A24-05001",
            "CTEAST",
            (
                body(chest, "ct", "Chest 5.0 lung", part="CHEST"),
                body(belly, "ctc", "Abdomen 5.0 portal venous", part="ABDOMEN"),
            ),
        ),
        StudyPlan(
            people.OTTO,
            "20240712",
            "083000",
            "XA Left coronary",
            "A24-05544",
            "XA1",
            tuple(
                SeriesPlan(
                    f"Run {number + 1}",
                    Angiography(VesselRun(frames=24, seed=7 + number)),
                    "CORO 15",
                    "HEART",
                )
                for number in range(2)
            ),
        ),
        StudyPlan(
            people.PARTIAL,
            "20170909",
            "120000",
            "MR Lumbar spine",
            "A17-00800",
            "MRSOUTH",
            (
                spine(sagittal, "t1", "Sag T1"),
                spine(sagittal, "t2", "Sag T2"),
                spine(sagittal, "stir", "Sag STIR"),
                spine(across, "t2", "Ax T2 L4/L5"),
            ),
        ),
        StudyPlan(
            people.PARTIAL,
            "201803",
            "",
            "MR Lumbar spine, follow-up",
            "A18-00222",
            "MRSOUTH",
            (spine(sagittal, "t2", "Sag T2"),),
        ),
        StudyPlan(
            people.UNKNOWN,
            "",
            "",
            "CT Abdomen, date unknown",
            "",
            "CTEAST",
            (body(belly, "ct", "Abdomen 5.0", part="ABDOMEN"),),
        ),
        StudyPlan(
            people.AUGUST,
            "20221224",
            "235901",
            "XR Chest AP bedside",
            "A22-09999",
            "DX1",
            (
                SeriesPlan(
                    "Chest AP",
                    Radiograph(
                        trunk, (Stack("coronal", 1, 1, 400, 400, 1.0, (0, 0, 60)),), 120
                    ),
                    "CHEST BEDSIDE",
                    "CHEST",
                ),
            ),
        ),
        StudyPlan(
            people.AUGUST,
            "20221226",
            "091100",
            "CT Head w/o contrast",
            "A22-10003",
            "CTEAST",
            ct_series(Head(ventricles=2.4, fold=0.9)),
        ),
    ]


def limbs_and_children() -> list[StudyPlan]:
    """Return knees, a child and an infant."""
    knee = Knee(effusion=True)
    views = (
        Stack("coronal", 1, 1, 448, 352, 0.4),
        Stack("sagittal", 1, 1, 448, 352, 0.4),
    )
    sagittal = Stack("sagittal", 24, 4, 256, 256, 0.65)
    coronal = Stack("coronal", 24, 4, 256, 256, 0.65)
    infant = Head(size=0.68, ventricles=1.4, fold=1.7)
    child = Head(size=0.9, ventricles=0.7, fold=2.9)

    def knee_series(stack: Stack, contrast: str, description: str) -> SeriesPlan:
        recipe = BodySeries(knee, stack, contrast)
        return SeriesPlan(description, recipe, "KNEE ROUTINE", "KNEE")

    def sweep(organ: str, description: str, *, part: str) -> SeriesPlan:
        recipe = Ultrasound(Fan(organ=organ), 10)
        return SeriesPlan(description, recipe, description.upper(), part)

    return [
        StudyPlan(
            people.IRIS,
            "20251212",
            "173012",
            "MR Knee left",
            "A25-08001",
            "MRSOUTH",
            (
                knee_series(sagittal, "pd", "Sag PD"),
                knee_series(coronal, "t1", "Cor T1"),
                knee_series(coronal, "stir", "Cor STIR"),
            ),
        ),
        StudyPlan(
            people.IRIS,
            "20251210",
            "201544",
            "XR Knee left, 2 views",
            "A25-07988",
            "DX1",
            tuple(
                SeriesPlan(text, Radiograph(Knee(), (view,), 70), "KNEE 2V", "KNEE")
                for text, view in zip(("Knee AP", "Knee lateral"), views, strict=True)
            ),
        ),
        StudyPlan(
            people.LUMEN,
            "20260515",
            "094500",
            "US Neonatal head",
            "A26-02712",
            "US1",
            (sweep("neonate", "Coronal sweep", part="HEAD"),),
        ),
        StudyPlan(
            people.LUMEN,
            "20260811",
            "080010",
            "MR Brain, infant",
            "A26-04002",
            "MRNORTH",
            brain_series(infant, size=192)[1:],
        ),
        StudyPlan(
            people.TILDA,
            "20240901",
            "151600",
            "MR Brain, child, sedated",
            "A24-07001",
            "MRNORTH",
            (
                *brain_series(child, size=224)[:3],
                SeriesPlan(
                    "Cor T2",
                    mr_series(child, "t2", 36, plane="coronal", size=224),
                    "COR T2",
                    "HEAD",
                ),
            ),
        ),
        StudyPlan(
            people.TILDA,
            "20240820",
            "100310",
            "US Kidneys",
            "A24-06870",
            "US1",
            (
                sweep("kidney", "Right kidney", part="KIDNEY"),
                sweep("kidney", "Left kidney", part="KIDNEY"),
                sweep("liver", "Liver", part="ABDOMEN"),
            ),
        ),
    ]


def bench() -> StudyPlan:
    """Return the one large series."""
    return StudyPlan(
        people.BENCH,
        "20260101",
        "000000",
        "CT Head thin slices",
        "A26-00001",
        "CTEAST",
        (SeriesPlan("AXIAL 300", LargeSeries(), "HEAD THIN", "HEAD"),),
    )
