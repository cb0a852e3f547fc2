"""Lookup, tick, add and follow, as a person does it."""

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton

from chrislib.jobs.model import Phase
from chrislib.library.model import ItemState
from chrislib.views.library.facets import Facets
from chrislib.views.library.found_model import ACTION, NAME
from chrislib.views.library.found_tree import FoundTree


def type_and_search(stage: Any, text: str = "4543673") -> FoundTree:
    field = stage.find(QLineEdit, "overview.quick.patient_id")
    QTest.keyClicks(field, text)
    button = stage.find(QPushButton, "overview.quick.search")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    tree: FoundTree = stage.find(FoundTree, "pacs.results")
    stage.until(tree.isVisible)
    return tree


def row(tree: FoundTree, title: str) -> Any:
    model: Any = tree.model()
    for node in model.nodes():
        if model.title(node) == title:
            return model.index_of(node)
    raise AssertionError(f"no row {title}")


def click(tree: FoundTree, index: Any, column: int) -> None:
    """Click the box or the button of a row."""
    cell = index.siblingAtColumn(column)
    tree.scrollTo(cell)
    rect = tree.visualRect(cell)
    delegate: Any = tree.itemDelegate()
    at: QPoint = (
        delegate.tick_point(cell, rect)
        if column == NAME
        else delegate.action_point(cell, rect)
    )
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_the_story_of_a_lookup(stage: Any) -> None:
    tree = type_and_search(stage)
    assert stage.pacs.asked[0].values == {"PatientID": ("4543673",)}
    for title in ("SAG T1 MPRAGE", "AX T2 FSE"):
        click(tree, row(tree, title), NAME)
    stage.until(lambda: len(stage.library.tray) == 2)
    assert not stage.jobs.submitted  # ticking asks for nothing
    add = stage.find(QPushButton, "pacs.add_ticked")
    stage.until(add.isVisible)
    assert add.text() == "Add 2 series"
    QTest.mouseClick(add, Qt.MouseButton.LeftButton)
    stage.until(lambda: len(stage.jobs.submitted) == 2)
    click(tree, row(tree, "AX T2 FLAIR FS"), ACTION)
    stage.until(lambda: len(stage.jobs.submitted) == 3)
    stage.until(lambda: len(stage.jobs.rows) == 3)
    first, second, third = list(stage.jobs.rows)
    stage.jobs.move(first, Phase.RUNNING, done=132, total=192)
    stage.jobs.move(second, Phase.REGISTERING, done=192, total=192)
    stage.jobs.move(
        third, Phase.FAILED, done=19, total=48, detail="The PACS closed the connection."
    )
    model: Any = tree.model()

    def words(title: str) -> str:
        return str(row(tree, title).siblingAtColumn(4).data())

    stage.until(lambda: words("SAG T1 MPRAGE") == "132 of 192 images")
    assert words("AX T2 FSE") == "Registering 192 images"
    assert words("AX T2 FLAIR FS") == "Stopped at 19 of 48"
    stage.qtbot.wait(300)
    stage.picture("library-pacs")
    stage.session.fake.pacs.register("1.2.3.1", images=192)
    stage.jobs.move(first, Phase.FINISHED)
    stage.until(lambda: words("SAG T1 MPRAGE") == "In your library")
    item = stage.library.state_of_series("1.2.3.1")
    assert item is not None
    assert item.state is ItemState.READY
    assert item.path
    facets = stage.find(Facets, "pacs.facets").model()
    spoken = Qt.ItemDataRole.AccessibleTextRole
    stage.until(lambda: facets.index(1, 0).data(spoken) == "In your library, 1 series")
    assert model.action(model.node(row(tree, "SAG T1 MPRAGE"))) == "View"
    stage.pane.show_section("overview")
    stage.qtbot.wait(300)
    stage.picture("library-overview")
    stage.ctx.theme.choose("light")
    stage.picture("library-overview")
    stage.pane.show_section("pacs")
    stage.picture("library-pacs")
