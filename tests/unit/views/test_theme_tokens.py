"""The color table keeps its promises (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

from chrislib.paths import resources
from chrislib.views.theme.style import style_sheet
from chrislib.views.theme.tokens import DARK, DONUT_ORDER, LIGHT, STATES, contrast

GROUNDS = ("window", "panel", "raised", "input", "hover", "selected", "canvas")
TEXTS = ("text.primary", "text.secondary", "text.muted", "accent.text")
MARKS = (
    "accent.glyph",
    "border.control",
    "border.focus",
    "star",
    "label.red",
    "label.yellow",
    "label.green",
    "label.blue",
)
PAIRS = (
    ("text.on-accent", "accent.fill"),
    ("text.on-accent", "accent.fill-hover"),
    ("text.on-tooltip", "bg.tooltip"),
    ("text.on-image", "bg.image"),
    ("mark.orientation", "bg.image"),
    ("text.primary", "bg.highlight"),
    ("text.primary", "bg.pressed"),
    ("text.primary", "tint.info"),
    ("text.primary", "tint.ready"),
    ("text.primary", "tint.warn"),
    ("text.primary", "tint.failed"),
    ("text.secondary", "tint.warn"),
    ("text.secondary", "bg.highlight"),
    ("state.running", "tint.info"),
    ("state.ready", "tint.ready"),
    ("state.errors", "tint.warn"),
    ("state.failed", "tint.failed"),
    ("text.on-label", "label.red"),
    ("text.on-label", "label.yellow"),
    ("text.on-label", "label.green"),
    ("text.on-label", "label.blue"),
)


@pytest.mark.parametrize("table", [DARK, LIGHT], ids=["dark", "light"])
def test_every_text_can_be_read_on_every_ground(table: dict[str, str]) -> None:
    texts = [*TEXTS, *(f"state.{key}" for key in STATES)]
    weak = {
        (text, ground): round(contrast(table[text], table[f"bg.{ground}"]), 2)
        for text in texts
        for ground in GROUNDS
        if contrast(table[text], table[f"bg.{ground}"]) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("table", [DARK, LIGHT], ids=["dark", "light"])
def test_marks_and_edges_can_be_told_from_every_ground(table: dict[str, str]) -> None:
    weak = {
        (mark, ground)
        for mark in MARKS
        for ground in GROUNDS
        if contrast(table[mark], table[f"bg.{ground}"]) < 3
    }
    assert weak == set()


@pytest.mark.parametrize("table", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_other_pairs(table: dict[str, str], text: str, ground: str) -> None:
    assert contrast(table[text], table[ground]) >= 4.5


def test_both_themes_have_the_same_tokens() -> None:
    assert DARK.keys() == LIGHT.keys()


def test_states_have_glyph_word_and_color() -> None:
    icons = resources() / "icons"
    for key, look in STATES.items():
        assert f"state.{key}" in DARK
        assert (icons / f"{look.glyph}.svg").is_file()
        assert look.word
    assert set(DONUT_ORDER) == set(STATES) - {"nomatch"}


@pytest.mark.parametrize(("name", "table"), [("dark", DARK), ("light", LIGHT)])
def test_the_style_sheet_knows_every_token(name: str, table: dict[str, str]) -> None:
    styles = resources() / "styles"
    sheet = style_sheet(table, lambda px: px, name=name, styles=styles)
    assert "$" not in sheet
    assert "@" not in sheet
    for file in re.findall(r'url\("([^"]+)"\)', sheet):
        assert Path(file).is_file()


@pytest.mark.parametrize(("name", "table"), [("dark", DARK), ("light", LIGHT)])
def test_pictures_of_the_style_sheet_have_the_colors_of_the_table(
    name: str, table: dict[str, str]
) -> None:
    arrow = (resources() / "styles" / f"{name}-chevron-down.svg").read_text("utf-8")
    assert table["text.secondary"] in arrow


def test_icons_and_fonts_keep_their_licenses() -> None:
    icons = (resources() / "icons" / "LICENSE").read_text("utf-8")
    assert "ISC License" in icons
    assert "Cole Bemis" in icons
    fonts = (resources() / "fonts" / "LICENSE").read_text("utf-8")
    assert "The Inter Project Authors" in fonts
    assert "The JetBrains Mono Project Authors" in fonts
    assert len(list((resources() / "icons").glob("*.svg"))) >= 81
