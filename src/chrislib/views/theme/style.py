"""The small style sheet on top of Fusion, made from the token table."""

from collections.abc import Callable, Mapping
from pathlib import Path

_SHEET = """
QToolTip { color: $text.on-tooltip; background: $bg.tooltip;
  border: 1px solid $border.subtle; padding: 4px 6px; }
QMainWindow, QWidget#centre { background: $bg.window; }
QWidget[surface="panel"] { background: $bg.panel; }
QWidget[surface="window"] { background: $bg.window; }
QWidget[surface="canvas"] { background: $bg.canvas; }
QFrame[surface="card"] { background: $bg.raised;
  border: 1px solid $border.subtle; border-radius: 6px; }
QFrame[surface="card"][hot="true"] { border-color: $accent.glyph; }
QFrame[line="h"] { background: $border.subtle; border: none;
  min-height: 1px; max-height: 1px; }
QFrame[line="v"] { background: $border.subtle; border: none;
  min-width: 1px; max-width: 1px; }

QPushButton { color: $text.primary; background: transparent;
  border: 1px solid $border.control; border-radius: 4px;
  padding: 0 @12px; min-height: @30px; max-height: @30px; }
QPushButton[small="true"] { padding: 0 @8px; min-height: @22px; max-height: @22px; }
QPushButton:hover { background: $bg.hover; }
QPushButton:pressed { background: $bg.pressed; }
QPushButton:focus { border: 2px solid $border.focus; padding: 0 @11px;
  min-height: @28px; max-height: @28px; }
QPushButton[small="true"]:focus { padding: 0 @7px;
  min-height: @20px; max-height: @20px; }
QPushButton:disabled { color: $text.disabled; border: 1px solid $border.subtle; }
QPushButton[kind="primary"] { color: $text.on-accent; background: $accent.fill;
  border: 1px solid $accent.fill; }
QPushButton[kind="primary"]:hover { background: $accent.fill-hover; }
QPushButton[kind="primary"]:pressed { background: $accent.fill-hover; }
QPushButton[kind="primary"]:focus { border: 2px solid $border.focus; }
QPushButton[kind="primary"]:disabled { color: $text.disabled;
  background: transparent; border: 1px solid $border.subtle; }
QPushButton[kind="quiet"] { color: $accent.text; border: 1px solid transparent; }
QPushButton[kind="quiet"]:focus { border: 2px solid $border.focus; }
QPushButton[kind="quiet"]:disabled { color: $text.disabled; }
QPushButton[kind="danger"] { color: $state.failed; border: 1px solid $state.failed; }
QPushButton[kind="danger"]:focus { border: 2px solid $border.focus; }

QToolButton { color: $text.secondary; background: transparent; border: none;
  border-radius: 4px; padding: 0; }
QToolButton:hover { background: $bg.hover; }
QToolButton:pressed, QToolButton:checked { background: $bg.pressed; }
QToolButton:focus { border: 2px solid $border.focus; }
QToolButton:disabled { color: $text.disabled; }
QToolButton::menu-indicator { image: none; }
QToolButton[segment="true"] { color: $text.primary; background: transparent;
  border: 1px solid $border.control; border-left: none; border-radius: 0;
  padding: 0 @10px; min-height: @26px; max-height: @26px; }
QToolButton[segment="true"][edge="first"] { border-left: 1px solid $border.control;
  border-top-left-radius: 4px; border-bottom-left-radius: 4px; }
QToolButton[segment="true"][edge="last"] {
  border-top-right-radius: 4px; border-bottom-right-radius: 4px; }
QToolButton[segment="true"]:checked { background: $bg.selected; }
QToolButton[segment="true"]:hover:!checked { background: $bg.hover; }
QToolButton[segment="true"]:focus { border: 2px solid $border.focus; }

QAbstractScrollArea { background: transparent; border: none; }
QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox {
  color: $text.primary; background: $bg.input; border: 1px solid $border.control;
  border-radius: 4px; selection-background-color: $accent.fill;
  selection-color: $text.on-accent; }
QLineEdit, QAbstractSpinBox, QComboBox { padding: 0 @8px;
  min-height: @30px; max-height: @30px; }
QLineEdit[small="true"], QComboBox[small="true"] {
  min-height: @26px; max-height: @26px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus,
QComboBox:focus { border: 2px solid $border.focus; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { padding: 0 @7px;
  min-height: @28px; max-height: @28px; }
QLineEdit[small="true"]:focus, QComboBox[small="true"]:focus {
  min-height: @24px; max-height: @24px; }
QLineEdit[refused="true"], QPlainTextEdit[refused="true"],
QComboBox[refused="true"], QAbstractSpinBox[refused="true"] {
  border-color: $state.failed; }
QLineEdit:read-only, QLineEdit:disabled, QPlainTextEdit:disabled, QComboBox:disabled {
  color: $text.disabled; border-color: $border.subtle; }
QComboBox::drop-down { border: none; width: @24px; }
QComboBox::down-arrow { image: url("%styles%/%theme%-chevron-down.svg");
  width: @14px; height: @14px; }
QComboBox QAbstractItemView { background: $bg.raised; color: $text.primary;
  border: 1px solid $border.subtle; selection-background-color: $bg.selected;
  selection-color: $text.primary; outline: none; }

QCheckBox, QRadioButton { color: $text.primary; spacing: 8px; background: transparent; }
QCheckBox:disabled, QRadioButton:disabled { color: $text.disabled; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px;
  border: 1px solid $border.control; border-radius: 3px; background: transparent; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked { background: $accent.fill; border-color: $accent.fill;
  image: url("%styles%/check.svg"); }
QCheckBox::indicator:indeterminate { background: $accent.fill;
  border-color: $accent.fill; image: url("%styles%/minus.svg"); }
QRadioButton::indicator:checked { background: $accent.fill;
  border-color: $accent.fill; image: url("%styles%/dot.svg"); }
QCheckBox::indicator:focus, QRadioButton::indicator:focus {
  border: 2px solid $border.focus; width: 12px; height: 12px; }

QMenu { background: $bg.raised; color: $text.primary;
  border: 1px solid $border.subtle; border-radius: 6px; padding: 4px; }
QMenu::item { min-height: @28px; padding: 0 @16px 0 @12px; border-radius: 3px; }
QMenu::item:selected { background: $bg.selected; }
QMenu::item:disabled { color: $text.disabled; }
QMenu::separator { height: 1px; background: $border.subtle; margin: 4px 8px; }
QMenu::icon { padding-left: @8px; }

QAbstractItemView { color: $text.primary; border: none; outline: none;
  selection-background-color: $bg.selected; selection-color: $text.primary; }
QTableView, QTreeView, QListView { alternate-background-color: transparent;
  gridline-color: $border.subtle; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section { background: transparent; color: $text.muted; border: none;
  border-bottom: 1px solid $border.subtle; padding: 0 8px;
  min-height: @27px; max-height: @27px; }
QSplitter::handle { background: $border.subtle; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent.glyph; }
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $scroll; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSlider::groove:horizontal { height: 4px; background: $bg.pressed;
  border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent.glyph; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; margin: -5px 0; border-radius: 7px;
  background: $text.primary; }
QProgressBar { background: $bg.pressed; border: none; border-radius: 2px;
  min-height: 4px; max-height: 4px; text-align: center; color: transparent; }
QProgressBar::chunk { background: $state.running; border-radius: 2px; }
"""


def style_sheet(
    colors: Mapping[str, str], px: Callable[[int], int], *, name: str, styles: Path
) -> str:
    """Return the style sheet.

    Parameters
    ----------
    colors : mapping
        Token to ``#rrggbb``.
    px : callable
        Scales a pixel metric by the text size.
    name : str
        "dark" or "light", picks the arrow of combo boxes.
    styles : Path
        Folder of the few pictures Qt's style sheets can only take from files.
    """
    text = _SHEET
    for token in sorted(colors, key=len, reverse=True):
        text = text.replace(f"${token}", colors[token])
    for size in (30, 28, 27, 26, 24, 22, 20, 16, 14, 12, 11, 10, 8, 7):
        text = text.replace(f"@{size}px", f"{px(size)}px")
    return text.replace("%styles%", styles.as_posix()).replace("%theme%", name)
