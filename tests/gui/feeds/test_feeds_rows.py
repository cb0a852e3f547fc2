"""A list that is brought up to date keeps everybody's place."""

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex
from PySide6.QtWidgets import QApplication

from chrislib.views.feeds.rows import sync

Row = tuple[int, str]


class Model(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.changed: list[int] = []
        self.dataChanged.connect(lambda first, _last: self.changed.append(first.row()))

    def rowCount(
        self,
        _parent: QModelIndex | QPersistentModelIndex = QModelIndex(),  # noqa: B008
    ) -> int:
        return len(self.rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, _role: int = 0
    ) -> object:
        return self.rows[index.row()][1]

    def show(self, rows: list[Row]) -> None:
        sync(
            self,
            self.rows,
            rows,
            key=lambda row: row[0],
            begin_remove=self.beginRemoveRows,
            end_remove=self.endRemoveRows,
            begin_insert=self.beginInsertRows,
            end_insert=self.endInsertRows,
        )


rows = st.dictionaries(st.integers(0, 12), st.text("ab", max_size=2)).map(
    lambda found: list(found.items())
)


@given(rows, rows.flatmap(st.permutations))
@settings(max_examples=200, deadline=None)
def test_rows_become_the_new_ones(
    qapp: QApplication, before: list[Row], after: list[Row]
) -> None:
    del qapp
    model = Model()
    model.show(before)
    kept = {
        key: QPersistentModelIndex(model.index(n)) for n, (key, _) in enumerate(before)
    }
    model.show(after)
    assert model.rows == after
    for key, index in kept.items():
        if index.isValid():
            assert after[index.row()][0] == key
    gone = {key for key, _ in before} - {key for key, _ in after}
    assert all(not kept[key].isValid() for key in gone)


def test_a_row_that_stays_is_changed_in_place(qapp: QApplication) -> None:
    del qapp
    model = Model()
    model.show([(1, "a"), (2, "b"), (3, "c")])
    place = QPersistentModelIndex(model.index(1))
    model.show([(9, "new"), (1, "a"), (2, "changed")])
    assert place.row() == 2
    assert place.data() == "changed"
    assert model.changed == [2]
