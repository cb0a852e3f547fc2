"""One data set by the profile: each attribute at every depth, by the table's rule."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chrislib.dicom.deidentify import values
from chrislib.dicom.deidentify.identifiers import collect
from chrislib.dicom.deidentify.profile import STANDARD, VERSION, Option, Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms, Subject, identity_of
from chrislib.dicom.deidentify.table import (
    Action,
    Rule,
    imaging_words,
    rules,
    safe_private,
)
from chrislib.dicom.deidentify.wording import Identifiers, cleaned
from chrislib.dicom.reading import text

_PATIENT_NAME, _PATIENT_ID = 0x00100010, 0x00100020
_AGE = 0x00101010
_CONTENT = 0x0040A730
_CURVES_OVERLAYS = {*range(0x5000, 0x5020), *range(0x6000, 0x6020)}
_GROUPS_OF_OTHER_USES = {0x0000, 0x0002, 0x0004, 0xFFFC, 0xFFFE}
_FUNCTIONAL_GROUPS = 0x52009229
_MARKS = frozenset({0x00120062, 0x00120063, 0x00120064, 0x00280303})
_OF_NO_INSTANCE = frozenset(
    {
        "SOPClassUID",
        "ReferencedSOPClassUID",
        "TransferSyntaxUID",
        "CodingSchemeUID",
        "ContextUID",
        "MappingResourceUID",
    }
)
_LONGEST_SWEPT = 1 << 16


class Done:
    """What was done with an attribute: the words of counts, previews and records."""

    KEPT = "kept"
    REMOVED = "removed"
    EMPTIED = "emptied"
    REPLACED = "replaced"
    MOVED = "moved"
    NEW_UID = "new UID"
    CLEANED = "cleaned"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute before and after; `depth` counts the sequences it is inside."""

    tag: int
    name: str
    vr: str
    depth: int
    before: str
    after: str
    done: str


@dataclass(slots=True)
class Outcome:
    """What became of a data set: the subject, and how often each thing was done."""

    subject: Subject
    counts: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)


class Engine:
    """Applies a profile with the names of one project. Pure: no disk, no net.

    Parameters
    ----------
    profile : Profile
    pseudonyms : Pseudonyms
    apart : iterable of str
        Patient IDs that stand for several people, who are told apart by their names.
    """

    def __init__(
        self, profile: Profile, pseudonyms: Pseudonyms, *, apart: Iterable[str] = ()
    ) -> None:
        self._profile = profile
        self._apart = frozenset(apart)
        self._pseudonyms = pseudonyms

    def subject_of(self, dataset: Any) -> Subject:
        """Return who the patient of a data set is in this project."""
        patient_id = text(dataset, "PatientID")
        return self._pseudonyms.subject(
            identity_of(
                patient_id,
                name=text(dataset, "PatientName"),
                birth_date=text(dataset, "PatientBirthDate"),
                study_uid=text(dataset, "StudyInstanceUID"),
                sop_uid=text(dataset, "SOPInstanceUID"),
                apart=patient_id in self._apart,
            )
        )

    def apply(self, dataset: Any, *, trace: bool = False) -> Outcome:
        """Change a data set in place; call it inside `reading.quiet`.

        Parameters
        ----------
        dataset : pydicom.Dataset
            Without the pixel data, or with it: pixels are not touched.
        trace : bool
            Tell every attribute's values before and after; for a preview.
        """
        subject = self.subject_of(dataset)
        work = _Work(
            self._profile,
            self._pseudonyms,
            subject=subject,
            identifiers=collect(dataset, self._profile),
            strict=_FUNCTIONAL_GROUPS in dataset or "Rows" not in dataset,
            trace=trace,
        )
        burnt_in = text(dataset, "BurnedInAnnotation")
        work.dataset(dataset, 0)
        if "StudyInstanceUID" in dataset:
            # of Type 2: a file without them is called by its pseudonym all the same
            dataset.PatientName = dataset.PatientID = subject.pseudonym
        _mark(dataset, self._profile, work)
        if burnt_in and "BurnedInAnnotation" not in dataset:
            dataset.BurnedInAnnotation = burnt_in
        work.outcome.changes.sort(key=lambda change: change.depth == 0 and change.tag)
        return work.outcome


