"""The README of a plugin in the wizards: kept, asked for, refused, off."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from chrislib.catalog.catalog import Catalog
from chrislib.feeds.readmes import PluginReadmes
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.settings import SettingsSheet
from chrislib.views.feeds.add_node_what import WhatPage
from tests.gui.feeds.conftest import make_plugin
from tests.services.forge import LocalForge, local_forge, reply

LONG = 30_000
_FOLDER = "/FNNDSC/pl-bet/HEAD"
_PICTURES = Path(__file__).parents[3] / "build" / "pictures"
_BET = make_plugin(
    41,
    "pl-bet",
    "1.0.4",
    title="Brain extraction",
    category="Segmentation",
    description="Finds the brain in an image of the head.",
    public_repo="https://github.com/FNNDSC/pl-bet",
)
_OLD = make_plugin(42, "pl-old", "0.3", public_repo="https://github.com/FNNDSC/pl-old")
_WIKI = make_plugin(43, "pl-wiki", "0.1", documentation="http://wiki")
_BARE = make_plugin(44, "pl-bare", "0.1", documentation="https://[<b>")
_MARKED = """# pl-bet

[![CI](https://img.shields.io/badge/ok)](https://ci.example)

Finds the **brain** in an image of the head and removes what is around it.
<script>alert(1)</script>

| Option | What it does |
|---|---|
| `--fast` | quick, rough |

![Result](https://pictures.example/brain.png)

```shell
apptainer exec docker://fnndsc/pl-bet bet <in> <out>
```
"""
_TYPED = "pl-old\n======\n\n.. image:: https://pictures.example/x.svg\n\nOld *words*.\n"


class _Stage:
    """A page of the wizards with a forge on this computer."""

    def __init__(self, qtbot: QtBot, ctx: ViewContext, forge: LocalForge) -> None:
        self.qtbot = qtbot
        self.ctx = ctx
        self.forge = forge
        self.page = WhatPage(ctx)
        self.page.resize(1120 - 200, 624)
        self.readme = self.page.facts.readme
        qtbot.addWidget(self.page)
        self.page.show()

    def choose(self, name: str, words: str) -> None:
        """Highlight a plugin and go to its README, until words are said there."""
        self.qtbot.waitUntil(lambda: self.page.plugins.choose(name), timeout=LONG)
        tab = self.page.findChild(QToolButton, "plugin.parts.readme")
        assert tab is not None
        tab.click()
        self.wait(words)

    def wait(self, words: str) -> None:
        """Wait until words are said."""
        self.qtbot.waitUntil(lambda: words in self.said(), timeout=LONG)

    @property
    def shown(self) -> QWidget:
        """The page of the README that is shown."""
        found = self.readme._stack.currentWidget()
        assert found is not None
        return found

    def said(self) -> str:
        """Return the words of the page that is shown."""
        shown = self.shown
        found = shown.findChildren(QLabel)
        words = " ".join(one.text() for one in found if one.isVisibleTo(shown))
        return words.replace("\u200b", "")

    def buttons(self) -> list[QPushButton]:
        """Return the buttons of the page that is shown."""
        shown = self.shown
        found = shown.findChildren(QPushButton)
        return [one for one in found if one.isVisibleTo(shown)]

    def offers(self, *words: str) -> None:
        """Wait until these buttons are there; a page shows them a turn later."""
        self.qtbot.waitUntil(
            lambda: tuple(one.text() for one in self.buttons()) == words, timeout=LONG
        )

    def press(self, words: str) -> None:
        """Press a button, by the keyboard."""

        def there() -> QPushButton | None:
            return next((b for b in self.buttons() if b.text() == words), None)

        self.qtbot.waitUntil(lambda: there() is not None, timeout=LONG)
        one = there()
        assert one is not None
        assert one.accessibleName()
        one.setFocus()
        QTest.keyClick(one, Qt.Key.Key_Space)

    def picture(self, name: str) -> None:
        """Keep a picture, to be looked at."""
        _PICTURES.mkdir(parents=True, exist_ok=True)
        theme = self.ctx.theme.name
        self.page.grab().save(str(_PICTURES / f"{name}-{theme}.png"))


@pytest.fixture
def catalog(aio: Any, tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog(tmp_path / "catalog.db")
    aio.run(made.open())
    yield made
    aio.run(made.close())


@pytest.fixture
def stage(
    qtbot: QtBot, feeds: Any, ctx: ViewContext, catalog: Catalog, at_rest: Any
) -> Iterator[_Stage]:
    with local_forge() as forge:
        feeds.plugins.plugins = [_BET, _OLD, _WIKI, _BARE]
        feeds.readmes = PluginReadmes(
            catalog.readmes, forges=(forge.forge,), now=lambda: 1_795_300_000.0
        )
        made = _Stage(qtbot, ctx, forge)
        made.page.load()
        yield made
        made.page.shutdown()
        at_rest()


def test_a_readme_is_read_when_asked_for_and_then_at_hand(
    stage: _Stage, qtbot: QtBot, ctx: ViewContext, feeds: Any
) -> None:
    stage.forge.put(f"{_FOLDER}/README.md", _MARKED)
    stage.choose("pl-bet", "at github.com/FNNDSC/pl-bet")
    stage.offers("Read README", "Open in browser")
    assert stage.forge.asked == []
    stage.picture("readme-offered")

    stage.press("Read README")
    stage.wait("README.md · read 2026-11-")
    text = stage.readme.marked.toPlainText()
    assert text.startswith("pl-bet\nFinds the brain in an image")
    assert "<script>alert(1)</script>" in text  # words, as they were typed
    assert "Picture: Result (https://pictures.example/brain.png)" in text
    assert "--fast`  quick, rough" in text
    assert "img.shields.io" not in text
    assert stage.readme.marked.hasFocus()
    stage.picture("readme-read")

    # another page, as after another start: kept, and nothing is asked
    assert stage.forge.asked == [f"{_FOLDER}/README.md"]
    feeds.plugins.others = [
        make_plugin(45, "pl-bet", "2.0", public_repo=_BET.public_repo)
    ]
    feeds.readmes = PluginReadmes(feeds.readmes._shelf, forges=(stage.forge.forge,))
    stage.page.shutdown()
    again = _Stage(qtbot, ctx, stage.forge)
    again.page.load()
    again.choose("pl-bet", "from github.com/FNNDSC/pl-bet")
    assert again.readme.marked.toPlainText() == text
    facts = again.page.facts
    qtbot.waitUntil(lambda: facts.box.count() == 2, timeout=LONG)
    facts.box.activated.emit(1)
    again.wait("pl-bet, for version 1.0.4")
    assert len(stage.forge.asked) == 1
    again.page.shutdown()


def test_an_older_readme_is_shown_as_it_was_typed(stage: _Stage) -> None:
    stage.forge.put("/FNNDSC/pl-old/HEAD/README.rst", _TYPED)
    stage.choose("pl-old", "Not read yet")
    stage.press("Read README")
    stage.wait("README.rst")
    assert stage.readme.typed.toPlainText() == _TYPED
    assert stage.readme._texts.currentWidget() is stage.readme.typed
    stage.picture("readme-typed")


def test_what_is_in_the_way_is_said(
    stage: _Stage, qtbot: QtBot, ctx: ViewContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    stage.choose("pl-bare", "gave no address")
    stage.offers()
    stage.choose("pl-wiki", "This plugin names wiki.")
    stage.press("Open in browser")
    stage.choose("pl-bet", "Not read yet")
    stage.press("Read README")
    stage.wait("There is no README.")
    stage.offers("Open in browser")
    qtbot.waitUntil(stage.buttons()[0].hasFocus, timeout=LONG)
    stage.picture("readme-none")
    stage.press("Open in browser")
    assert opened == ["http://wiki/", "https://github.com/FNNDSC/pl-bet"]

    stage.forge.put(
        "/FNNDSC/pl-old/HEAD/README.md", lambda asked: reply(asked, b"", status=503)
    )
    stage.choose("pl-old", "at github.com/FNNDSC/pl-old")
    stage.press("Read README")
    stage.wait("not given out")
    stage.offers("Try again", "Open in browser")
    asked = len(stage.forge.asked)
    settings = SettingsSheet(stage.page, ctx.theme, ctx.settings, account="")
    box = settings.findChild(QCheckBox, "settings.readmes")
    assert box is not None
    assert box.isChecked()
    box.click()
    stage.choose("pl-bet", "Settings do not let chrislib read it")
    stage.offers("Open in browser")
    stage.picture("readme-off")
    assert len(stage.forge.asked) == asked


def test_reading_is_cancelled_and_a_failure_leaves_what_was_read(
    stage: _Stage, qtbot: QtBot
) -> None:
    stage.forge.put(f"{_FOLDER}/README.md", _MARKED)
    stage.choose("pl-bet", "Not read yet")
    stage.forge.open.clear()
    stage.press("Read README")
    qtbot.waitUntil(stage.forge.met.is_set, timeout=LONG)
    stage.offers("Cancel")
    assert stage.said() == "Asking github.com"
    assert stage.readme.cancel.hasFocus()
    stage.picture("readme-asking")
    stage.press("Cancel")
    stage.offers("Read README", "Open in browser")
    stage.forge.open.set()

    stage.press("Read README")
    stage.wait("README.md · read")
    text = stage.readme.marked.toPlainText()
    stage.forge.put(f"{_FOLDER}/README.md", lambda asked: reply(asked, b"", status=503))
    stage.press("Read again")
    stage.wait("not given out just now. This is what was read before.")
    assert stage.readme.marked.toPlainText() == text
    stage.picture("readme-failed")


def test_words_are_found_wherever_they_stand(stage: _Stage, qtbot: QtBot) -> None:
    shelf = stage.page.plugins
    qtbot.waitUntil(lambda: shelf.model.total == 4, timeout=LONG)
    for words in ("PL-BET", "extraction", "segmentat", "image of head", "bet brain"):
        shelf.search.setText(words)
        names = [
            shelf.model.data(shelf.model.index(n))
            for n in range(shelf.model.rowCount())
        ]
        assert names == ["pl-bet 1.0.4"], words
        assert shelf.current == _BET
