"""The pieces every pane is made of."""

import asyncio
import sys
from typing import Any

import pytest
from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import ServerUnreachable
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets import paint
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import Field, Segments, button, icon_button
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView


def test_a_signal_leaves_the_reference_count_of_true_alone(qapp: object) -> None:
    class Sender(QObject):
        fired = Signal(bool)

    sender = Sender()
    before = sys.getrefcount(True)
    for _ in range(5000):
        sender.fired.emit(True)
    assert abs(sys.getrefcount(True) - before) < 100


def test_palette_follows_the_theme(qapp: object, theme: Theme) -> None:
    from PySide6.QtWidgets import QApplication

    assert QApplication.palette().color(QPalette.ColorRole.Window).name() == "#1f1f1f"
    theme.choose("light")
    assert QApplication.palette().color(QPalette.ColorRole.Window).name() == "#f8f8f8"
    disabled = QApplication.palette().color(
        QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text
    )
    assert disabled.name() == "#9a9a9a"


def test_icons_take_the_color_of_the_theme(theme: Theme) -> None:
    def strongest(image: QImage) -> QColor:
        points = [
            image.pixelColor(x, y)
            for x in range(image.width())
            for y in range(image.height())
        ]
        return max(points, key=lambda color: color.alpha())

    def near(one: QColor, other: QColor) -> bool:
        return (
            abs(one.red() - other.red()) <= 2
            and abs(one.green() - other.green()) <= 2
            and abs(one.blue() - other.blue()) <= 2
        )

    for mode in ("dark", "light"):
        theme.choose(mode)
        seen = strongest(theme.pixmap("square", "state.ready").toImage())
        assert near(seen, theme.color("state.ready"))


def test_buttons_have_names_and_show_their_key(qtbot: QtBot, theme: Theme) -> None:
    made = button(
        theme, "Create feed", kind="primary", name="create", shortcut="Ctrl+Return"
    )
    plain = button(theme, "Create feed", kind="primary", name="create")
    qtbot.addWidget(made)
    qtbot.addWidget(plain)
    assert made.objectName() == "create"
    assert made.accessibleName() == "Create feed"
    assert made.sizeHint().width() > plain.sizeHint().width()
    assert made.sizeHint().height() == 32
    glyph = icon_button(theme, "x", name="close", tooltip="Close (Esc)")
    qtbot.addWidget(glyph)
    assert glyph.accessibleName() == "Close"


