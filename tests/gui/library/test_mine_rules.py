"""Rules of smart collections: what a sheet shows says the same when it is read."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from chrislib.library.mine.model import Field, Group, Op, Rule
from chrislib.views.context import ViewContext
from chrislib.views.library.mine import rules
from chrislib.views.library.mine.rule_row import RuleRow
from chrislib.views.library.mine.rules import FIELDS, Kind
from chrislib.views.library.mine.smart_sheet import SmartSheet
from chrislib.views.theme.theme import Theme

WORDS = (
    st.text("abcÄß <&\u4e2d'%_", min_size=1, max_size=12).map(str.strip).filter(bool)
)


@st.composite
def written(draw: st.DrawFn) -> Rule:
    """Return a rule as people can write it."""
    field = draw(
        st.sampled_from([one for one in FIELDS if one is not Field.COLLECTION])
    )
    op = draw(st.sampled_from([op for op, _ in FIELDS[field].ops]))
    values: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.NOTHING: st.none(),
        Kind.TEXT: WORDS,
        Kind.LIST: st.lists(
            st.sampled_from(["MR", "CT", "US"]), min_size=1, max_size=3
        ).map(tuple),
        Kind.NUMBER: st.integers(0, 9999),
        Kind.DAYS: st.integers(0, 9999),
        Kind.MEGABYTES: st.integers(0, 9999).map(lambda number: number * 1_000_000),
        Kind.AGE: st.integers(0, 40_000),
        Kind.DATE: st.dates().map(lambda day: day.isoformat()),
        Kind.CHOICE: st.sampled_from(
            [one for _, one in FIELDS[field].choices] or [None]
        ),
    }
    return Rule(field, op, draw(values[rules.kind_of(field, op)]))


@pytest.fixture
def line(qtbot: QtBot, theme: Theme) -> RuleRow:
    """One line for all examples: each begins from what the last one left."""
    made = RuleRow(theme, rules.first_rule(), collections=())
    qtbot.addWidget(made)
    return made


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)
@given(rule=written())
def test_a_line_says_the_rule_it_was_given(line: RuleRow, rule: Rule) -> None:
    line.show_rule(rule)
    assert line.rule() == rule
    assert rules.is_whole(rule)


def test_what_is_missing_is_refused_and_nothing_is_lost(
    qtbot: QtBot, ctx: ViewContext
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    inner = Group(
        (Rule(Field.STARS, Op.AT_LEAST, 4), Rule(Field.NOTE, Op.FILLED)), True
    )
    group = Group((Rule(Field.TITLE, Op.CONTAINS, ""), inner))
    sheet = SmartSheet(window, ctx, title="", group=group)
    saved: list[tuple[str, Group]] = []
    sheet.saved.connect(lambda title, found: saved.append((title, found)))
    sheet.open()
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    assert "Write a name" in sheet._note.text()
    name = sheet.findChild(QLineEdit, "smart.name")
    assert name is not None
    name.setText("Mine")
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    assert "no value yet" in sheet._note.text()
    (row,) = sheet.rows
    text = row.findChild(QLineEdit, "smart.rule.text")
    assert text is not None
    assert text.property("refused")
    text.setText("T1")
    added = sheet.add_rule()
    added.show_rule(Rule(Field.STUDY_DATE, Op.AT_LEAST, "2026-13-01"))
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    assert "no value yet" in sheet._note.text()
    added.removed.emit()
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    # a group inside, which the sheet does not show line by line, stays
    assert saved == [("Mine", Group((Rule(Field.TITLE, Op.CONTAINS, "T1"), inner)))]


@pytest.mark.parametrize(
    ("days", "said"),
    [(730, (2, "years")), (61, (2, "months")), (21, (3, "weeks")), (5, (5, "days"))],
)
def test_an_age_is_said_in_its_largest_unit(days: int, said: tuple[int, str]) -> None:
    number, place = rules.as_age(days)
    assert (number, rules.AGES[place][0]) == said
