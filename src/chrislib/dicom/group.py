"""Headers put together as series: order, gaps and duplicates."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chrislib.dicom.header import DicomHeader, Vector


@dataclass(frozen=True, slots=True)
class FileSeries:
    """The files of one series in the order they are looked at.

    Attributes
    ----------
    headers : tuple of DicomHeader
        Sorted; one per SOP instance.
    missing : tuple of int
        Instance numbers absent between the lowest and the highest one.
    duplicates : tuple of DicomHeader
        Further copies of an instance that is in `headers`.
    """

    patient_id: str
    study_uid: str
    series_uid: str
    headers: tuple[DicomHeader, ...]
    missing: tuple[int, ...]
    duplicates: tuple[DicomHeader, ...]

    @property
    def first(self) -> DicomHeader:
        """The header that speaks for the series."""
        return self.headers[0]

    @property
    def size(self) -> int:
        """Bytes of the files in `headers`."""
        return sum(header.size for header in self.headers)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Series in the order patient, study, series; and the files that belong to none."""

    series: tuple[FileSeries, ...]
    others: tuple[DicomHeader, ...]


def group(headers: Iterable[DicomHeader]) -> Grouping:
    """Group headers into series.

    Files of one series UID that name different patients or studies are kept apart: a
    mix-up must stay visible. A DICOMDIR and files without a series UID are `others`.
    """
    found: dict[tuple[str, str, str], list[DicomHeader]] = defaultdict(list)
    others: list[DicomHeader] = []
    for header in headers:
        if header.is_directory or not header.series_uid:
            others.append(header)
        else:
            key = (header.patient_id, header.study_uid, header.series_uid)
            found[key].append(header)
    series = [_series(key, members) for key, members in found.items()]
    series.sort(key=_place)
    return Grouping(tuple(series), tuple(sorted(others, key=lambda one: one.path)))


def _series(key: tuple[str, str, str], members: list[DicomHeader]) -> FileSeries:
    kept: dict[str, DicomHeader] = {}
    duplicates: list[DicomHeader] = []
    for header in sorted(members, key=lambda one: one.path):
        identity = header.sop_uid or f"file:{header.path}"
        if identity in kept:
            duplicates.append(header)
        else:
            kept[identity] = header
    patient, study, series = key
    return FileSeries(
        patient_id=patient,
        study_uid=study,
        series_uid=series,
        headers=in_order(tuple(kept.values())),
        missing=gaps([header.instance_number for header in kept.values()]),
        duplicates=tuple(duplicates),
    )


def _place(series: FileSeries) -> tuple[str, str, str, int, str]:
    first = series.first
    number = first.series_number if first.series_number is not None else 1 << 31
    return (
        series.patient_id,
        first.study_date_text,
        series.study_uid,
        number,
        series.series_uid,
    )


def in_order(headers: Sequence[DicomHeader]) -> tuple[DicomHeader, ...]:
    """Sort the files of one series for looking at.

    By acquisition and instance number where every file has a number of its own, which
    is the order the scanner's console shows; otherwise by place along the normal of
    the slices, and where that is unknown too, by file name.
    """
    numbers = [(one.acquisition_number or 0, one.instance_number) for one in headers]
    if all(number is not None for _, number in numbers):
        unique_alone = len({number for _, number in numbers}) == len(headers)
        if unique_alone:
            return tuple(sorted(headers, key=lambda one: one.instance_number or 0))
        if len(set(numbers)) == len(headers):
            return tuple(
                sorted(
                    headers,
                    key=lambda one: (
                        one.acquisition_number or 0,
                        one.instance_number or 0,
                    ),
                )
            )
    return by_position(headers) or tuple(
        sorted(headers, key=lambda one: (one.instance_number or 0, str(one.path)))
    )


def by_position(headers: Sequence[DicomHeader]) -> tuple[DicomHeader, ...]:
    """Sort parallel slices along their normal; empty if that is not possible."""
    if not headers:
        return ()
    reference = headers[0].orientation
    if reference is None:
        return ()
    across = normal(reference)
    if across is None:
        return ()
    places: list[tuple[float, int, str, DicomHeader]] = []
    for header in headers:
        if header.position is None or header.orientation is None:
            return ()
        if any(
            abs(one - other) > 1e-3
            for one, other in zip(header.orientation, reference, strict=True)
        ):
            return ()
        place = sum(a * b for a, b in zip(header.position, across, strict=True))
        places.append(
            (round(place, 3), header.instance_number or 0, str(header.path), header)
        )
    places.sort(key=lambda entry: entry[:3])
    return tuple(entry[3] for entry in places)


def normal(
    orientation: tuple[float, float, float, float, float, float],
) -> Vector | None:
    """Return the unit normal of a slice, row direction × column direction.

    None when the two directions do not span a plane.
    """
    ax, ay, az, bx, by, bz = orientation
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = float((x * x + y * y + z * z) ** 0.5)
    if length < 1e-6:
        return None
    return (x / length, y / length, z / length)


def gaps(numbers: Iterable[int | None]) -> tuple[int, ...]:
    """Return the instance numbers missing between the lowest and the highest one.

    A series may number its images in steps or by time of day; where more numbers would
    be missing than there are images, numbers say nothing and none are reported.
    """
    present = {number for number in numbers if number is not None}
    if len(present) < 2:
        return ()
    low, high = min(present), max(present)
    if high - low + 1 - len(present) > len(present):
        return ()
    return tuple(number for number in range(low, high + 1) if number not in present)
