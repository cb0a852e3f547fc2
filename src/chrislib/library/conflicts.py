"""What contradicts itself in a scan, and what people decide about it. Pure.

Nothing is decided for anybody: whoever sends says which it is, and what they said is
carried out on what is sent, never on the files of this computer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chrislib.dicom.deidentify.pseudonyms import plain_name
from chrislib.library.model import LocalScan, LocalSeries
from chrislib.library.names import clean, isolate, show_full_name
from chrislib.library.words import count

SAME, APART = "same", "apart"
BOTH, NEWEST, EVERY = "both", "newest", "every"
LEAVE = "leave"
_NAMES, _SERIES, _IMAGES = "names:", "series:", "images:"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that must be decided before it is sent.

    Attributes
    ----------
    key : str
        What it is about; the same for any part of the scan.
    title : str
        Two or three words, for a column.
    text : str
        One sentence.
    choices : tuple of (str, str)
        What can be decided: name and words.
    places : tuple of int
        The series it is about.
    """

    key: str
    title: str
    text: str
    choices: tuple[tuple[str, str], ...]
    places: tuple[int, ...]


def conflicts(found: LocalScan, *, hidden: bool = False) -> tuple[Conflict, ...]:
    """Return the conflicts of a scan, in the order of its series.

    Parameters
    ----------
    hidden : bool
        Leave names and IDs out of the sentences.
    """
    by_patient: dict[str, list[int]] = defaultdict(list)
    by_series: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(found.series):
        by_series[one.series_uid].append(at)
        if one.patient_id:
            by_patient[one.patient_id].append(at)
    made: list[Conflict] = []
    for patient_id, places in by_patient.items():
        names = _names(found.series[at] for at in places)
        if len(names) > 1:
            made.append(_two_names(patient_id, names, places, hidden=hidden))
    for uid, places in by_series.items():
        if len(places) > 1 and not _only_named_apart(found, places):
            made.append(_two_places(found, uid, places))
    for at, one in enumerate(found.series):
        if one.rivals:
            made.append(_rivals(one, at))
    return tuple(sorted(made, key=lambda one: one.places[0]))


def decided(found: LocalScan, decisions: Mapping[str, str]) -> LocalScan:
    """Return what is sent of a scan (or of a part of it) by what was decided.

    What nobody decided is as it was. Decisions about what is not there do nothing.
    """
    series = list(found.series)
    whole = tuple(series)
    for key, choice in decisions.items():
        about = key.partition(":")[2]
        if key.startswith(_NAMES):
            series = _with_names(series, about, choice)
        elif key.startswith(_SERIES) and choice == LEAVE:
            series = [one for one in series if one.series_uid != about]
        elif key.startswith(_IMAGES):
            series = [
                _with_images(one, choice) if image_key(one) == key else one
                for one in series
            ]
    others = found.others
    if tuple(series) == whole:
        return replace(found, decisions=tuple(decisions.items()))
    return replace(
        found,
        series=tuple(series),
        files=sum(len(one.files) for one in series) + len(others),
        size=sum(one.size for one in series) + sum(one[2] for one in others),
        decisions=tuple(decisions.items()),
    )


