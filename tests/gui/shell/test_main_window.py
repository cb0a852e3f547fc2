"""The window: places, keys, folds, tray, counts, toasts, closing."""

from functools import partial
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QAction, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from chrislib.accounts.session import ConnectionState
from chrislib.errors import ChrislibError
from chrislib.jobs.model import InboxRow, Phase, Progress
from chrislib.library.model import Item, ItemState
from chrislib.views.context import ViewContext
from chrislib.views.models.gathered import COLLECTIONS, Gathered
from chrislib.views.navigation import NewFeed, OpenViewer, ShowFeed, ShowLibrary
from chrislib.views.shell.keys import CONTEXTS
from chrislib.views.shell.library_module import LibraryPage
from chrislib.views.shell.main_window import MainWindow
from chrislib.views.shell.palette import CommandPalette
from chrislib.views.shell.places import PlacesPanel
from chrislib.views.shell.toasts import Toast
from chrislib.views.shell.top_bar import ActivityRing, ConnectionChip, GlyphButton
from chrislib.views.viewer_content import ViewContent
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.dragging import items_data
from chrislib.views.widgets.sheet import Sheet

Fakes = Any


def find(window: QWidget, kind: type[Any], name: str) -> Any:
    found = window.findChild(kind, name)
    assert found is not None, name
    return found


def pane(window: MainWindow, index: int = 0) -> Any:
    return window.shell._pages.panes[index]


def counted(things: list[int], number: int) -> bool:
    return len(things) == number


