"""What the station asks of an archive behind its PACS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Series:
    """One series as an archive lists it.

    Attributes
    ----------
    uid : str
        Series Instance UID.
    tags : mapping of str to str
        DICOM keyword to value; an empty value is left out.
    count : int
        How many images a retrieve brings.
    """

    uid: str
    tags: Mapping[str, str]
    count: int


@dataclass(frozen=True, slots=True)
class Study:
    """One study with the series that matched.

    Attributes
    ----------
    uid : str
        Study Instance UID.
    tags : mapping of str to str
        Patient and study attributes by DICOM keyword; empty values are left out.
    series : tuple of Series
        In the order of their series numbers.
    """

    uid: str
    tags: Mapping[str, str]
    series: tuple[Series, ...] = field(default=())


class Archive(Protocol):
    """A place that studies can be found in and images fetched from."""

    def find(self, query: Mapping[str, str]) -> list[Study]:
        """Return the studies that match, each with its matching series only."""

    def images(self, series_uid: str) -> Iterator[tuple[str, bytes]]:
        """Yield ``(SOP Instance UID, DICOM file)`` of a series (reads disk).

        An unknown series yields nothing.
        """


class EmptyArchive:
    """An archive behind which nothing listens: it finds nothing, ever."""

    def find(self, query: Mapping[str, str]) -> list[Study]:
        """Return no study."""
        del query
        return []

    def images(self, series_uid: str) -> Iterator[tuple[str, bytes]]:
        """Yield no image."""
        del series_uid
        return iter(())
