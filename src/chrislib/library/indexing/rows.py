"""What a file says about itself, as rows of the catalog."""

from typing import Any

from chrislib.catalog.folding import fold, searchable
from chrislib.catalog.index_rows import APART, INSTANCE, OTHER, UNREADABLE, Batch
from chrislib.catalog.keys import key
from chrislib.dicom.group import normal
from chrislib.dicom.header import Vector, dicom_date
from chrislib.dicom.reading import is_directory
from chrislib.dicom.wanted import UNCHECKED, Facts

Keys = tuple[int, int, int]
"""Of the patient, the study and the series."""

_KEPT = 4096


class RowMaker:
    """Turns facts into rows; remembers the series it met last."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, ...], Keys] = {}
        self._planes: dict[tuple[float, ...], tuple[str, Vector | None]] = {}

    def add(
        self, batch: Batch, folder: bytes, stat: tuple[Any, ...], facts: Facts
    ) -> None:
        """Add a file that could be read.

        Parameters
        ----------
        batch : Batch
            What it is added to.
        folder : bytes
            Where the file is.
        stat : tuple
            Name, bytes, time of change in nanoseconds, inode.
        facts : Facts
        """
        sop_class = facts.sop_class or facts.media_class
        if is_directory(sop_class) or not facts.series_uid:
            lists = is_directory(sop_class)
            reason = "It lists other files." if lists else "It names no series."
            batch.files.append(_without_series(folder, stat, APART, reason, facts))
            return
        identity = (
            *(facts.patient_id, facts.issuer, facts.patient_name, facts.birth_date),
            *(facts.study_uid, facts.series_uid),
        )
        keys = self._keys.get(identity)
        if keys is None:
            if len(self._keys) >= _KEPT:
                self._keys.clear()
            keys = self._keys[identity] = keys_of(identity)
        if keys[2] not in batch.series:
            _describe(batch, keys, facts)
        orientation, place = self._placed(facts)
        batch.files.append(
            (
                *(folder, *stat, INSTANCE, "", keys[2], facts.sop_uid, sop_class),
                *(facts.instance_number, facts.acquisition_number),
                *(facts.temporal_position, facts.echo_number, facts.trigger_time),
                *(facts.content_time, place, orientation),
                *(facts.slice_location, facts.rows, facts.columns, facts.frames),
                *(facts.photometric, facts.transfer_syntax, facts.pixels),
            )
        )

    def _placed(self, facts: Facts) -> tuple[str, float | None]:
        """Return the orientation as text, and millimeters along its normal."""
        orientation, position = facts.orientation, facts.position
        if orientation is None:
            return "", None
        known = self._planes.get(orientation)
        if known is None:
            if len(self._planes) >= _KEPT:
                self._planes.clear()
            across = normal(orientation)  # type: ignore[arg-type] # six were asked for
            text = "\\".join(f"{part:.3f}" for part in orientation)
            known = self._planes[orientation] = text, across
        text, across = known
        if position is None or across is None:
            return text, None
        x, y, z = position
        return text, round(x * across[0] + y * across[1] + z * across[2], 3)


def empty() -> Batch:
    """Return a batch to add to."""
    return Batch([], {}, {}, {}, {})


def add_other(batch: Batch, folder: bytes, stat: tuple[Any, ...]) -> None:
    """Add a file that is no DICOM."""
    batch.files.append(_without_series(folder, stat, OTHER, "", Facts()))


def add_unreadable(
    batch: Batch, folder: bytes, stat: tuple[Any, ...], *, reason: str
) -> None:
    """Add a file that could not be read, and why."""
    batch.files.append(_without_series(folder, stat, UNREADABLE, reason, Facts()))


def merge(into: Batch, other: Batch) -> None:
    """Add what is in another batch."""
    into.files.extend(other.files)
    into.series.update(other.series)
    into.studies.update(other.studies)
    into.patients.update(other.patients)
    into.words.update(other.words)


def keys_of(identity: tuple[str, ...]) -> Keys:
    """Return the keys of a series and of what it belongs to.

    Patients are told apart by identifier, name and date of birth together: the same
    identifier stands for different people more often than one would think, and they
    must never be merged unseen.

    Parameters
    ----------
    identity : tuple of str
        Patient ID, its issuer, name, birth date; study and series instance UID.
    """
    patient_id, issuer, name, birth_date, study_uid, series_uid = identity
    patient = key("patient", patient_id, issuer, fold(name), birth_date)
    study = key("study", str(patient), study_uid)
    return patient, study, key("series", str(study), series_uid)


def _without_series(
    folder: bytes, stat: tuple[Any, ...], state: int, reason: str, facts: Facts
) -> tuple[Any, ...]:
    sop_class = facts.sop_class or facts.media_class
    return (
        *(folder, *stat, state, reason, None, facts.sop_uid, sop_class),
        *(facts.instance_number, None, None, None, None, "", None, "", None),
        *(facts.rows, facts.columns, facts.frames, "", facts.transfer_syntax),
        facts.pixels if state == APART else UNCHECKED,
    )


def _describe(batch: Batch, keys: Keys, facts: Facts) -> None:
    patient, study, series = keys
    batch.series[series] = (
        *(series, study, facts.series_uid, facts.series_number, facts.modality),
        *(facts.series_description, facts.body_part, facts.laterality),
        *(facts.protocol, facts.station_name, facts.manufacturer, facts.model),
        *(_date(facts.series_date), facts.series_time, facts.image_type),
        *(facts.sop_class or facts.media_class, facts.frame_of_reference),
        *(facts.slice_thickness, facts.slice_spacing, facts.repetition_time),
        *(facts.echo_time, facts.inversion_time, facts.field_strength),
        *(facts.rows, facts.columns, facts.burned_in),
    )
    batch.words[series] = (
        _words(facts.patient_name, facts.patient_id),
        _words(
            *(facts.study_description, facts.accession_number, facts.study_date),
            *(facts.referring_physician, facts.institution),
        ),
        _words(
            *(facts.series_description, facts.modality, facts.body_part),
            *(facts.protocol, facts.station_name, facts.model),
        ),
        fold(f"{facts.accession_number} {facts.patient_id} {facts.study_id}"),
    )
    if study not in batch.studies:
        batch.studies[study] = (
            *(study, patient, facts.study_uid, _date(facts.study_date)),
            *(facts.study_date, facts.study_time, facts.study_description),
            *(facts.accession_number, facts.study_id, facts.referring_physician),
            *(facts.institution, facts.age),
        )
    if patient not in batch.patients:
        batch.patients[patient] = (
            *(patient, facts.patient_id, facts.issuer, facts.patient_name),
            *(fold(facts.patient_name.partition("=")[0] or facts.patient_name),),
            *(_date(facts.birth_date), facts.birth_date, facts.sex),
        )


def _words(*texts: str) -> str:
    return " ".join([searchable(text) for text in texts if text])


def _date(stored: str) -> str | None:
    """Return a whole date as ``2004-01-19``, None for any other."""
    found = dicom_date(stored)
    return found.isoformat() if found else None
