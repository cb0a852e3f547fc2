"""By key alone; chips; History again; what goes wrong, in words."""

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton

from chrislib.cube.errors import Forbidden, ServerUnreachable
from chrislib.jobs.model import Phase
from chrislib.pacs.types import Criteria
from chrislib.views.library.cards import Card
from chrislib.views.library.criteria_field import Chip, CriteriaField
from chrislib.views.library.facets import Facets
from chrislib.views.library.found_tree import FoundTree
from chrislib.views.library.history_list import HistoryList
from chrislib.views.library.mine.grid import GridView
from chrislib.views.library.places import Lookup
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.state_view import StateView


def states(stage: Any) -> list[StateView]:
    views = stage.pane.findChildren(StateView)
    return [view for view in views if view.isVisible()]


def search(stage: Any, text: str) -> None:
    stage.pane.show_section("pacs")
    edit = stage.find(QLineEdit, "pacs.criteria.edit")
    QTest.keyClicks(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_Return)  # a chip
    QTest.keyClick(edit, Qt.Key.Key_Return)  # the search


def results(stage: Any) -> FoundTree:
    tree: FoundTree = stage.find(FoundTree, "pacs.results")
    stage.until(tree.isVisible)
    return tree


def test_the_keyboard_is_enough(stage: Any) -> None:
    search(stage, "Doe")
    tree = results(stage)
    assert stage.pacs.asked[0].values == {"PatientName": ("Doe*",)}
    tree.setFocus()
    for _ in range(2):
        QTest.keyClick(tree, Qt.Key.Key_Down)
    QTest.keyClick(tree, Qt.Key.Key_T)
    stage.until(lambda: len(stage.library.tray) == 1)
    QTest.keyClick(tree, Qt.Key.Key_Down)
    QTest.keyClick(tree, Qt.Key.Key_A)
    stage.until(lambda: len(stage.jobs.submitted) == 1)
    assert stage.jobs.submitted[0].series_uid == "1.2.3.2"
    QTest.keyClick(tree, Qt.Key.Key_Left)
    QTest.keyClick(tree, Qt.Key.Key_Left)
    study = tree.currentIndex()
    assert not tree.isExpanded(study)
    QTest.keyClick(tree, Qt.Key.Key_Return)
    assert tree.isExpanded(study)
    QTest.keyClick(tree, Qt.Key.Key_T)  # the whole study
    stage.until(lambda: len(stage.library.tray) == 5)
    QTest.keyClick(tree, Qt.Key.Key_T)
    stage.until(lambda: len(stage.library.tray) == 0)


def test_an_answer_keeps_folds_and_place(stage: Any) -> None:
    search(stage, "Doe")
    tree = results(stage)
    first = tree.model().index(0, 0)
    tree.setExpanded(first, False)
    tree.setCurrentIndex(first)
    tree.show_found(stage.pacs.patients, None)
    again = tree.model().index(0, 0)
    assert not tree.isExpanded(again)
    assert tree.currentIndex() == again


def test_nothing_to_ask_is_refused_before_it_is_sent(stage: Any) -> None:
    button = stage.find(QPushButton, "overview.quick.search")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    refusal = stage.pane.findChild(object, "overview.quick.refusal")
    assert refusal.isVisible()
    assert "nothing to look for" in refusal.text()
    stage.pane.show_section("pacs")
    edit = stage.find(QLineEdit, "pacs.criteria.edit")
    QTest.keyClicks(edit, "mr")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    words = stage.pane.findChild(object, "pacs.refusal")
    assert words.isVisible()
    assert "everything" in words.text()
    assert stage.pacs.asked == []


def test_more_fields_become_chips(stage: Any) -> None:
    stage.pane.show_section("pacs")
    more = stage.find(QPushButton, "pacs.more")
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    day = stage.find(QLineEdit, "pacs.more.study_date")
    assert day.isVisible()
    QTest.keyClicks(day, "soon")
    QTest.keyClick(day, Qt.Key.Key_Return)
    under = stage.pane.findChild(object, "pacs.under")
    assert under.isVisible()
    assert "not a date" in under.text()
    assert day.text() == "soon"  # nothing typed is lost
    day.setText("2024 to 2026-03")
    station = stage.find(QLineEdit, "pacs.more.station")
    station.setText("MRI_9")
    stage.picture("library-pacs-more")
    QTest.keyClick(day, Qt.Key.Key_Return)
    results(stage)
    assert stage.pacs.asked[0].values == {
        "StudyDate": ("20240101-20260331",),
        "PerformedStationAETitle": ("MRI_9",),
    }
    field = stage.find(CriteriaField, "pacs.criteria")
    assert len(field.conditions) == 2


