"""The files of a series as one stack of slices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chrislib.dicom.errors import DicomError
from chrislib.dicom.facts import FactReader
from chrislib.dicom.group import FileSeries, by_position, group, in_order, normal
from chrislib.dicom.header import DicomHeader, read_header


@dataclass(frozen=True, slots=True)
class Slice:
    """One picture of a stack.

    Attributes
    ----------
    frame : int
        Which frame of the file, from 0.
    place : float or None
        Millimeters along the normal of the slices, in patient space.
    """

    path: Path
    frame: int
    header: DicomHeader
    place: float | None


@dataclass(frozen=True, slots=True)
class Stack:
    """The pictures of one series in the order they are leafed through."""

    series: FileSeries
    slices: tuple[Slice, ...]

    @property
    def header(self) -> DicomHeader:
        """The header that speaks for the series."""
        return self.slices[0].header if self.slices else self.series.first


@dataclass(frozen=True, slots=True)
class Opened:
    """What a set of files turned out to be; `failed` says why files were left out."""

    stacks: tuple[Stack, ...]
    failed: tuple[tuple[Path, DicomError], ...]


def open_stacks(
    paths: Sequence[Path], *, progress: Callable[[int, int], None] | None = None
) -> Opened:
    """Read the headers of files from disk and order them as stacks.

    Files without a series UID are shown as stacks of one. Files without a picture stay
    in their stack when it has others, so that the reason is shown in their place.
    """
    reader = FactReader()
    headers: list[DicomHeader] = []
    failed: list[tuple[Path, DicomError]] = []
    for index, path in enumerate(paths):
        try:
            headers.append(read_header(path, reader=reader))
        except DicomError as error:
            failed.append((path, error))
        if progress is not None:
            progress(index + 1, len(paths))
    found = group(headers)
    stacks = [stack_of(series) for series in found.series]
    stacks += [
        stack_of(FileSeries(one.patient_id, one.study_uid, "", (one,), (), ()))
        for one in found.others
        if not one.is_directory
    ]
    return Opened(tuple(stacks), tuple(failed))


def stack_of(series: FileSeries) -> Stack:
    """Return a series as a stack, sorted along the normal of its slices.

    The direction is the one the instance numbers run in. Where several images share a
    place (time points, echoes) the order is that of acquisition and instance number.
    """
    headers = series.headers
    sorted_ = by_position(headers)
    places = [_place(header) for header in sorted_]
    if sorted_ and len(set(places)) == len(sorted_):
        first, last = sorted_[0].instance_number, sorted_[-1].instance_number
        if first is not None and last is not None and first > last:
            sorted_ = sorted_[::-1]
        headers = sorted_
    else:
        headers = in_order(headers)
    return Stack(
        series,
        tuple(
            Slice(header.path, frame, header, _place(header))
            for header in headers
            for frame in range(header.frames)
        ),
    )


def _place(header: DicomHeader) -> float | None:
    if header.position is None or header.orientation is None:
        return None
    across = normal(header.orientation)
    if across is None:
        return None
    return round(sum(a * b for a, b in zip(header.position, across, strict=True)), 3)
