"""Pictures of the Feeds module in both themes, to be looked at."""

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import RunIntent
from chrislib.jobs.submission.held import Next
from chrislib.library.model import ItemState, Source
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import AddNodeSheet
from chrislib.views.feeds.create_feed import CreateFeedSheet
from chrislib.views.feeds.pane import FeedsPane

PICTURES = Path(__file__).parents[3] / "build" / "pictures"


def settled(qtbot: QtBot, pane: FeedsPane, node_id: int | None = None) -> None:
    qtbot.waitUntil(lambda: pane.feed is not None and pane.node is not None)
    if node_id is not None:
        qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == node_id)
    qtbot.waitUntil(lambda: pane.centre.shows_feed)
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def test_pictures(qtbot: QtBot, pane: FeedsPane, ctx: ViewContext) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    pane.centre.outputs.reveal("brain.png")
    settled(qtbot, pane)
    qtbot.wait(400)
    pane.window().grab().save(str(PICTURES / "feeds-dark.png"))
    pane._open_feed.choose(6)
    settled(qtbot, pane)
    qtbot.wait(400)
    pane.window().grab().save(str(PICTURES / "feeds-registering-dark.png"))
    ctx.theme.choose("light")
    qtbot.wait(200)
    pane.window().grab().save(str(PICTURES / "feeds-light.png"))


def test_small_picture(qtbot: QtBot, pane: FeedsPane) -> None:
    pane.window().resize(1200, 712)
    pane.show_feed(812, 8)
    settled(qtbot, pane, 8)
    qtbot.wait(400)
    pane.window().grab().save(str(PICTURES / "feeds-small-dark.png"))
    pane.fold("right", False)
    pane.centre.set_mode("list")
    qtbot.wait(200)
    pane.window().grab().save(str(PICTURES / "feeds-list-dark.png"))


def test_sheet_pictures(qtbot: QtBot, pane: FeedsPane, library: Any) -> None:
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    pane.actions_.add_node()
    sheet = pane.window().findChild(AddNodeSheet)
    assert sheet is not None
    qtbot.waitUntil(lambda: sheet.plugins.model.total > 0)
    qtbot.wait(400)
    pane.window().grab().save(str(PICTURES / "add-node-plugin-dark.png"))
    sheet.plugins.choose("pl-ants_reg")
    sheet.next_button.click()
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == 1)
    form = sheet.form_view
    form.add_parameter("threads")
    form.add_parameter("verbose")
    field = sheet.findChild(QLineEdit, "form.threads")
    assert field is not None
    field.selectAll()
    QTest.keyClicks(field, "many")
    sheet.next_button.click()
    qtbot.wait(300)
    pane.window().grab().save(str(PICTURES / "add-node-parameters-dark.png"))
    for name, text in (("fixed", "home/alex/a/T1.nii.gz"), ("transform", "SyN")):
        other = sheet.findChild(QLineEdit, f"form.{name}")
        assert other is not None
        QTest.keyClicks(other, text)
    field.clear()
    QTest.keyClicks(field, "4")
    sheet.next_button.click()
    qtbot.wait(100)
    pane.window().grab().save(str(PICTURES / "add-node-compute-dark.png"))
    sheet.next_button.click()
    qtbot.wait(100)
    pane.window().grab().save(str(PICTURES / "add-node-review-dark.png"))
    sheet.reject()