def test_chips_are_pasted_changed_and_crossed_out(stage: Any) -> None:
    stage.pane.show_section("pacs")
    field = stage.find(CriteriaField, "pacs.criteria")
    QGuiApplication.clipboard().setText("4543673\n4543981\n\n4551207\n4552018")
    paste = stage.find(QPushButton, "pacs.paste")
    QTest.mouseClick(paste, Qt.MouseButton.LeftButton)
    (condition,) = field.conditions
    assert condition.values == ("4543673", "4543981", "4551207", "4552018")
    assert condition.words == "4 patient IDs"
    chip = stage.find(Chip, "pacs.chip.PatientID")
    chip.kind_chosen.emit("AccessionNumber")
    assert field.conditions[0].key == "AccessionNumber"
    chip = stage.find(Chip, "pacs.chip.AccessionNumber")
    at = QPoint(chip.width() - 10, chip.height() // 2)
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton, pos=at)
    assert field.conditions == ()
    QTest.keyClicks(field.edit, "Doe")
    QTest.keyClick(field.edit, Qt.Key.Key_Return)
    QTest.keyClick(field.edit, Qt.Key.Key_Backspace)
    assert field.conditions == ()


def test_facets_filter_here_and_ask_nobody(stage: Any) -> None:
    search(stage, "Doe")
    tree = results(stage)
    facets = stage.find(Facets, "pacs.facets")
    model: Any = tree.model()
    assert len(model.leaves()) == 8
    rows = facets.model()
    for row in range(rows.rowCount()):
        if rows.index(row, 0).data() == "Modality":
            facets.ticked.emit(rows.index(1, 0, rows.index(row, 0)))
            break
    assert {leaf.series.modality for leaf in model.leaves()} == {"CT"}
    assert len(stage.pacs.asked) == 1
    stage.picture("library-pacs-facets")


def test_no_match_offers_a_wider_search(stage: Any) -> None:
    stage.pacs.patients = ()
    search(stage, "Papadopulos")
    stage.until(
        lambda: states(stage) and "No match" in states(stage)[0].accessibleName()
    )
    stage.picture("library-pacs-nomatch")
    button = stage.find(QPushButton, "state.action.1")
    assert button.text() == "Search Papadopu*"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    stage.until(lambda: len(stage.pacs.asked) == 2)
    assert stage.pacs.asked[1].values == {"PatientName": ("Papadopu*",)}


def test_a_silent_pacs_is_never_no_match(stage: Any) -> None:
    stage.pacs.unreachable = ("Main PACS",)
    stage.pacs.patients, before = (), stage.pacs.patients
    search(stage, "4543673")
    stage.until(
        lambda: (
            states(stage)
            and states(stage)[0].accessibleName() == "No answer from Main PACS."
        )
    )
    stage.picture("library-pacs-unreachable")
    stage.pacs.unreachable, stage.pacs.patients = ("Archive",), before
    retry = next(
        one
        for one in stage.pane.findChildren(QPushButton, "state.action.1")
        if one.isVisible()
    )
    QTest.mouseClick(retry, Qt.MouseButton.LeftButton)
    results(stage)
    banner = stage.find(Banner, "pacs.banner")
    stage.until(banner.isVisible)
    assert "No answer from Archive" in banner.text
    stage.picture("library-pacs-partly")


def test_not_allowed_and_server_down_have_words(stage: Any) -> None:
    for error in (
        Forbidden("You may not use the PACS.", "Nothing was sent."),
        ServerUnreachable("No answer from chris.example.org."),
    ):
        stage.pacs.error = error
        stage.pane.show_section(
            "pacs",
            Lookup(
                Criteria(values={"PatientID": ("1",)}),
                run=True,
            ),
        )
        title = error.title
        stage.until(
            lambda title=title: (
                states(stage) and states(stage)[0].accessibleName() == title
            )
        )
    stage.pacs.error = None
    stage.session.tell()  # the connection came back: it asks again by itself
    results(stage)