def key(window: MainWindow, what: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    """Press a key as a keyboard does: it reaches the window first."""
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    QTest.keyClick(window.windowHandle(), what, held)


CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_only_the_first_pane_is_made_before_the_first_paint(
    window: MainWindow, made: list[str]
) -> None:
    assert made == ["library"]
    window.shell.go(ShowFeed(12, 34))
    assert made == ["library", "feeds"]
    assert pane(window, 1).calls == [("feed", 12, 34)]


def test_the_window_can_be_shown_before_it_is_furnished(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.first_painted, timeout=5000):
        window.show()
    image = window.grab().toImage()
    assert image.pixelColor(700, 20).name() == "#272727"
    assert image.pixelColor(700, 400).name() == "#1f1f1f"
    with pytest.raises(RuntimeError):
        window.open_link("jobs")


def test_every_control_has_a_name_for_tests_and_for_screen_readers(
    window: MainWindow,
) -> None:
    window.shell.choose_module("feeds")
    window.shell.go(ShowLibrary())
    for kind in (QAbstractButton, QLineEdit, QTreeView):
        for control in window.findChildren(kind):
            if control.isHidden() or control.objectName().startswith("qt_"):
                continue
            assert control.objectName(), control
            assert control.accessibleName(), control.objectName()


def test_no_key_means_two_things_in_one_context(window: MainWindow) -> None:
    everywhere = [
        one.casefold() for command in window.shell.commands for one in command.keys
    ]
    assert len(everywhere) == len(set(everywhere))
    for name, keys in CONTEXTS.items():
        own = [key_.casefold() for key_, _ in keys]
        assert len(own) == len(set(own)), name
        assert not set(own) & set(everywhere), name


def test_every_command_is_a_menu_entry_with_its_key(window: MainWindow) -> None:
    actions = window.shell._actions
    for command in window.shell.commands:
        action = actions[command.name]
        assert action.text() == command.text
        assert len(action.shortcuts()) == len(command.keys)


@pytest.mark.parametrize(
    ("what", "modifier", "module"),
    [
        (Qt.Key.Key_2, CTRL, "feeds"),
        (Qt.Key.Key_J, CTRL, "jobs"),
        (Qt.Key.Key_I, CTRL, "jobs"),
        (Qt.Key.Key_L, CTRL, "library"),
    ],
)
def test_keys_lead_to_places(
    window: MainWindow,
    qtbot: QtBot,
    what: Qt.Key,
    modifier: Qt.KeyboardModifier,
    module: str,
) -> None:
    window.activateWindow()
    key(window, what, modifier)
    qtbot.waitUntil(lambda: window.shell._pages.module == module, timeout=2000)


def test_back_and_forward(window: MainWindow) -> None:
    shell = window.shell
    shell.go(ShowLibrary("pacs"))
    shell.go(ShowFeed(3))
    shell.back()
    assert pane(window).calls[-1] == ("section", "pacs", None)
    shell.forward()
    assert pane(window, 1).calls[-1] == ("feed", 3, None)


def test_escape_leaves_jobs_for_where_one_was(window: MainWindow) -> None:
    window.shell.go(ShowFeed(3))
    QTest.mouseClick(find(window, ActivityRing, "activity"), Qt.MouseButton.LeftButton)
    assert window.shell._pages.module == "jobs"
    window.shell.escape()
    assert window.shell._pages.module == "feeds"


def test_places_lead_into_the_library(window: MainWindow) -> None:
    page = window.shell._pages.library
    assert isinstance(page, LibraryPage)
    tree = page.places.tree
    tree.setCurrentIndex(page.places._rows["upload"].index())
    assert pane(window).calls[-1] == ("section", "upload", None)
    window.shell.go(ShowLibrary("pacs"))
    assert tree.currentIndex().data() == "PACS Lookup"
    assert pane(window).calls[-1] == ("section", "pacs", None)


def test_heads_of_places_stay_folded_as_they_were_left(
    window: MainWindow, ctx: ViewContext
) -> None:
    page = window.shell._pages.library
    assert isinstance(page, LibraryPage)
    sections = tuple(page.places._rows)

    def fresh() -> PlacesPanel:
        made = PlacesPanel(ctx.theme, sections)
        made.remember(ctx.layout)
        return made

    def folded(places: PlacesPanel) -> set[str]:
        heads = places._heads.items()
        return {head for head, row in heads if not places.tree.isExpanded(row.index())}

    page.places.tree.collapse(page.places._heads["Add data"].index())
    again = fresh()
    assert "Add data" in folded(again)
    assert "My Library" not in folded(again)
    again.tree.expand(again._heads["Add data"].index())
    again.tree.collapse(again._heads["My Library"].index())
    gathered = [Gathered("collection:a", "Teaching", "folder", COLLECTIONS)]
    again.show_collections(gathered)
    assert "My Library" in folded(again)
    assert COLLECTIONS not in folded(again)
    again.tree.collapse(again._heads[COLLECTIONS].index())
    last = fresh()
    last.show_collections(gathered)
    assert {COLLECTIONS, "My Library"} <= folded(last)
    assert "Add data" not in folded(last)
    for one in (again, last):
        shiboken6.delete(one)


def test_panels_fold_and_the_layout_comes_back(
    window: MainWindow, ctx: ViewContext, qtbot: QtBot, fakes: Fakes, aio: Any
) -> None:
    page = window.shell._pages.library
    assert page is not None
    window.activateWindow()
    key(window, Qt.Key.Key_F7)
    qtbot.waitUntil(page.places.isHidden, timeout=2000)
    key(window, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: page.tray.height() == 32, timeout=2000)
    aio.run(window.shutdown())

    from chrislib.views.shell.panes import PaneFactories

    def stand_in(context: ViewContext) -> QWidget:
        return type(pane(window))(context)  # type: ignore[no-any-return]

    again = MainWindow(
        ctx,
        PaneFactories(
            library=stand_in,
            feeds=stand_in,
            jobs=stand_in,
            inbox=stand_in,
            viewer=stand_in,
        ),
    )
    again.show()
    other = again.shell._pages.library
    assert other is not None
    assert other.places.isHidden()
    assert other.tray.folded
    aio.run(again.shutdown())
    shiboken6.delete(again)


def test_tab_folds_panels_in_lists_and_moves_the_focus_in_fields(
    window: MainWindow, qtbot: QtBot
) -> None:
    page = window.shell._pages.library
    assert page is not None
    window.activateWindow()
    page.places.tree.setFocus()
    key(window, Qt.Key.Key_Tab)
    qtbot.waitUntil(page.places.isHidden, timeout=2000)
    assert not page.tray.folded
    page.fold("left", False)
    pane(window).field.setFocus()
    key(window, Qt.Key.Key_Tab)
    assert not page.places.isHidden()
    page.places.tree.setFocus()
    key(window, Qt.Key.Key_Backtab, SHIFT)
    qtbot.waitUntil(lambda: page.tray.folded, timeout=2000)


def test_a_small_window_folds_the_inspector_and_gives_it_back(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.shell.choose_module("library")
    window.shell._toggle_jobs()
    inbox = window.findChild(QWidget, "inbox")
    assert inbox is not None
    assert not inbox.isHidden()
    window.shell.resized(1300)
    assert inbox.isHidden()
    window.shell.resized(1440)
    assert not inbox.isHidden()


def test_ring_and_bell_count(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, pulls: Any
) -> None:
    ring = find(window, ActivityRing, "activity")
    bell = find(window, GlyphButton, "bell")
    fakes.jobs.put(
        pulls("a", progress=Progress(96, 192, "images")),
        pulls("b"),
        pulls("c", Phase.FINISHED),
    )
    qtbot.waitUntil(lambda: ring.count == 2, timeout=2000)
    assert ring.accessibleName() == "Jobs, 2 running"
    fakes.jobs.put_inbox(
        InboxRow("1", "READY", None, 1, 2, "Ready", "", 0.0, None, None),
        InboxRow("2", "READY", None, 1, 2, "Ready", "", 0.0, 5.0, None),
    )
    qtbot.waitUntil(lambda: bell.count == 1, timeout=2000)
    assert bell.accessibleName() == "Inbox, 1 unread"


def test_the_ring_turns_only_while_nobody_knows(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, pulls: Any
) -> None:
    ring = find(window, ActivityRing, "activity")
    fakes.jobs.put(pulls("a"))
    qtbot.waitUntil(lambda: ring.count == 1, timeout=2000)
    assert ring._turn.isActive()
    window.shell.set_still(True)
    assert not ring._turn.isActive()
    window.shell.set_still(False)
    fakes.jobs.put(pulls("a", progress=Progress(1, 2, "images")))
    qtbot.waitUntil(lambda: not ring._turn.isActive(), timeout=2000)


def test_toasts_show_server_text_as_plain_text(
    window: MainWindow, ctx: ViewContext
) -> None:
    bad = "<img src=x onerror=alert(1)><b>bold</b>"
    ctx.messages.error(bad, bad, hint=bad, technical=bad)
    toast = find(window, Toast, "toast")
    shown = [label for label in toast.findChildren(QLabel) if label.text()]
    assert {bad, f"{bad} {bad}"} <= {label.text() for label in shown}
    for label in shown:
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_no_label_of_the_window_takes_rich_text(window: MainWindow) -> None:
    window.shell._toggle_jobs()
    for label in window.findChildren(QLabel):
        if label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText, label.text()


def test_at_most_three_toasts_and_the_same_only_once(
    window: MainWindow, ctx: ViewContext
) -> None:
    for number in (1, 2, 3, 4, 4):
        ctx.messages.info(f"Message {number}")
    titles = [toast.message.title for toast in window.shell._toasts.toasts]
    assert titles == ["Message 2", "Message 3", "Message 4"]


def test_ctrl_z_takes_back_what_the_toast_offers(
    window: MainWindow, ctx: ViewContext
) -> None:
    undone: list[int] = []
    ctx.messages.info("Discarded", action=("Undo", lambda: undone.append(1)))
    window.shell.undo()
    window.shell.undo()
    assert undone == [1]
    assert window.shell._toasts.toasts == []


def test_the_chip_tells_who_is_signed_in_and_a_banner_when_nobody_answers(
    window: MainWindow, fakes: Fakes, qtbot: QtBot
) -> None:
    chip = find(window, ConnectionChip, "connection")
    banner = find(window, Banner, "connection.banner")
    assert "chris.example.org, alex, connected" in chip.accessibleName()
    assert banner.isHidden()
    fakes.session.become(ConnectionState.UNREACHABLE)
    assert banner.isVisible()
    assert "You see what was there" in banner.text
    again = find(banner, QPushButton, "banner.action")
    again.click()
    qtbot.waitUntil(lambda: ("reconnect",) in fakes.session.calls, timeout=2000)
    fakes.session.become(ConnectionState.AUTH_REQUIRED)
    assert again.text() == "Sign in …"
    fakes.session.become(ConnectionState.CONNECTED)
    assert banner.isHidden()


def test_the_palette_finds_commands_and_library_items(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, items: Any
) -> None:
    fakes.library.hold(items(1), items(2))
    window.shell.show_palette()
    palette = find(window, CommandPalette, "palette")
    qtbot.waitUntil(
        lambda: any(entry.group == "Library" for entry in palette._entries),
        timeout=2000,
    )
    QTest.keyClicks(palette.field, "series 2")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isHidden()
    assert pane(window).calls[-1] == ("section", "all", "2")
    window.shell.show_palette()
    none = find(window, QWidget, "palette.none")
    assert none.isHidden()
    tall = palette.height()
    QTest.keyClicks(palette.field, "xyzzy")
    assert none.isVisible()
    assert palette.height() < tall
    palette.field.clear()
    assert palette.height() == tall
    palette.close_palette()
    window.shell.show_palette()
    QTest.keyClicks(palette.field, "jobs")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.shell._pages.module == "jobs"


def test_a_sheet_keeps_the_keys_of_the_window_away(window: MainWindow) -> None:
    window.shell.show_sheet("keys")
    sheet = window.findChild(Sheet)
    assert sheet is not None
    window.shell._actions["feeds"].trigger()
    assert window.shell._pages.module == "library"
    window.shell.press_primary()
    assert not sheet.isVisible()
    window.shell._actions["feeds"].trigger()
    assert window.shell._pages.module == "feeds"


def test_settings_change_the_theme_at_once_and_are_kept(
    window: MainWindow, ctx: ViewContext, fakes: Fakes
) -> None:
    window.shell.show_sheet("settings")
    sheet = window.findChild(Sheet)
    assert sheet is not None
    find(sheet, QAbstractButton, "settings.theme.light").click()
    assert ctx.theme.name == "light"
    assert fakes.store.get("theme") == "light"
    find(sheet, QAbstractButton, "settings.text-size.1.15").click()
    assert ctx.theme.text_size == 1.15


@pytest.mark.qt_log_ignore("does not support raise")
def test_closing_ends_the_program_only_when_nothing_runs(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, pulls: Any
) -> None:
    quits: list[int] = []
    window.quit_requested.connect(lambda: quits.append(1))
    fakes.jobs.put(pulls("a"))
    with qtbot.waitSignal(window.closing):
        window.close()
    assert window.isHidden()
    assert quits == []
    window.open_link("chris:jobs/a")
    assert window.isVisible()
    assert window.shell._pages.module == "jobs"
    fakes.jobs.put(pulls("a", Phase.FINISHED))
    window.close()
    assert quits == [1]


@pytest.mark.qt_log_ignore("does not support raise")
def test_links_lead_to_exactly_that_node(window: MainWindow) -> None:
    window.open_link("chris:feed/12/node/34")
    assert pane(window, 1).calls == [("feed", 12, 34)]
    window.open_link("chris:")
    assert window.shell._pages.module == "feeds"


def test_shutdown_ends_the_panes(window: MainWindow, aio: Any) -> None:
    aio.run(window.shutdown())
    assert pane(window).calls[-1] == ("shutdown",)


def test_create_feed_takes_the_tray_along(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, items: Any
) -> None:
    page = window.shell._pages.library
    assert page is not None
    create = find(window, QPushButton, "tray.create")
    assert not create.isEnabled()
    assert "tick something" in create.toolTip()
    fakes.library.hold(items(1), items(2, state=ItemState.ON_THE_WAY, received=12))
    fakes.library.tray.add("1", "2")
    qtbot.waitUntil(create.isEnabled, timeout=2000)
    head = find(window, QLabel, "tray.summary").text()
    assert head == "2 items · 1 patient · 102 MB · 1 ready, 1 on the way"
    assert create.toolTip() == "Make a feed: starts when 1 more is here"
    key(window, Qt.Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: window.shell._pages.module == "feeds", timeout=2000)
    assert pane(window, 1).calls[-1] == ("new", ("1", "2"))


def test_crosses_keys_and_clear_take_out_of_the_tray(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, items: Any
) -> None:
    page = window.shell._pages.library
    assert page is not None
    view = page.tray.view
    fakes.library.hold(items(1), items(2), items(3))
    fakes.library.tray.add("1", "2", "3")
    qtbot.waitUntil(lambda: view.model().rowCount() == 3, timeout=2000)
    rect = view.visualRect(view.model().index(0, 0))
    spot = QPoint(rect.right() - 8 - 11, rect.top() + 12)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert fakes.library.tray.ids == ("2", "3")
    qtbot.waitUntil(lambda: view.model().rowCount() == 2, timeout=2000)
    window.shell.undo()
    assert fakes.library.tray.ids == ("1", "2", "3")
    # dropped before the first: those that are in move, others come in
    fakes.library.hold(items(4))
    data = items_data(["3", "4"])
    view.model().dropMimeData(data, Qt.DropAction.CopyAction, 0, 0, QModelIndex())
    assert fakes.library.tray.ids == ("3", "4", "1", "2")
    fakes.library.other_places["4"] = "chris.example.org"
    fakes.library.tray.remove("4", "2")
    fakes.library.tray.add("4")
    head = find(window, QLabel, "tray.summary")
    qtbot.waitUntil(
        lambda: head.text().endswith("also on chris.example.org"), timeout=30_000
    )
    fakes.library.tray.remove("4")
    view.setCurrentIndex(view.model().index(1, 0))
    QTest.keyClick(view, Qt.Key.Key_T)
    assert fakes.library.tray.ids == ("3",)
    find(window, QPushButton, "tray.clear").click()
    assert fakes.library.tray.ids == ()
    window.shell.undo()
    assert fakes.library.tray.ids == ("3",)


def test_the_viewer_gives_way_to_the_module_one_came_from(
    window: MainWindow, tmp_path: Any
) -> None:
    shell = window.shell
    shell.go(NewFeed(("1",)))
    shell.go(OpenViewer(ViewContent("text", "a", (tmp_path / "a.txt",))))
    assert shell._pages.module == "viewer"
    before = list(pane(window, 1).calls)
    shell.escape()
    assert shell._pages.module == "feeds"
    assert pane(window, 1).calls == before


def test_modules_are_shown_as_they_were_left(window: MainWindow) -> None:
    shell = window.shell
    shell.go(ShowFeed(3))
    shell.choose_module("library")
    before = list(pane(window, 1).calls)
    shell.choose_module("feeds")
    assert shell._pages.module == "feeds"
    assert pane(window, 1).calls == before


def test_ctrl_return_goes_on_in_a_sheet_whatever_has_the_focus(
    window: MainWindow, ctx: ViewContext, qtbot: QtBot
) -> None:
    sheet = Sheet(window, ctx.theme, "New feed")
    fields = QWidget()
    column = QVBoxLayout(fields)
    line, box = QLineEdit(), QPlainTextEdit()
    column.addWidget(line)
    column.addWidget(box)
    sheet.body.addWidget(fields)
    pressed: list[int] = []
    sheet.next_pressed.connect(lambda: pressed.append(1))
    sheet.open()
    window.activateWindow()
    for number, piece in enumerate((line, box), start=1):
        piece.setFocus()
        key(window, Qt.Key.Key_Return, CTRL)
        qtbot.waitUntil(partial(counted, pressed, number), timeout=2000)


def test_it_knows_what_is_on_screen(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=2000)
    assert not window.is_showing("feed/12/node/34")
    assert window.is_showing("library")
    window.shell.go(ShowFeed(12))

    class Row:
        id = 12

    class View:
        row = Row()

    pane(window, 1).feed = View()
    assert window.is_showing("chris:feed/12/node/34")
    assert not window.is_showing("feed/13")
    window.shell._toggle_jobs()
    assert not window.is_showing("feed/12")
    assert window.is_showing("inbox")


def test_ready_items_of_the_tray_have_their_picture(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, items: Any, tmp_path: Any
) -> None:
    page = window.shell._pages.library
    assert page is not None
    picture = QPixmap(112, 112)
    picture.fill(Qt.GlobalColor.red)
    asked: list[str] = []

    def picture_of(item: Item) -> QPixmap:
        asked.append(str(item.item_id))
        return picture

    page.tray.set_pictures(picture_of)
    fakes.library.hold(items(1))
    fakes.library.tray.add("1")
    qtbot.waitUntil(lambda: "1" in asked, timeout=2000)
    image = page.tray.view.viewport().grab().toImage()
    assert image.pixelColor(36, 36).name() == "#ff0000"


def test_what_has_no_room_in_the_tray_is_counted_and_can_be_reached(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, items: Any
) -> None:
    page = window.shell._pages.library
    assert page is not None
    fakes.library.hold(*(items(number) for number in range(9)))
    fakes.library.tray.add(*(str(number) for number in range(9)))
    more = find(window, QPushButton, "tray.more")
    qtbot.waitUntil(more.isVisible, timeout=2000)

    def counted_right() -> bool:
        hidden = int(more.text().removeprefix("+"))
        return hidden + page.tray.view.viewport().width() // 208 == 9

    qtbot.waitUntil(counted_right, timeout=2000)
    page.tray._reveal(8)
    assert page.tray.view.highlighted() == ["8"]


def test_names_are_hidden_everywhere_in_the_shell(
    window: MainWindow, fakes: Fakes, qtbot: QtBot, items: Any, aio: Any
) -> None:
    page = window.shell._pages.library
    assert page is not None
    fakes.library.hold(items(1))
    fakes.library.tray.add("1")
    model = page.tray.view.model()
    qtbot.waitUntil(lambda: model.rowCount() == 1, timeout=2000)
    role = Qt.ItemDataRole.AccessibleTextRole
    assert "Doe, Jonathan" in str(model.index(0, 0).data(role))
    window.activateWindow()
    key(window, Qt.Key.Key_P, CTRL, SHIFT)
    qtbot.waitUntil(lambda: bool(fakes.store.get("hide_names")), timeout=2000)
    assert "Doe" not in str(model.index(0, 0).data(role))
    window.shell.show_palette()
    palette = find(window, CommandPalette, "palette")
    qtbot.waitUntil(
        lambda: any(entry.group == "Library" for entry in palette._entries),
        timeout=2000,
    )
    assert not any("Doe" in entry.detail for entry in palette._entries)


def test_a_setting_that_cannot_be_kept_counts_and_is_told(
    window: MainWindow, ctx: ViewContext, fakes: Fakes
) -> None:
    def full(name: str, value: object) -> None:
        raise ChrislibError("The setting could not be saved.", "It counts for now.")

    fakes.store.set = full
    window.shell.show_sheet("settings")
    sheet = window.findChild(Sheet)
    assert sheet is not None
    find(sheet, QAbstractButton, "settings.theme.light").click()
    assert ctx.theme.name == "light"
    note = find(sheet, QLabel, "sheet.note")
    assert "could not be saved" in note.text()


def test_a_toast_never_lies_over_the_tray(
    window: MainWindow, ctx: ViewContext, qtbot: QtBot
) -> None:
    shell = window.shell
    page = shell._pages.library
    assert page is not None
    shell.choose_module("feeds")
    ctx.messages.info("A feed waits.", action=("Show", lambda: None), seconds=60)
    qtbot.waitUntil(lambda: len(shell._toasts.toasts) == 1, timeout=30_000)
    shell.choose_module("library")
    toast = shell._toasts.toasts[0]
    foot = page.tray.mapTo(window, QPoint(0, 0)).y()
    assert toast.geometry().bottom() < foot


def test_a_toast_never_lies_over_the_buttons_of_a_sheet(
    qtbot: QtBot, window: MainWindow, ctx: ViewContext
) -> None:
    ctx.messages.info("Took 2 out of the tray", action=("Undo", lambda: None))
    shell = window.shell
    toast = shell._toasts.toasts[0]
    before = toast.geometry()
    shell.show_sheet("keys")
    sheet = shell._sheet()
    assert sheet is not None

    def free() -> bool:
        button = sheet.next_button
        corner = button.mapTo(window, QPoint(0, 0))
        return not toast.geometry().intersects(QRect(corner, button.size()))

    qtbot.waitUntil(lambda: free() and toast.geometry() != before)
    sheet.reject()


def test_the_palette_offers_what_the_pane_in_front_can_do(
    window: MainWindow, qtbot: QtBot
) -> None:
    front = pane(window)
    done: list[str] = []

    def commands() -> list[QAction]:
        made = []
        for words in ("Rename feeds …", "Merge feeds …", "Delete feeds …"):
            action = QAction(words, front)
            action.setObjectName(f"feeds.command.{words}")
            action.triggered.connect(lambda _on=False, words=words: done.append(words))
            made.append(action)
        made[1].setEnabled(False)
        return made

    front.commands = commands
    for _ in range(2):
        window.shell.show_palette()
        palette = find(window, CommandPalette, "palette")
        QTest.keyClicks(palette.field, "feeds merge")
        assert not find(window, QWidget, "palette.none").isHidden()
        palette.field.clear()
        QTest.keyClicks(palette.field, "feeds rename")
        QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["Rename feeds …"] * 2
    qtbot.waitUntil(lambda: window.shell._tasks.pending == 0, timeout=5000)