def test_create_pictures(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    library.hold(
        make.item("a", "SAG T1 MPRAGE"),
        make.item("b", "AX T2 FSE", state=ItemState.ON_THE_WAY, received=132),
        make.item("c", "AX T2 FLAIR FS", state=ItemState.REGISTERING),
        make.item("d", "COR T1 MPRAGE", patient_id="P2", patient_name="山田^太郎"),
        make.item("e", "sub-07 anat", source=Source.UPLOAD, patient_name="",
                  patient_id="", images=412),
        make.item("f", "MNI152 T1 1 mm", source=Source.REFERENCE, patient_name="",
                  patient_id="", images=1),
    )  # fmt: skip
    recipes = ("Volumes, children", "Deface and pack as BIDS", "Register to MNI152")
    feeds.recipes_ = [
        Recipe(
            key=title,
            title=title,
            detail="dcm2niix → FastSurfer → fs_stats",
            steps=(Next(RunIntent(1, "pl-dcm2niix", "1", "ds", {})),),
            uses=6,
            last_at=pane._context.now() - number * 90_000,
            usual=(2280.0, 3120.0) if number != 1 else None,
        )
        for number, title in enumerate(recipes)
    ]
    library.other_places["d"] = "chris.example.org"
    pane.new_feed(())
    sheet = pane.window().findChild(CreateFeedSheet)
    assert sheet is not None
    for tag in ("chiari", "follow-up"):
        sheet.details.tags.add(tag)
    sheet.details.note.setPlainText("Second visit of the pilot group.")
    qtbot.waitUntil(lambda: len(sheet.first.list.choices.rows) == 4)
    sheet.first.list.setCurrentIndex(sheet.first.list.choices.index(0, 0))
    qtbot.wait(200)
    grab(pane, "create-feed-review-dark")
    pane._context.theme.choose("light")
    qtbot.wait(100)
    grab(pane, "create-feed-review-light")
    pane._context.theme.choose("dark")
    sheet.step_chosen.emit(1)
    qtbot.wait(100)
    grab(pane, "create-feed-data-dark")
    sheet.step_chosen.emit(2)
    qtbot.wait(100)
    grab(pane, "create-feed-first-dark")
    sheet.first.another.emit()
    qtbot.waitUntil(lambda: sheet._step_page.plugins.model.total > 0)
    qtbot.wait(400)
    grab(pane, "create-feed-plugin-dark")
    sheet.step_chosen.emit(0)
    sheet.details.title.setText("")
    sheet.details.check()
    qtbot.wait(100)
    grab(pane, "create-feed-title-dark")
    pane.window().resize(1200, 712)
    sheet.step_chosen.emit(3)
    qtbot.wait(200)
    grab(pane, "create-feed-small-dark")
    sheet.reject()


def grab(pane: FeedsPane, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    pane.window().grab().save(str(PICTURES / f"{name}.png"))


def test_state_pictures(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, ctx: ViewContext
) -> None:
    pane.show_feed(812, 4)
    settled(qtbot, pane, 4)
    feeds.log = "\n".join(f"step {n} of 40" for n in range(40))
    pane.refresh()
    settled(qtbot, pane)
    pane.inspector.show_log()
    qtbot.wait(100)
    grab(pane, "feeds-running-dark")
    feeds.error = ChrislibError(
        "No answer from chris.example.org.", "Nothing is lost.", hint="Try again."
    )
    pane.refresh()
    qtbot.waitUntil(pane.centre.banner.isVisible)
    grab(pane, "feeds-offline-dark")


def test_empty_picture(qtbot: QtBot, feeds: Any, pane: FeedsPane) -> None:
    feeds.scopes = {"mine": [], "shared": [], "public": []}
    qtbot.waitUntil(lambda: not pane._tasks.pending)
    qtbot.wait(400)
    grab(pane, "feeds-empty-dark")


def test_error_picture(qtbot: QtBot, feeds: Any, pane: FeedsPane) -> None:
    feeds.error = ChrislibError(
        "No answer from chris.example.org.",
        "Feeds are kept on the server; nothing is lost.",
        hint="Check the network, then try again.",
    )
    qtbot.wait(700)
    grab(pane, "feeds-error-dark")


def test_loading_picture(qtbot: QtBot, feeds: Any, pane: FeedsPane) -> None:
    feeds.gate = asyncio.Event()
    qtbot.wait(600)
    grab(pane, "feeds-loading-dark")
    feeds.gate.set()


def test_light_sheet(qtbot: QtBot, pane: FeedsPane, ctx: ViewContext) -> None:
    ctx.theme.choose("light")
    pane.show_feed(812, 3)
    settled(qtbot, pane, 3)
    pane.actions_.add_node()
    sheet = pane.window().findChild(AddNodeSheet)
    assert sheet is not None
    qtbot.waitUntil(lambda: sheet.plugins.model.total > 0)
    sheet.plugins.choose("pl-ants_reg")
    sheet.next_button.click()
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == 1)
    sheet.form_view.add_parameter("threads")
    qtbot.wait(200)
    grab(pane, "add-node-parameters-light")
    sheet.reject()


def test_large_text_picture(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, ctx: ViewContext, make: Any
) -> None:
    title = "עיבוד ראשון — a title that is much longer than any list or head can show"
    feeds.hold(make.row(901, title, ready=3), feeds.nodes[812])
    ctx.theme.choose(text_size=1.3)
    pane.show_feed(901, 6)
    settled(qtbot, pane, 6)
    qtbot.wait(300)
    grab(pane, "feeds-large-text-dark")