def test_without_a_connection_the_page_says_so(stage: Any) -> None:
    pacs, stage.session.pacs = stage.session.pacs, None
    stage.session.client, client = None, stage.session.client
    search(stage, "4543673")
    stage.until(
        lambda: states(stage) and "no connection" in states(stage)[0].accessibleName()
    )
    stage.session.pacs, stage.session.client = pacs, client
    stage.session.tell()
    results(stage)


def test_history_repeats_and_retries(stage: Any) -> None:
    search(stage, "4543673")
    tree = results(stage)
    tree.setCurrentIndex(tree.model().index(0, 0, tree.model().index(0, 0)))
    QTest.keyClick(tree, Qt.Key.Key_A)
    stage.until(lambda: len(stage.jobs.rows) == 5)
    keys = list(stage.jobs.rows)
    for key in keys[:3]:
        stage.jobs.move(key, Phase.CANCELLED)
    stage.jobs.move(keys[3], Phase.FAILED, done=1, total=9, detail="It closed.")
    stage.jobs.move(keys[4], Phase.FAILED, detail="It closed.")
    stage.pane.show_section("overview")
    history = stage.find(HistoryList, "overview.history")
    model: Any = history.model()
    stage.until(lambda: model.shown == 1)

    def entry() -> Any:
        return model.entry(model.index(1, 0))

    stage.until(lambda: entry().state == "failed")
    stage.picture("library-overview-failed")
    history.entry_acted.emit(entry())
    stage.until(lambda: sum(verb == "retry" for verb, _ in stage.jobs.calls) == 2)
    stage.until(lambda: entry().state == "running")
    history.entry_acted.emit(entry())  # they move again: Show leads to their rows
    stage.until(tree.isVisible)
    assert len(stage.pacs.asked) == 1
    for key in keys:
        stage.jobs.move(key, Phase.CANCELLED)
    stage.pane.show_section("overview")
    stage.until(lambda: entry().state == "cancelled")
    history.setCurrentIndex(model.index(1, 0))
    QTest.keyClick(history, Qt.Key.Key_Return)  # what it brought
    items = stage.find(GridView, "mine.grid")
    stage.until(lambda: items.isVisible() and items.model().rowCount() == 5)
    stage.pane.show_section("overview")
    history.entry_acted.emit(entry())  # again
    stage.until(lambda: len(stage.pacs.asked) == 2)
    assert stage.pacs.asked[0] == stage.pacs.asked[1]


def test_history_is_filtered_by_kind_and_text(stage: Any) -> None:
    for text in ("4543673", "Papadopulos"):
        search(stage, text)
        results(stage)
        stage.find(CriteriaField, "pacs.criteria").show_conditions(())
    stage.pane.show_section("overview")
    history = stage.find(HistoryList, "overview.history")
    model: Any = history.model()
    stage.until(lambda: model.shown == 2)
    field = stage.find(QLineEdit, "overview.history.filter")
    QTest.keyClicks(field, "papa")
    stage.until(lambda: model.shown == 1)
    field.clear()
    uploads = stage.pane.findChild(object, "overview.history.kind.uploads")
    uploads.click()
    stage.until(lambda: model.shown == 0)
    assert states(stage)[0].accessibleName() == "No entry fits"


def test_hidden_names_show_nothing_of_them(stage: Any, fakes: Any) -> None:
    fakes.store.set("hide_names", True)
    search(stage, "4543673")
    tree = results(stage)
    model: Any = tree.model()
    root = model.roots[0]
    assert "Doe" not in model.title(root)
    assert "4543673" not in model.detail(root)
    stage.pane.show_section("overview")
    history = stage.find(HistoryList, "overview.history")
    rows: Any = history.model()
    stage.until(lambda: rows.shown == 1)
    assert rows.index(1, 0).data() == "Lookup"


def test_cards_lead_to_their_sections(stage: Any) -> None:
    for name, section in (("pacs", "pacs"), ("reference", "reference")):
        stage.pane.show_section("overview")
        card = stage.find(Card, f"overview.card.{name}")
        QTest.mouseClick(card, Qt.MouseButton.LeftButton)
        assert stage.places[-1] == ShowLibrary(section)
    stage.pane.show_section("overview")
    card = stage.find(Card, "overview.card.upload")
    QTest.keyClick(card, Qt.Key.Key_Return)
    assert stage.places[-1].section == "upload"
