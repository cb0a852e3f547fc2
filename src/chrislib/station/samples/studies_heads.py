"""Studies of heads: brains by MR in many scripts, heads by CT, children."""

import math

from chrislib.station.samples import people
from chrislib.station.samples.head import Head, HeadLook, Lesion
from chrislib.station.samples.people import Person
from chrislib.station.samples.plans import SeriesPlan, StudyPlan
from chrislib.station.samples.recipes import (
    Diffusion,
    HeadSeries,
    Localizer,
    Ultrasound,
)
from chrislib.station.samples.shapes import Fan
from chrislib.station.samples.stack import Plane, Stack


def mr_series(
    head: Head,
    contrast: str,
    count: int,
    *,
    plane: Plane = "axial",
    size: int = 256,
    tilt: float = 0.0,
) -> HeadSeries:
    """Return slices of a head in one MR contrast."""
    extent = {"axial": 150, "sagittal": 148, "coronal": 180}[plane] * head.size
    spacing = 240 * head.size / size
    middle = (0.0, 0.0, 8.0 if plane == "axial" else 0.0)
    stack = Stack(
        plane,
        count,
        round(extent / count, 2),
        size,
        size,
        spacing,
        center=middle,
        tilt=tilt,
        thickness=round(extent / count * 0.85, 2),
    )
    return HeadSeries(head, stack, HeadLook(contrast))


def _ct(head: Head, count: int, *, sharp: bool = False, tilt: float = 0) -> HeadSeries:
    step = round(165 * head.size / count, 2)
    spacing = 230 * head.size / 256
    stack = Stack("axial", count, step, 256, 256, spacing, (0, 0, 5), tilt)
    look = HeadLook("ct", noise=6, sharp=sharp)
    return HeadSeries(head, stack, look, (450, 1800) if sharp else (40, 90))


def brain_series(head: Head, *, size: int = 256) -> tuple[SeriesPlan, ...]:
    """Return the series every MR of a brain begins with."""
    return (
        SeriesPlan("Localizer 3 planes", Localizer(head), "LOCALIZER", "HEAD"),
        SeriesPlan(
            "Sag T1 MPRAGE",
            mr_series(head, "t1", 60, plane="sagittal", size=size),
            "SAG MPRAGE",
            "HEAD",
        ),
        SeriesPlan("Ax T2 TSE", mr_series(head, "t2", 30, size=size), "AX T2", "HEAD"),
        SeriesPlan(
            "Ax FLAIR", mr_series(head, "flair", 30, size=size), "AX FLAIR", "HEAD"
        ),
    )


def ct_series(head: Head) -> tuple[SeriesPlan, ...]:
    """Return a head by CT, for soft tissue and for bone."""
    return (
        SeriesPlan("Head 5.0 soft tissue", _ct(head, 32), "HEAD ROUTINE", "HEAD"),
        SeriesPlan("Head 3.0 bone", _ct(head, 54, sharp=True), "HEAD ROUTINE", "HEAD"),
    )


def _directions(count: int) -> tuple[tuple[float, float, float], ...]:
    """Return directions spread evenly over the half sphere (golden spiral)."""
    found: list[tuple[float, float, float]] = []
    for index in range(count):
        up = (index + 0.5) / count
        angle = math.pi * (1 + 5**0.5) * index
        flat = math.sqrt(1 - up * up)
        found.append((flat * math.cos(angle), flat * math.sin(angle), up))
    return tuple(found)


def brains() -> list[StudyPlan]:
    """Return two patients with a longer history."""
    mira = Head(fold=0.4)
    joern = Head(ventricles=1.9, lesions=(Lesion((34, 10, 22), 13),), fold=1.1)
    healed = Head(ventricles=2.0, lesions=(Lesion((34, 10, 22), 6),), fold=1.1)
    gradients = Stack("axial", 24, 5, 128, 128, 1.9, (0, 0, 12))
    return [
        StudyPlan(
            people.MIRA,
            "20241105",
            "101502",
            "MR Brain w/ and w/o contrast",
            "A24-09120",
            "MRNORTH",
            (
                *brain_series(mira),
                SeriesPlan(
                    "Ax T1 +Gd", mr_series(mira, "t1gd", 30), "AX T1 POST", "HEAD"
                ),
            ),
        ),
        StudyPlan(
            people.MIRA,
            "20210622",
            "174410",
            "CT Head w/o contrast",
            "A21-03355",
            "CTEAST",
            ct_series(mira),
        ),
        StudyPlan(
            people.JOERN,
            "20260102",
            "031755",
            "CT Schädel nativ (Notfall)",
            "A26-00007",
            "CTEAST",
            ct_series(joern),
        ),
        StudyPlan(
            people.JOERN,
            "20260109",
            "110030",
            "CT Schädel Verlauf",
            "A26-00131",
            "CTEAST",
            (
                SeriesPlan("Kopf 5.0", _ct(healed, 32), "HEAD ROUTINE", "HEAD"),
                SeriesPlan(
                    "Kopf 5.0 gekippt", _ct(healed, 28, tilt=15), "HEAD", "HEAD"
                ),
            ),
        ),
        StudyPlan(
            people.JOERN,
            "20260301",
            "120944",
            "MR Schädel mit DTI",
            "A26-01502",
            "MRNORTH",
            (
                *brain_series(healed),
                SeriesPlan(
                    "DTI 12 directions b1000",
                    Diffusion(healed, gradients, _directions(12)),
                    "DTI_12",
                    "HEAD",
                ),
                SeriesPlan("Ax SWI", mr_series(healed, "swi", 48), "SWI 3D", "HEAD"),
            ),
        ),
    ]


def heads_in_scripts() -> list[StudyPlan]:
    """Return patients whose names are written in many scripts."""

    def brain(
        person: Person, when: tuple[str, str], title: str, *, fold: float, size: int
    ) -> StudyPlan:
        head = Head(fold=fold, ventricles=0.8 + fold / 6)
        number = f"A{when[0][2:4]}-{int(fold * 1000):05d}"
        series = brain_series(head, size=size)
        return StudyPlan(
            person, when[0], when[1], title, number, "MRSOUTH", series[: 3 + size % 3]
        )

    liver = Ultrasound(Fan(organ="liver"), 12)
    return [
        brain(people.HARUKA, ("20260218", "093001"), "頭部MRI", fold=2.0, size=256),
        brain(people.SAEBYEOK, ("20251130", "142000"), "뇌 MRI", fold=2.6, size=224),
        brain(
            people.MIRON,
            ("20230801", "080000"),
            "МРТ головного мозга",
            fold=3.1,
            size=256,
        ),
        brain(
            people.NEFELI, ("20220404", "190501"), "MR εγκεφάλου", fold=3.7, size=192
        ),
        StudyPlan(
            people.NEFELI,
            "20220405",
            "100000",
            "US άνω κοιλίας",
            "A22-01201",
            "US1",
            (SeriesPlan("Liver sweep", liver, "ABDOMEN", "ABDOMEN"),),
        ),
        brain(people.NAJMA, ("20240229", "071500"), "رنين الدماغ", fold=4.2, size=256),
        brain(people.ILAN, ("20180515", "161616"), "MR מוח", fold=4.8, size=224),
        brain(people.WEN, ("20251001", "113355"), "头部核磁共振", fold=5.3, size=256),
        brain(people.THIEN, ("20260701", "064500"), "CHT sọ não", fold=5.9, size=320),
    ]