class _Work:
    """One run over one data set."""

    def __init__(
        self,
        profile: Profile,
        pseudonyms: Pseudonyms,
        *,
        subject: Subject,
        identifiers: Identifiers,
        strict: bool,
        trace: bool,
    ) -> None:
        self._profile = profile
        self._pseudonyms = pseudonyms
        self._identifiers = identifiers
        self._strict = strict
        self._trace = trace
        self._rules = rules()
        self.outcome = Outcome(subject)

    def dataset(self, dataset: Any, depth: int) -> None:
        """Deal with every element, and with the items of those that stay."""
        safe = self._safe_private(dataset) if self._keeps_private else frozenset()
        for tag in sorted(dataset.keys()):
            try:
                self._element(dataset, int(tag), depth, safe)
            except (MemoryError, RecursionError):
                raise
            except Exception:  # noqa: BLE001 - what cannot be read may say anything
                self._drop(dataset, int(tag), depth, readable=False)

    @property
    def _keeps_private(self) -> bool:
        return Option.SAFE_PRIVATE in self._profile

    def _element(
        self, dataset: Any, tag: int, depth: int, safe: frozenset[int]
    ) -> None:
        group = tag >> 16
        if group in _GROUPS_OF_OTHER_USES or group in _CURVES_OVERLAYS:
            self._drop(dataset, tag, depth)
            return
        if group % 2:
            if tag in safe:
                self._keep(dataset, tag, depth, Action.KEEP)
            else:
                self._drop(dataset, tag, depth)
            return
        rule = self._rules.get(tag)
        if rule is not None:
            self._by_rule(dataset, tag, depth, rule)
        elif _unknown(tag) or tag & 0xFFFF == 0:
            self._drop(dataset, tag, depth)
        elif tag not in _MARKS or depth:
            self._keep(dataset, tag, depth, Action.KEEP)

    def _by_rule(self, dataset: Any, tag: int, depth: int, rule: Rule) -> None:
        if tag in (_PATIENT_NAME, _PATIENT_ID):
            pseudonym = self.outcome.subject.pseudonym
            self._put(dataset, tag, depth, pseudonym, Done.REPLACED)
            return
        action, option = rule.action(self._profile, strict=self._strict)
        if action is Action.REMOVE:
            self._drop(dataset, tag, depth)
            return
        vr = dataset[tag].VR
        if action is Action.CLEAN and vr not in values.FREE | values.DATES:
            # AE titles, code sequences, bytes: no way of cleaning is known
            action, _ = Rule(rule.basic, ()).action(self._profile, strict=self._strict)
            if action is Action.REMOVE:
                self._drop(dataset, tag, depth)
                return
        if action is Action.EMPTY:
            value = [] if vr == "SQ" else values.empty(vr)
            self._put(dataset, tag, depth, value, Done.EMPTIED)
        elif action is Action.DUMMY and vr == "UI":
            self._keep(dataset, tag, depth, Action.UID)
        elif action is Action.DUMMY:
            value = _dummy_items(tag) if vr == "SQ" else values.dummy(vr)
            self._put(dataset, tag, depth, value, Done.REPLACED)
        elif option is Option.DATES and vr not in values.DATES:
            self._drop(dataset, tag, depth)
        else:
            self._keep(dataset, tag, depth, action)

    def _keep(self, dataset: Any, tag: int, depth: int, action: Action) -> None:
        """Keep an element, with what is in it dealt with by its VR."""
        element = dataset[tag]
        vr = element.VR
        if vr == "SQ":
            before = f"{len(element.value)} items" if self._trace else ""
            self._note(element, depth, before=before, after=before, done=Done.KEPT)
            for item in element.value:
                self.dataset(item, depth + 1)
        elif vr == "UI":
            self._uids(dataset, tag, depth, forced=action is Action.UID)
        elif vr in values.DATES:
            self._date(dataset, tag, depth)
        elif vr == "PN":
            # no name of a person is known to be harmless
            self._put(dataset, tag, depth, "", Done.EMPTIED)
        elif vr == "AS" or tag == _AGE:
            old = values.joined(values.texts(element.value)) if element.value else ""
            new = values.age(str(old)) if old else ""
            done = Done.KEPT if new == old else Done.CLEANED
            self._put(dataset, tag, depth, new, done)
        elif action is Action.CLEAN:
            self._clean(dataset, tag, depth)
        else:
            self._sweep(dataset, tag, depth)

    def _uids(self, dataset: Any, tag: int, depth: int, *, forced: bool) -> None:
        element = dataset[tag]
        keyword = str(element.keyword)
        classes = keyword in _OF_NO_INSTANCE or "SOPClass" in keyword
        keeps = (Option.UIDS in self._profile and not forced) or (
            classes and not forced
        )
        old = values.texts(element.value)
        if keeps or not any(old):
            self._note(element, depth, done=Done.KEPT)
            return
        new = [self._pseudonyms.uid(one) for one in old]
        done = Done.KEPT if new == old else Done.NEW_UID
        self._put(dataset, tag, depth, values.joined(new), done)

    def _date(self, dataset: Any, tag: int, depth: int) -> None:
        element = dataset[tag]
        old = values.texts(element.value)
        if Option.DATES not in self._profile:
            if not any(old):
                self._note(element, depth, done=Done.KEPT)
            elif self._rules.get(tag) is None:
                self._put(dataset, tag, depth, "", Done.EMPTIED)
            else:  # kept for the device's sake
                self._shift(dataset, tag, depth, old)
            return
        self._shift(dataset, tag, depth, old)

    def _shift(self, dataset: Any, tag: int, depth: int, old: list[str]) -> None:
        vr, days = dataset[tag].VR, self.outcome.subject.days
        new = [values.moved(one, vr, days) for one in old] or [""]
        if new == old or not any(old):
            done = Done.KEPT
        else:
            done = Done.MOVED if any(new) else Done.EMPTIED
        self._put(dataset, tag, depth, values.joined(new), done)

    def _clean(self, dataset: Any, tag: int, depth: int) -> None:
        old = values.texts(dataset[tag].value)
        words = imaging_words()
        new = [cleaned(one, self._identifiers, vocabulary=words) for one in old]
        done = Done.KEPT if new == old else Done.CLEANED
        self._put(dataset, tag, depth, values.joined(new or [""]), done)

    def _sweep(self, dataset: Any, tag: int, depth: int) -> None:
        """Keep a value unless it names somebody whom this file is about."""
        element = dataset[tag]
        value = element.value
        if isinstance(value, bytes) and len(value) > _LONGEST_SWEPT:
            self._note(element, depth, done=Done.KEPT)
            return
        if element.VR in values.TEXTS or isinstance(value, bytes | str):
            for one in values.texts(value):
                if self._identifiers.names_somebody(one):
                    self._put(
                        dataset, tag, depth, values.empty(element.VR), Done.EMPTIED
                    )
                    return
        self._note(element, depth, done=Done.KEPT)

    def _put(self, dataset: Any, tag: int, depth: int, value: Any, done: str) -> None:
        from pydicom.dataelem import DataElement

        old = dataset[tag]
        if done == Done.EMPTIED and old.is_empty:
            done = Done.KEPT
        new = DataElement(tag, old.VR, value, already_converted=False)
        self._note(old, depth, after=_shown(new) if self._trace else "", done=done)
        dataset[tag] = new

    def _drop(
        self, dataset: Any, tag: int, depth: int, *, readable: bool = True
    ) -> None:
        if self._trace:
            try:
                element = dataset[tag] if readable else None
            except Exception:  # noqa: BLE001 - it goes whatever it is
                element = None
            if element is not None:
                self._note(element, depth, after="", done=Done.REMOVED)
            else:
                self.outcome.counts[Done.REMOVED] += 1
        else:
            self.outcome.counts[Done.REMOVED] += 1
        del dataset[tag]

    def _note(
        self,
        element: Any,
        depth: int,
        *,
        done: str,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        self.outcome.counts[done] += 1
        if not self._trace:
            return
        before = _shown(element) if before is None else before
        self.outcome.changes.append(
            Change(
                int(element.tag),
                str(element.name),
                str(element.VR),
                depth,
                before,
                before if after is None else after,
                done,
            )
        )

    def _safe_private(self, dataset: Any) -> frozenset[int]:
        """Return the private tags to keep: safe ones, and their creators."""
        known = safe_private()
        found: set[int] = set()
        for tag in [int(key) for key in list(dataset.keys())]:
            group, element = tag >> 16, tag & 0xFFFF
            if not group % 2 or element < 0x1000:
                continue
            creator = (group << 16) | (element >> 8)
            if creator not in dataset:
                continue
            name = str(dataset[creator].value).strip(" \0")
            if (name, group, element & 0xFF) in known:
                found |= {tag, creator}
        return frozenset(found)


def _unknown(tag: int) -> bool:
    from pydicom.datadict import dictionary_has_tag, repeater_has_tag

    return not (dictionary_has_tag(tag) or repeater_has_tag(tag))


def _dummy_items(tag: int) -> list[Any]:
    from pydicom.dataset import Dataset

    item = Dataset()
    if tag == _CONTENT:
        item.RelationshipType = "CONTAINS"
        item.ValueType = "TEXT"
        item.TextValue = "REMOVED"
    return [item]


def _mark(dataset: Any, profile: Profile, work: _Work) -> None:
    """Say in the data set that it was de-identified, and how (PS3.3 C.12.1.1.3)."""
    from pydicom.dataset import Dataset

    codes = []
    for code, meaning in profile.codes:
        item = Dataset()
        item.CodeValue = code
        item.CodingSchemeDesignator = "DCM"
        item.CodeMeaning = meaning
        codes.append(item)
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = [f"chrislib {VERSION}", STANDARD]
    dataset.DeidentificationMethodCodeSequence = codes
    moved = "MODIFIED" if Option.DATES in profile else "REMOVED"
    dataset.LongitudinalTemporalInformationModified = moved
    for tag in sorted(_MARKS):
        work._note(dataset[tag], 0, before="", after=_shown(dataset[tag]), done="added")


def _shown(element: Any) -> str:
    """Return a value for the table of a preview, at most 200 characters."""
    value = element.value
    if element.VR == "SQ":
        return f"{len(value)} item{'s' if len(value) != 1 else ''}"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes" if len(value) > 64 else value.hex(" ")
    return "\\".join(values.texts(value))[:200]
