"""A plugin's README: what is kept here, and a button that asks for it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.catalog.readmes import ReadmeRow
from chrislib.cube.types import Plugin
from chrislib.errors import ChrislibError
from chrislib.feeds.markdown import LIMIT, Block, blocks
from chrislib.feeds.markdown import address as fit
from chrislib.feeds.readme_text import readable
from chrislib.feeds.readmes import is_markdown
from chrislib.feeds.text import plain
from chrislib.views.context import ViewContext
from chrislib.views.feeds.inspector_values import set_text, text_box
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.markdown_view import MarkdownView
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line, plain_tooltip

SETTING = "plugin_readmes"
_BAR = 240
_GOES_ON = "The text goes on. A browser shows all of it."
_Actions = list[tuple[str, Callable[[], object]]]
_Made = tuple[ReadmeRow, str, list[Block]]
"""A README, its text as it is shown, and what Markdown makes of it."""


class PluginReadme(QWidget):
    """Shows a README that is kept; asks the internet only when a button is pressed."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._tasks = context.tasks("readme")
        self._plugin: Plugin | None = None
        self._shown: ReadmeRow | None = None
        self.setObjectName("plugin.readme")
        self._state = StateView(theme, "file-text", "", primary=False)
        self._reading = Label(
            theme, token="text.secondary", wrap=True, name="plugin.readme.reading"
        )
        self._reading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Reading README")
        self._bar.setFixedWidth(_BAR)
        self.cancel = button(theme, "Cancel", name="plugin.readme.cancel")
        self.facts = Label(
            theme,
            style="caption",
            token="text.secondary",
            wrap=True,
            name="plugin.readme.facts",
        )
        self._trouble = Label(
            theme,
            style="small",
            token="state.failed",
            wrap=True,
            name="plugin.readme.trouble",
        )
        self.again = button(
            theme,
            "Read again",
            kind="quiet",
            icon="rotate-cw",
            name="plugin.readme.again",
            small=True,
        )
        self._out = button(
            theme,
            "Open in browser",
            kind="quiet",
            icon="link",
            name="plugin.readme.browser",
            small=True,
        )
        self.marked = MarkdownView(
            theme, name="plugin.readme.text", label="README", goes_on=_GOES_ON
        )
        self.typed = text_box(theme, "plugin.readme.plain", "README", lines=0)
        self._texts = QStackedWidget()
        self._stack = QStackedWidget()
        self._build()
        self.cancel.clicked.connect(self._cancel)
        self.again.clicked.connect(self._read)
        self._out.clicked.connect(self._browse)

    def show_plugin(self, plugin: Plugin | None) -> None:
        """Show what is kept of a plugin's README (behind); nothing is asked."""
        if plugin == self._plugin:
            return
        self._tasks.cancel_all()
        self._plugin = plugin
        self._shown = None
        self._trouble.hide()
        self._state.show_state("file-text", "")
        self._show(self._state)
        if plugin is not None:
            self._look(plugin)

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    # -- inside ----------------------------------------------------------------

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        buttons.addWidget(self.again)
        buttons.addWidget(self._out)
        buttons.addStretch(1)
        self._texts.addWidget(self.marked)
        self._texts.addWidget(self.typed)
        self._text = QWidget()
        column = QVBoxLayout(self._text)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.facts)
        column.addLayout(buttons)
        column.addWidget(self._trouble)
        column.addWidget(line())
        column.addWidget(self._texts, 1)
        self._work = QWidget()
        column = QVBoxLayout(self._work)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addStretch(2)
        column.addWidget(self._reading)
        column.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        for page in (self._state, self._work, self._text):
            self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    def _look(self, plugin: Plugin) -> None:
        """Show what is kept (disk)."""
        self._tasks.start(
            self._kept(plugin),
            name="kept readme",
            done=lambda found: self._fill(*found) if found else self._offer(),
            # a catalog that cannot be read now keeps nobody from reading
            failed=lambda _error: self._offer(),
        )

    async def _kept(self, plugin: Plugin) -> _Made | None:
        found = await self._context.feeds.readmes.kept(plugin)
        return None if found is None else await self._made(plugin, found)

    async def _made(self, plugin: Plugin, readme: ReadmeRow) -> _Made:
        """Return a README with its text as it is shown (a thread)."""
        if is_markdown(readme):
            source = self._context.feeds.readmes.source(plugin)

            def work() -> tuple[str, list[Block]]:
                text = readable(readme.text, source)
                return text, blocks(text)

            return readme, *await asyncio.to_thread(work)
        text = plain(readme.text[:LIMIT])
        if len(readme.text) > LIMIT:
            text += f"\n\n{_GOES_ON}"
        return readme, text, []

    def _fill(self, readme: ReadmeRow, text: str, made: Sequence[Block]) -> None:
        plugin = self._plugin
        if plugin is None:
            return
        self._shown = readme
        day = datetime.fromtimestamp(readme.read_at).astimezone()
        words = f"{readme.file} · read {day:%Y-%m-%d} from {_soft(readme.place)}"
        if readme.version != plugin.version:
            words += f", for version {readme.version}"
        self.facts.setText(words)
        self.again.setVisible(self._allowed)
        if not text.strip():
            text, made = "The README is empty.", blocks("The README is empty.")
        if is_markdown(readme):
            self.marked.show_text(text, made)
            self._texts.setCurrentWidget(self.marked)
        else:
            set_text(self.typed, text)
            self._texts.setCurrentWidget(self.typed)
        self._show(self._text)

    @property
    def _allowed(self) -> bool:
        return self._context.settings.get(SETTING) is not False

    def _offer(self) -> None:
        """Say where it would be read, and offer to."""
        plugin = self._plugin
        if plugin is None:
            return
        source = self._context.feeds.readmes.source(plugin)
        page = self._page()
        out: _Actions = [("Open in browser", self._browse)] if page else []
        if source is not None and self._allowed:
            self._state.show_state(
                "file-text",
                "Not read yet",
                f"The README is at {_soft(source.place)}. It is read when you press "
                "the button, and then kept on this computer. Nothing but this address "
                "is sent.",
                [("Read README", self._read), *out],
            )
        elif source is not None:
            self._state.show_state(
                "file-text",
                "Not read yet",
                f"The README is at {_soft(source.place)}. Settings do not let chrislib "
                "read it from the internet.",
                out,
            )
        elif page:
            self._state.show_state(
                "file-text",
                "Not on a known site",
                "READMEs are read from github.com and gitlab.com only. This plugin "
                f"names {(urlsplit(page).hostname or '')[:100]}.",
                out,
            )
        else:
            self._state.show_state(
                "file-text",
                "No README",
                "Whoever registered this plugin gave no address of its source code.",
            )
        self._show(self._state)

    def _read(self) -> None:
        """Ask for it (network)."""
        plugin = self._plugin
        source = self._context.feeds.readmes.source(plugin) if plugin else None
        if plugin is None or source is None:
            return
        self._trouble.hide()
        self._reading.setText(f"Asking {source.forge.host}")
        self._bar.setRange(0, 0)
        self._show(self._work)
        self._tasks.start(
            self._ask(plugin),
            name="read readme",
            done=lambda found: self._fill(*found),
            failed=self._fail,
        )

    async def _ask(self, plugin: Plugin) -> _Made:
        found = await self._context.feeds.readmes.read(plugin, self._told)
        return await self._made(plugin, found)

    def _told(self, here: int, total: int | None) -> None:
        words = f"Reading README: {_size(here)}"
        if total:
            words += f" of {_size(total)}"
            self._bar.setRange(0, total)
            self._bar.setValue(here)
        self._reading.setText(words)

    def _cancel(self) -> None:
        self._tasks.cancel_all()
        self._back()

    def _back(self) -> None:
        """Return to what was there before it was asked for."""
        if self._shown is not None:
            self._show(self._text)
        else:
            self._offer()

    def _fail(self, error: BaseException) -> None:
        if self._shown is not None:
            title = error.title if isinstance(error, ChrislibError) else "It failed."
            self._trouble.setText(f"{title} This is what was read before.")
            self._trouble.setToolTip(plain_tooltip(str(error)[:400]))
            self._trouble.show()
            self._back()
            return
        self._state.show_error(error, self._read)
        if isinstance(error, ChrislibError):
            actions: _Actions = [("Open in browser", self._browse)]
            if error.retryable:
                actions.insert(0, ("Try again", self._read))
            words = " ".join(part for part in (error.detail, error.hint) if part)
            self._state.show_state("triangle-alert", error.title, words, actions)
        self._show(self._state)

    def _page(self) -> str:
        """Return the address a browser is given, "" for none."""
        plugin = self._plugin
        if plugin is None:
            return ""
        source = self._context.feeds.readmes.source(plugin)
        if source is not None:
            return source.page
        return web_address(plugin.public_repo) or web_address(plugin.documentation)

    def _browse(self) -> None:
        open_page(self._context, self._page())

    def _show(self, page: QWidget) -> None:
        """Show a page; the focus stays here if it was."""
        held = QApplication.focusWidget()
        inside = held is not None and self._stack.isAncestorOf(held)
        self._stack.setCurrentWidget(page)
        if not inside:
            return
        if page is self._text:
            goes = self._texts.currentWidget()
        elif page is self._work:
            goes = self.cancel
        else:
            # those of before may still be there, until the next turn
            made = self._state.findChildren(QPushButton, "state.action.1")
            goes = made[-1] if made else None
        if goes is not None:
            goes.setFocus(Qt.FocusReason.OtherFocusReason)


def web_address(address: str) -> str:
    """Return an address a browser may be given, "" for anything else."""
    found = fit(address.strip())
    return found if found.startswith(("https://", "http://")) else ""


def open_page(context: ViewContext, address: str) -> None:
    """Show a page in the browser that is set."""
    if address and not QDesktopServices.openUrl(QUrl(address)):
        context.messages.info(
            "No browser opened.", hint="Copy the address from the tooltip."
        )


def _soft(place: str) -> str:
    """Return an address that may break after each slash."""
    return place.replace("/", "/\u200b")


def _size(count: int) -> str:
    return f"{max(1, round(count / 1000)):,} KB"
