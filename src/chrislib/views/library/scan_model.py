"""What a scan found, with boxes for what is to be sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtGui import QPixmap, QStandardItem, QStandardItemModel

from chrislib.library.conflicts import Conflict, conflicts, decided
from chrislib.library.dates import show_age_at, show_partial
from chrislib.library.model import LocalScan, LocalSeries
from chrislib.library.names import clean, isolate, show_full_name
from chrislib.library.scan import only
from chrislib.library.words import count, join, size, studies
from chrislib.views.library.scan_facts import Facts, check_words, groups
from chrislib.views.models.index import Index

NAME, IMAGES, SIZE, CHECK = range(4)
FactsRole = Qt.ItemDataRole.UserRole + 1
PictureRole = Qt.ItemDataRole.UserRole + 2
_TEXT = "Text in the picture"
_OTHERS_SHOWN = 1000
"""Rows of files that are no images; more would hold the window up."""


class ScanModel(QStandardItemModel):
    """Patients, studies and series, then other files, then what cannot be read."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setHorizontalHeaderLabels(
            ["Patient, study, series", "Images", "Size", "Check"]
        )
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for column in (IMAGES, SIZE):
            self.horizontalHeaderItem(column).setTextAlignment(right)
        self._scan: LocalScan | None = None
        self._plain: dict[int | str, Facts] = {}
        self._texts: dict[int, str] = {}
        self._conflicts: dict[str, Conflict] = {}
        self._decisions: dict[str, str] = {}

    @property
    def scan(self) -> LocalScan | None:
        """The scan that is shown."""
        return self._scan

    def show(self, scan: LocalScan, *, hidden: bool = False) -> None:
        """Show a scan with everything ticked that can be sent."""
        self._scan = scan
        self._plain, self._texts, self._decisions = {}, {}, {}
        found = conflicts(scan, hidden=hidden)
        self._conflicts = {one.key: one for one in found}
        self.removeRows(0, self.rowCount())
        waiting = list(found)
        for (patient_id, name), members in groups(scan).items():
            places = {at for study in members.values() for at, _ in study}
            mine = [one for one in found if places & set(one.places)]
            here = [one for one in mine if one in waiting]
            waiting = [one for one in waiting if one not in here]
            self._add_patient(
                patient_id, name, members, found=(mine, here), hidden=hidden
            )
        if scan.others:
            self._add_others(scan)
        if scan.unreadable:
            self._add_unreadable(scan)

    def chosen(self) -> LocalScan | None:
        """Return the part of the scan whose boxes are ticked."""
        if self._scan is None:
            return None
        places: list[int] = []
        others: list[str] = []
        for item in self._leaves(self.invisibleRootItem()):
            facts = item.data(FactsRole)
            if item.checkState() == Qt.CheckState.Checked:
                if facts.kind == "series":
                    places.append(int(facts.key))
                elif facts.kind == "file" and facts.key:
                    others.append(str(facts.key))
                elif facts.kind == "file":  # the row of those that have none
                    rest = self._scan.others[_OTHERS_SHOWN:]
                    others += [local for local, _, _ in rest]
        part = only(self._scan, series=places, others=others)
        return decided(part, self._decisions)

    def open_conflicts(self) -> list[Conflict]:
        """Return what must be decided before what is ticked can be sent."""
        ticked = self.ticked()
        return [
            one
            for key, one in self._conflicts.items()
            if key not in self._decisions and _matters(one, ticked)
        ]

    def conflict(self, key: str) -> Conflict | None:
        """Return a conflict by its key."""
        return self._conflicts.get(key)

    def conflict_rows(self) -> list[tuple[Conflict, QModelIndex]]:
        """Return the conflicts and their rows, from the top."""
        rows = []
        for row in range(self.rowCount()):
            patient = self.index(row, NAME)
            for below in range(self.rowCount(patient)):
                index = self.index(below, NAME, patient)
                facts = index.data(FactsRole)
                if facts.kind != "conflict":
                    break
                rows.append((self._conflicts[str(facts.key)], index))
        return rows

    def show_picture(self, place: int, picture: QPixmap) -> None:
        """Give the series at a place of the scan its picture."""
        for item in self._leaves(self.invisibleRootItem()):
            facts = item.data(FactsRole)
            if facts.kind == "series" and facts.key == place:
                item.setData(picture, PictureRole)
                return

    def decide(self, key: str, choice: str) -> None:
        """Take a decision, or take it back with ""."""
        if choice:
            self._decisions[key] = choice
        else:
            self._decisions.pop(key, None)
        for row in range(self.rowCount()):
            item = self.item(row)
            facts = item.data(FactsRole)
            if facts.kind == "patient":
                self._show_check(item, self._check_of(self._conflicts_at(item)))

    def ticked(self) -> frozenset[int]:
        """Return the places (in the scan) of the series that are ticked."""
        return frozenset(
            int(item.data(FactsRole).key)
            for item in self._leaves(self.invisibleRootItem())
            if item.checkState() == Qt.CheckState.Checked
            and item.data(FactsRole).kind == "series"
        )

    def untick(self, places: Iterable[int]) -> None:
        """Take the ticks of series away, by their places in the scan."""
        wanted = set(places)
        for item in list(self._leaves(self.invisibleRootItem())):
            facts = item.data(FactsRole)
            ticked = item.checkState() == Qt.CheckState.Checked
            if facts.kind == "series" and ticked and facts.key in wanted:
                self.toggle(item.index())

    def tick_others(self, *, on: bool) -> None:
        """Tick or untick all files that are not DICOM."""
        for row in range(self.rowCount()):
            item = self.item(row)
            facts = item.data(FactsRole)
            if facts.kind == "group" and facts.can_tick:
                state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
                self._set(item, state)
                words = (
                    "sent as they are" if on else "not cleaned, stay here unless ticked"
                )
                number = len(self._scan.others) if self._scan is not None else 0
                files = count(number, "file")
                item.setData(replace(facts, detail=join(files, words)), FactsRole)

    def show_texts(self, reasons: Mapping[int, str]) -> None:
        """Say which series may show text, by their places; the others are as before."""
        if reasons == self._texts:
            return
        self._texts = dict(reasons)
        for item in list(self._leaves(self.invisibleRootItem())):
            facts = self._plain.get(item.data(FactsRole).key)
            if facts is None:
                continue
            reason = reasons.get(int(item.data(FactsRole).key), "")
            if reason:
                before = facts.words if facts.state == "errors" else ""
                words = join(_TEXT, before)
                facts = replace(facts, state="errors", words=words, more=reason)
            item.setData(facts, FactsRole)
            cell = item.parent().child(item.row(), CHECK)
            cell.setText(facts.words)
            cell.setToolTip(join(facts.words, facts.more))

    def series_at(self, index: Index) -> int | None:
        """Return the place of the series at a row, or of the first one below it."""
        at = self.index(index.row(), NAME, index.parent())
        while at.isValid():
            facts = at.data(FactsRole)
            if facts.kind == "series":
                return int(facts.key)
            at = self._below(at)
        return None

    def _below(self, index: QModelIndex) -> QModelIndex:
        """Return the first row below that can be sent."""
        for row in range(self.rowCount(index)):
            found = self.index(row, NAME, index)
            if found.data(FactsRole).can_tick:
                return found
        return QModelIndex()

    def toggle_all(self, indexes: Sequence[QModelIndex]) -> None:
        """Tick several rows, or untick them when all of them are ticked."""
        on = any(
            item.checkState() != Qt.CheckState.Checked
            for one in indexes
            if (item := self.itemFromIndex(one)).isCheckable()
        )
        for one in indexes:
            self.toggle(one, on=on)

    def toggle(self, index: Index, *, on: bool | None = None) -> None:
        """Tick or untick a row and all below it; without `on` the other way round."""
        first = self.index(index.row(), NAME, index.parent())
        item = self.itemFromIndex(first)
        if item is None or not item.data(FactsRole).can_tick:
            return
        if on is None:
            on = item.checkState() != Qt.CheckState.Checked
        self._set(item, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        above = item.parent()
        while above is not None:
            below = (above.child(row) for row in range(above.rowCount()))
            states = {one.checkState() for one in below if one.isCheckable()}
            mixed = Qt.CheckState.PartiallyChecked
            above.setCheckState(states.pop() if len(states) == 1 else mixed)
            above = above.parent()

    def _set(self, item: QStandardItem, state: Qt.CheckState) -> None:
        if item.isCheckable():
            item.setCheckState(state)
        for row in range(item.rowCount()):
            self._set(item.child(row), state)

    def _leaves(self, item: QStandardItem) -> Iterator[QStandardItem]:
        for row in range(item.rowCount()):
            child = item.child(row)
            if child.rowCount():
                yield from self._leaves(child)
            elif child.data(FactsRole).can_tick:
                yield child

    def _add_patient(
        self,
        patient_id: str,
        name: str,
        members: dict[str, list[tuple[int, LocalSeries]]],
        *,
        found: tuple[list[Conflict], list[Conflict]],
        hidden: bool,
    ) -> None:
        """Add a patient; conflicts it is part of are marked, some are told here."""
        every = [one for study in members.values() for _, one in study]
        state, words = self._check_of(found[0])
        first = every[0]
        detail = join(
            "" if hidden else patient_id or "no patient ID",
            first.sex,
            studies(len(members)),
        )
        patient = self._add(
            self.invisibleRootItem(),
            Facts(
                "patient",
                0,
                "user",
                "(name hidden)" if hidden else show_full_name(name),
                detail,
                state,
                words,
            ),
            images=sum(len(one.files) for one in every),
            bytes_=sum(one.size for one in every),
        )
        for conflict in found[1]:
            self._add_conflict(patient, conflict)
        for study in members.values():
            head = study[0][1]
            branch = self._add(
                patient,
                Facts(
                    "study",
                    1,
                    "briefcase-medical",
                    isolate(clean(head.study_description)) or "(no description)",
                    join(
                        show_partial(head.study_date_text) or "no date",
                        show_age_at(head.birth_date, head.study_date),
                        head.accession_number,
                    ),
                ),
                images=sum(len(one.files) for _, one in study),
                bytes_=sum(one.size for _, one in study),
            )
            for at, one in study:
                state, words, more = check_words(one)
                self._plain[at] = Facts(
                    "series",
                    2,
                    "image",
                    isolate(clean(one.description)) or "(no description)",
                    one.modality,
                    state,
                    words,
                    more,
                    key=at,
                )
                self._add(
                    branch,
                    self._plain[at],
                    images=len(one.files),
                    bytes_=one.size,
                )

    def _add_conflict(self, patient: QStandardItem, conflict: Conflict) -> None:
        self._add(
            patient,
            Facts(
                "conflict",
                0,
                "triangle-alert",
                conflict.text,
                key=conflict.key,
                can_tick=False,
            ),
        )

    def _check_of(self, found: Iterable[Conflict]) -> tuple[str, str]:
        """Return state and words of a patient's conflicts: the first open one."""
        last = ("", "")
        for one in found:
            choice = self._decisions.get(one.key)
            if choice is None:
                return "errors", one.title
            last = ("ready", dict(one.choices)[choice])
        return last

    def _conflicts_at(self, item: QStandardItem) -> list[Conflict]:
        """Return the conflicts of the series below a row."""
        places = {
            int(leaf.data(FactsRole).key)
            for leaf in self._leaves(item)
            if leaf.data(FactsRole).kind == "series"
        }
        return [one for one in self._conflicts.values() if places & set(one.places)]

    def _show_check(self, item: QStandardItem, check: tuple[str, str]) -> None:
        state, words = check
        item.setData(replace(item.data(FactsRole), state=state, words=words), FactsRole)
        cell = self.item(item.row(), CHECK)
        cell.setText(words)
        cell.setToolTip(words)

    def _add_others(self, scan: LocalScan) -> None:
        total = sum(bytes_ for _, _, bytes_ in scan.others)
        group = self._add(
            self.invisibleRootItem(),
            Facts(
                "group",
                0,
                "folder",
                "Other files",
                join(count(len(scan.others), "file"), "sent as they are"),
            ),
            bytes_=total,
        )
        for local, relative, bytes_ in scan.others[:_OTHERS_SHOWN]:
            self._add(
                group, Facts("file", 1, "file", relative, key=local), bytes_=bytes_
            )
        more = scan.others[_OTHERS_SHOWN:]
        if more:
            self._add(
                group,
                Facts("file", 1, "file", f"and {count(len(more), 'file')} more", key=0),
                bytes_=sum(bytes_ for _, _, bytes_ in more),
            )

    def _add_unreadable(self, scan: LocalScan) -> None:
        group = self._add(
            self.invisibleRootItem(),
            Facts(
                "group",
                0,
                "triangle-alert",
                "Stays here",
                join(count(len(scan.unreadable), "file"), "not sent"),
                "errors",
                "Left out",
                can_tick=False,
            ),
        )
        for file in scan.unreadable[:_OTHERS_SHOWN]:
            self._add(
                group,
                Facts(
                    "unreadable",
                    1,
                    "file",
                    file.path.rsplit("/", 1)[-1],
                    state="failed",
                    words=file.reason,
                    can_tick=False,
                ),
            )
        more = len(scan.unreadable) - _OTHERS_SHOWN
        if more > 0:
            words = f"and {count(more, 'file')} more"
            self._add(group, Facts("unreadable", 1, "file", words, can_tick=False))

    def _add(
        self,
        parent: QStandardItem,
        facts: Facts,
        *,
        images: int | None = None,
        bytes_: int | None = None,
    ) -> QStandardItem:
        first = QStandardItem(facts.title)
        first.setData(facts, FactsRole)
        first.setData(
            join(facts.title, facts.detail), Qt.ItemDataRole.AccessibleTextRole
        )
        if facts.can_tick:
            first.setCheckable(True)
            first.setCheckState(Qt.CheckState.Checked)
        cells = [
            first,
            QStandardItem(f"{images:,}" if images is not None else ""),
            QStandardItem(size(bytes_)),
            QStandardItem(facts.words),
        ]
        for cell in cells:
            cell.setEditable(False)
        cells[CHECK].setToolTip(join(facts.words, facts.more))
        parent.appendRow(cells)
        return first


def _matters(conflict: Conflict, ticked: frozenset[int]) -> bool:
    """Whether what is ticked still contradicts itself."""
    here = [at for at in conflict.places if at in ticked]
    return len(here) > 1 or (bool(here) and len(conflict.places) == 1)
