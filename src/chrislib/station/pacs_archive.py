"""What the station asks of an archive behind its PACS."""

import threading
from collections.abc import Callable, Iterator, Mapping
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


class LateArchive:
    """An archive made when it is first asked, so that the station starts quickly.

    Parameters
    ----------
    make : callable
        Makes the archive; called once.
    """

    def __init__(self, make: Callable[[], Archive]) -> None:
        self._make = make
        self._made: Archive | None = None
        self._lock = threading.Lock()

    def find(self, query: Mapping[str, str]) -> list[Study]:
        """Return what the archive finds."""
        return self._archive().find(query)

    def images(self, series_uid: str) -> Iterator[tuple[str, bytes]]:
        """Yield the archive's images (reads disk)."""
        return self._archive().images(series_uid)

    def _archive(self) -> Archive:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
