"""One row of a lookup's tree: a patient, a study or a series."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chrislib.library.found import patient_key, study_key
from chrislib.library.pull import Found
from chrislib.pacs.types import FoundPatient, FoundSeries, FoundStudy

Keep = Callable[[FoundPatient, FoundStudy, FoundSeries], bool]


@dataclass(slots=True, eq=False)
class Node:
    """A patient, a study or a series, and where it stands.

    The series of a study become nodes when somebody asks for them: most are never
    unfolded.
    """

    patient: FoundPatient
    study: FoundStudy | None = None
    series: FoundSeries | None = None
    parent: "Node | None" = None
    row: int = 0
    keep: Keep | None = None
    _kept: list[FoundSeries] = field(default_factory=list)
    _children: "list[Node] | None" = None

    def __post_init__(self) -> None:
        if self.study is not None and self.series is None:
            self._kept = self._through(self.study.series)
        else:
            self._children = []

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same node in the next answer."""
        study = study_key(self.study) if self.study else ()
        series = (self.series.series_uid,) if self.series else ()
        return (*patient_key(self.patient), *study, *series)

    @property
    def size(self) -> int:
        """Number of rows below."""
        if self._children is None:
            return len(self._kept)
        return max(len(self._children), len(self._kept))

    @property
    def children(self) -> "list[Node]":
        """The rows below."""
        made = self._children
        if made is None:
            made = self._children = []
        for one in self._kept[len(made) :]:
            made.append(Node(self.patient, self.study, one, self, row=len(made)))
        return made

    def renew(self, patient: FoundPatient, study: FoundStudy) -> None:
        """Take over a study that has more series; those that are there stay."""
        self.patient, self.study = patient, study
        known = {series.series_uid for series in self._kept}
        new = (one for one in study.series if one.series_uid not in known)
        self._kept += self._through(new)

    def kept_uids(self) -> list[str]:
        """Return the UIDs of a study's series that are let through."""
        return [series.series_uid for series in self._kept]

    def leaf_of(self, series_uid: str) -> "Node":
        """Return the row of a series, or the study while nobody has unfolded it."""
        if self._children is not None:
            for child in self.children:
                if child.series is not None and child.series.series_uid == series_uid:
                    return child
        return self

    def leaves(self) -> "Iterable[Node]":
        """Return the series below, or itself."""
        if self.series is not None:
            return (self,)
        return [leaf for child in self.children for leaf in child.leaves()]

    def found(self) -> list[Found]:
        """Return what a pull of this node asks for."""
        return [
            (leaf.patient, leaf.study, leaf.series)
            for leaf in self.leaves()
            if leaf.study is not None and leaf.series is not None
        ]

    def _through(self, series: Iterable[FoundSeries]) -> list[FoundSeries]:
        if self.keep is None or self.study is None:
            return list(series)
        patient, study, keep = self.patient, self.study, self.keep
        return [one for one in series if keep(patient, study, one)]