def apart(decisions: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the patient IDs that were said to stand for several people."""
    return tuple(
        key.removeprefix(_NAMES)
        for key, choice in decisions
        if key.startswith(_NAMES) and choice == APART
    )


def image_key(series: LocalSeries) -> str:
    """Return the key of a conflict between the images of a series."""
    return f"{_IMAGES}{series.patient_id}/{series.study_uid}/{series.series_uid}"


def _names(series: Iterable[LocalSeries]) -> Counter[str]:
    """Count files by name; ways of writing one name are one."""
    shown: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for one in series:
        for name in one.names or (one.patient_name,) * len(one.files):
            plain = plain_name(name)
            if plain:
                counted[shown.setdefault(plain, name)] += 1
    return counted


def _two_names(
    patient_id: str, names: Counter[str], places: Sequence[int], *, hidden: bool
) -> Conflict:
    most = names.most_common()
    if hidden:
        said = " and ".join(f"{number:,}" for _, number in most)
        text = f"One patient ID has {len(most)} names, in {said} files."
    else:
        parts = [
            f"“{show_full_name(name)}” in "
            + (count(number, "file") if at == 0 else f"{number:,}")
            for at, (name, number) in enumerate(most[:3])
        ]
        more = f" and {len(most) - 3} more" if len(most) > 3 else ""
        text = f"ID {isolate(clean(patient_id))} is {' and '.join(parts)}{more}."
    two = "Two people" if len(most) == 2 else "Different people"
    return Conflict(
        key=_NAMES + patient_id,
        title="One ID, two names" if len(most) == 2 else "One ID, several names",
        text=text,
        choices=((SAME, "Same person"), (APART, two)),
        places=tuple(places),
    )


def _two_places(found: LocalScan, uid: str, places: Sequence[int]) -> Conflict:
    members = [found.series[at] for at in places]
    patients = {(one.patient_id, plain_name(one.patient_name)) for one in members}
    what = "patients" if len(patients) > 1 else "studies"
    title = isolate(clean(members[0].description)) or members[0].modality or "A series"
    return Conflict(
        key=_SERIES + uid,
        title=f"In two {what}" if len(places) == 2 else f"In several {what}",
        text=f"“{title}” is one series by its number, but is in "
        f"{len(places)} {what}: files may have been mixed up.",
        choices=((BOTH, "Send as it is"), (LEAVE, "Leave out")),
        places=tuple(places),
    )


def _rivals(one: LocalSeries, at: int) -> Conflict:
    title = isolate(clean(one.description)) or one.modality or "a series"
    number = len(one.rivals)
    what = "image is" if number == 1 else "images are"
    return Conflict(
        key=image_key(one),
        title="Same image, different content",
        text=f"{number:,} {what} there more than once in “{title}”, with different "
        "content.",
        choices=((NEWEST, "Newest only"), (EVERY, "Send all")),
        places=(at,),
    )


def _only_named_apart(found: LocalScan, places: Sequence[int]) -> bool:
    """Whether series differ in nothing but the name, which is another conflict."""
    return (
        len(
            {(found.series[at].patient_id, found.series[at].study_uid) for at in places}
        )
        == 1
    )


def _with_names(
    series: list[LocalSeries], patient_id: str, choice: str
) -> list[LocalSeries]:
    mine = [one for one in series if one.patient_id == patient_id]
    if choice == SAME:
        names = _names(mine)
        if not names:
            return series
        name = names.most_common(1)[0][0]
        return [
            replace(one, patient_name=name, names=())
            if one.patient_id == patient_id
            else one
            for one in series
        ]
    if choice != APART:
        return series
    made: list[LocalSeries] = []
    for one in series:
        made += _split(one) if one.patient_id == patient_id else [one]
    return made


def _split(one: LocalSeries) -> list[LocalSeries]:
    """Return a series for each name its files have."""
    if not one.names:
        return [one]
    parts: dict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(one.names):
        parts[plain_name(name)].append(at)
    whole = max(1, len(one.files))
    return [
        replace(
            one,
            patient_name=one.names[places[0]],
            files=tuple(one.files[at] for at in places),
            size=one.size * len(places) // whole,
            names=(),
            missing=(),
            rivals=tuple(
                group
                for group in one.rivals
                if any(one.files[at] in group for at in places)
            ),
        )
        for places in parts.values()
    ]


def _with_images(one: LocalSeries, choice: str) -> LocalSeries:
    """Return a series with the images chosen; the newest comes last in its group."""
    files = list(one.files)
    for group in one.rivals:
        at = next((files.index(path) for path in group if path in files), None)
        if at is None:
            continue
        if choice == NEWEST:
            files[at] = group[-1]
        elif choice == EVERY:
            files[at : at + 1] = group
    names = one.names if len(files) == len(one.files) else ()
    size = one.size * len(files) // max(1, len(one.files))
    return replace(one, files=tuple(files), names=names, size=size)
