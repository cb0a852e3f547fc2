"""Nodes in the program, over a real station: run again, looked at, split, deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication

from chrislib.views.feeds.inspector_origin import OriginSheet
from chrislib.views.feeds.inspector_split import SplitSheet
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowFeed
from tests.gui.program.person import Person, child_intent, feed, submit

Station = Any
ProgramFactory = Callable[..., Any]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_a_node_is_run_again_split_told_of_and_deleted(
    program_factory: ProgramFactory, station: Station
) -> None:
    person = Person(program_factory(station))
    program = person.program
    _folder, root = feed(program, "Nodes of a person")
    child = submit(program, child_intent(program, root, "child"))
    program.context.navigator.go(ShowFeed(root.feed_id, child.remote_id))
    person.wait(lambda: person.window.findChild(FeedsPane), "the Feeds module")
    pane = person.window.findChild(FeedsPane)
    inspector = pane.inspector
    pane.fold("right", False)

    def ready(count: int) -> bool:
        view = pane.feed
        return (
            view is not None
            and view.row.id == root.feed_id
            and len(view.nodes) == count
            and all(node.state == "ready" for node in view.nodes)
        )

    def here(number: Any) -> bool:
        return pane.node is not None and pane.node.id == number

    person.wait(lambda: ready(2) and here(child.remote_id), "the child is ready")
    person.wait(lambda: "prefix" in inspector._values.text(), "its values")
    person.wait(inspector.again_button.isEnabled, "it can be run again")
    person.click(inspector.again_button)
    person.wait(lambda: ready(3), "the same once more")
    assert here(child.remote_id)  # what one looks at stays

    pane.node_acts.split()
    person.wait(lambda: pane.window().findChild(SplitSheet), "the sheet")
    split = pane.window().findChild(SplitSheet)
    person.wait(split.kinds.isEnabled, "the files of the node")
    person.click(split.kinds)
    person.wait(lambda: "Split" in split.next_button.text(), "parts")
    person.click(split.next_button)
    person.wait(lambda: ready(4), "the part")

    pane.node_acts.show_origin("card")
    person.wait(lambda: pane.window().findChild(OriginSheet), "the card")
    origin = pane.window().findChild(OriginSheet)
    person.wait(origin.copy_json.isEnabled, "every run before it")
    person.click(origin.copy_json)
    person.wait(
        lambda: "chrislib.provenance/1" in QGuiApplication.clipboard().text(),
        "the histories of the jobs are in it",
    )
    origin.accept()

    pane.node_acts.delete()
    asked = person.sheet("confirm")
    person.press("Delete 2 nodes", within=asked)
    person.no_sheet("confirm")
    person.wait(lambda: ready(2) and not here(child.remote_id), "they are gone")
