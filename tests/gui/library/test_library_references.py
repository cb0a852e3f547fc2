"""Reference data: search, fetch once, use again."""

from types import ModuleType
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from chrislib.cube.errors import ServerUnreachable
from chrislib.jobs.model import Phase, RunIntent
from chrislib.library.model import ItemState
from chrislib.views.library.reference_cards import ReferenceCards
from chrislib.views.library.reference_page import ReferencePage
from chrislib.views.widgets.state_view import StateView


@pytest.fixture
def offered(neighbours: Any, made: ModuleType) -> Any:
    """Four references and two mechanisms."""
    names = (
        ("pl-mni152_template", "MNI152 template, T1 2 mm", "Atlas"),
        ("pl-brain_regions", "Cortical atlas, 95 areas", "Atlas"),
        ("pl-phantom_ct", "CT phantom", "Data"),
        ("pl-dicom_samples", "DICOM samples", "Data set"),
        ("pl-dircopy", "Directory copy", ""),
        ("pl-simplefsapp", "Test", ""),
    )
    plugins = neighbours.session.fake.plugins
    plugins.known = [
        made.a_plugin(
            number,
            name,
            title=title,
            category=category,
            description="Average brain of 152 adults with mask and tissue maps, "
            "ready to register against.",
            authors="Montreal Neurological Institute",
            license="CC BY 4.0",
        )
        for number, (name, title, category) in enumerate(names, start=1)
    ]
    return neighbours


def press(view: ReferenceCards, title: str) -> None:
    """Click the button of a card."""
    model: Any = view.model()
    row = next(i for i, one in enumerate(model.shown) if one.title == title)
    index = model.index(row)
    view.scrollTo(index)
    delegate: Any = view.itemDelegate()
    card: QRect = delegate._card(view.visualRect(index))
    at = delegate._button(model.shown[row], card).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_a_reference_is_fetched_and_used_again(
    offered: Any, stage: Any, made: ModuleType
) -> None:
    stage.pane.show_section("reference")
    new = stage.find(ReferenceCards, "reference.new")
    mine = stage.find(ReferenceCards, "reference.mine")
    stage.until(lambda: new.model().rowCount() == 4)
    stage.picture("library-references-new")
    press(new, "CT phantom")
    stage.until(lambda: len(stage.jobs.submitted) == 1)
    intent = stage.jobs.submitted[0]
    assert isinstance(intent, RunIntent)
    assert intent.plugin_name == "pl-phantom_ct"
    stage.until(lambda: mine.model().rowCount() == 1)
    (key,) = stage.jobs.rows
    plugin = offered.session.fake.plugins.known[2]
    run = made.a_run(7, plugin)
    offered.session.fake.instances.known[7] = run
    offered.session.fake.files.stored[f"{run.output_path}/ct.dcm"] = b"x" * 1000
    stage.jobs.move(key, Phase.RUNNING, remote_id=7)
    stage.qtbot.wait(300)
    stage.picture("library-references-running")
    stage.jobs.move(key, Phase.FINISHED, remote_id=7)
    item_id = intent.item_ids[0]
    stage.until(lambda: stage.library.item(item_id).state is ItemState.READY)
    stage.until(lambda: stage.library.item(item_id).size == 1000)
    stage.qtbot.wait(300)
    press(mine, "CT phantom")
    stage.until(lambda: item_id in stage.library.tray)
    assert len(stage.jobs.submitted) == 1  # used again, not run again
    stage.ctx.theme.choose("light")
    stage.picture("library-references")
    stage.ctx.theme.choose("dark")
    stage.picture("library-references")


def test_search_covers_name_category_and_author(offered: Any, stage: Any) -> None:
    stage.pane.show_section("reference")
    new = stage.find(ReferenceCards, "reference.new")
    stage.until(lambda: new.model().rowCount() == 4)
    field = stage.find(QLineEdit, "reference.search")
    QTest.keyClicks(field, "atlas 95")
    assert [one.title for one in new.model().shown] == ["Cortical atlas, 95 areas"]
    field.setText("nothing like it")
    assert not new.isVisible()
    stage.picture("library-references-none")


def test_a_server_that_is_down_is_said_in_words(offered: Any, stage: Any) -> None:
    offered.session.fake.plugins.error = ServerUnreachable(
        "No answer from chris.example.org.", "Nothing was changed."
    )
    stage.pane.show_section("reference")

    def shown() -> list[str]:
        views = stage.pane.findChildren(StateView)
        return [one.accessibleName() for one in views if one.isVisible()]

    stage.until(lambda: shown() == ["No answer from chris.example.org."])


def test_many_are_rows_unless_somebody_chose(
    offered: Any, stage: Any, made: ModuleType
) -> None:
    plugins = offered.session.fake.plugins
    plugins.known += [
        made.a_plugin(100 + number, f"pl-set_{number}", category="Data set")
        for number in range(30)
    ]
    stage.pane.show_section("reference")
    new = stage.find(ReferenceCards, "reference.new")
    stage.until(lambda: new.model().rowCount() == 34)
    assert new.as_rows
    stage.find(QAbstractButton, "reference.view.cards").click()
    assert not new.as_rows
    stage.pane.refresh()
    assert stage.ctx.layout.get("references.view") == "cards"
    page = stage.find(ReferencePage, "library.reference")
    page.refresh()
    stage.until(lambda: new.model().rowCount() == 34)
    assert not new.as_rows
    stage.find(QAbstractButton, "reference.kind.atlases").click()
    assert [one.title for one in new.model().shown] == ["Cortical atlas, 95 areas"]
    stage.find(QAbstractButton, "reference.kind.all").click()


def test_a_failure_is_explained_and_a_mechanism_is_moved_over(
    offered: Any, stage: Any, posted: list[Any]
) -> None:
    stage.pane.show_section("reference")
    new = stage.find(ReferenceCards, "reference.new")
    stage.until(lambda: new.model().rowCount() == 4)
    press(new, "CT phantom")
    stage.until(lambda: len(stage.jobs.rows) == 1)
    (key,) = stage.jobs.rows
    stage.jobs.move(key, Phase.FAILED, detail="The disk of the server is full.")

    def spoken(title: str) -> str:
        model: Any = new.model()
        rows = [i for i, one in enumerate(model.shown) if one.title == title]
        role = Qt.ItemDataRole.AccessibleTextRole
        return str(model.index(rows[0]).data(role)) if rows else ""

    stage.until(lambda: "The disk of the server is full" in spoken("CT phantom"))
    assert spoken("CT phantom").endswith("Retry")
    press(new, "CT phantom")
    stage.until(lambda: len(stage.jobs.submitted) == 2)
    hidden = stage.find(QAbstractButton, "reference.hidden")
    assert hidden.text() == "2 hidden sources"
    hidden.click()
    press(new, "Test")
    stage.until(lambda: bool(posted))
    stage.until(lambda: [one.title for one in new.model().shown] == ["Directory copy"])
    hidden.click()
    stage.until(lambda: "Test" in [one.title for one in new.model().shown])
    posted[-1].action[1]()  # undo
    stage.until(lambda: "Test" not in [one.title for one in new.model().shown])