@pytest.mark.parametrize("key", sorted(STATES))
def test_states_are_drawn_with_glyph_and_word(theme: Theme, key: str) -> None:
    image = QImage(200, 40, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    paint.draw_state(painter, QRect(0, 0, 200, 40), theme, key, done=1, total=2)
    paint.draw_badge(painter, QRect(0, 0, 1, 1).topLeft(), theme, key)
    paint.donut(painter, QRect(0, 0, 24, 24), theme, {key: 3, "ready": 1})
    painter.end()
    assert any(image.pixelColor(x, 20) != Qt.GlobalColor.black for x in range(200))


def test_state_view_shows_an_error_in_its_own_words(qtbot: QtBot, theme: Theme) -> None:
    view = StateView(theme, "images", "Your library is empty")
    qtbot.addWidget(view)
    again: list[int] = []
    error = ServerUnreachable("No answer", "Your data is safe.", hint="Try later.")
    view.show_error(error, lambda: again.append(1))
    from PySide6.QtWidgets import QLabel, QPushButton

    words = [label.text() for label in view.findChildren(QLabel)]
    assert "No answer" in words
    assert "Your data is safe. Try later." in words
    action = view.findChild(QPushButton, "state.action.1")
    assert isinstance(action, QPushButton)
    action.click()
    assert again == [1]


def test_server_text_is_never_rich(qtbot: QtBot, theme: Theme) -> None:
    from PySide6.QtWidgets import QLabel

    banner = Banner(theme, "warn", "<b>bold</b>")
    qtbot.addWidget(banner)
    for label in banner.findChildren(QLabel):
        if label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText
    made = button(theme, "x", name="x", tooltip="<b>bold</b>")
    qtbot.addWidget(made)
    assert "<b>" not in made.toolTip()


def test_skeleton_waits_before_it_shows(qtbot: QtBot, theme: Theme) -> None:
    skeleton = Skeleton(theme)
    qtbot.addWidget(skeleton)
    skeleton.resize(400, 300)
    skeleton.show()
    ended: list[int] = []
    skeleton.start("Asking Main PACS")
    skeleton.stop(lambda: ended.append(1))
    assert ended == [1]
    skeleton.start("Asking Main PACS")
    qtbot.waitUntil(skeleton._rows.isVisible, timeout=2000)
    skeleton.stop(lambda: ended.append(2))
    assert ended == [1]
    qtbot.waitUntil(lambda: ended == [1, 2], timeout=2000)


def test_skeleton_leaves_out_shapes_for_what_is_nearly_there(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chrislib.views.widgets.skeleton._LATEST_MS", 1e9)
    skeleton = Skeleton(theme)
    qtbot.addWidget(skeleton)
    skeleton.resize(400, 300)
    skeleton.show()
    asked: list[bool] = []

    def nearly() -> float:
        asked.append(skeleton._rows.isVisible())
        return 1.0

    ended: list[int] = []
    skeleton.start("Opening feed 7", share=nearly)
    qtbot.waitUntil(lambda: len(asked) > 1, timeout=10_000)
    assert not any(asked)
    skeleton.stop(lambda: ended.append(1))
    assert ended == [1]
    # what does not come after all is waited for as everything is
    monkeypatch.setattr("chrislib.views.widgets.skeleton._LATEST_MS", 400)
    skeleton.start("Opening feed 7", share=nearly)
    qtbot.waitUntil(skeleton._rows.isVisible, timeout=10_000)
    skeleton.stop(lambda: ended.append(2))
    skeleton.start("Opening feed 8")
    skeleton.stop(lambda: ended.append(3))
    assert ended == [1, 3]


def test_sheet_opens_without_a_loop_and_closes_with_escape(
    qtbot: QtBot, theme: Theme
) -> None:
    window = QWidget()
    window.resize(1440, 900)
    qtbot.addWidget(window)
    window.show()
    sheet = Sheet(window, theme, "Add node", "After pl-bet", steps=["Plugin", "Go"])
    sheet.body.addWidget(Field(theme, "Title", name="title"))
    pressed: list[int] = []
    sheet.next_pressed.connect(lambda: pressed.append(1))
    sheet.open()
    assert sheet.geometry() == QRect(0, 48, 1440, 852)
    assert sheet._panel.width() == 1120
    with qtbot.waitSignal(sheet.rejected):
        QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_segments_tell_what_was_chosen(qtbot: QtBot, theme: Theme) -> None:
    from PySide6.QtWidgets import QToolButton

    segments = Segments(theme, [("all", "All", ""), ("pull", "Pulls", "")], name="k")
    qtbot.addWidget(segments)
    with qtbot.waitSignal(segments.chosen) as got:
        piece = segments.findChild(QToolButton, "k.pull")
        assert isinstance(piece, QToolButton)
        piece.click()
    assert got.args == ["pull"]
    assert segments.current == "pull"


@pytest.mark.parametrize("width", [260, 304, 700])
def test_words_of_an_empty_page_are_never_cut(
    qtbot: QtBot, theme: Theme, width: int
) -> None:
    from PySide6.QtWidgets import QLabel, QVBoxLayout

    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    words = "Every lookup, upload and reference fetch is listed here, newest first, "
    view = StateView(theme, "history", "Nothing yet", words + words)
    column.addWidget(view)
    holder.resize(width, 400)
    holder.show()
    label = view.findChild(QLabel, "state.text")
    assert isinstance(label, QLabel)
    assert label.height() >= label.heightForWidth(label.width())
    assert label.width() <= view.width()


def test_nothing_is_delivered_to_a_pane_that_has_ended(
    aio: Any, posted: list[Any]
) -> None:
    from chrislib.views.messages import Messages
    from chrislib.views.tasks import PaneTasks

    messages = Messages()
    messages.posted.connect(posted.append)
    tasks = PaneTasks(messages, "pane")
    got: list[int] = []

    async def quick() -> int:
        return 1

    async def bad() -> None:
        raise ServerUnreachable("No answer")

    async def story() -> None:
        one = tasks.start(quick(), name="quick", done=got.append)
        two = tasks.start(bad(), name="bad")
        await asyncio.wait([one, two])
        tasks.cancel_all()

    async def quiet_story() -> None:
        first = tasks.start(quick(), name="quick", done=got.append)
        tasks.cancel_all()
        await asyncio.wait([first])

    aio.run(story())
    assert (got, len(posted)) == ([1], 1)
    aio.run(quiet_story())
    assert (got, len(posted)) == ([1], 1)
