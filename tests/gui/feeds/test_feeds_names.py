"""Names of servers on screen: markup stays text, nothing turns a line round."""

from typing import Any

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from chrislib.cube.types import Pipeline, StoragePath
from chrislib.feeds.compare_files import FilePair
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_walk import Batch
from chrislib.views.context import ViewContext
from chrislib.views.feeds.compare_rows import cells
from chrislib.views.feeds.output_model import OutputModel
from chrislib.views.feeds.pipeline_list import PipelineModel
from chrislib.views.feeds.plugin_facts import PluginFacts
from chrislib.views.feeds.plugin_list import PluginModel
from chrislib.views.widgets.text import Label
from tests.gui.feeds.conftest import make_plugin

BAD = "fsl\u202egnp\x07\x1b[1m <i>.x\n"
GOOD = "fslgnp <i>.x"
_ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)


def test_outputs_are_named_plainly_and_got_by_their_own_path(qapp: Any) -> None:
    del qapp
    path = StoragePath(f"home/alex/feeds/feed_1/{BAD}")
    entry = OutputEntry(path, BAD, False, 12, 7, "file", link_target=path)
    model = OutputModel(lambda: 0.0)
    model.take(Batch("", (entry,), complete=True), model.book)
    model.flush()
    index = model.index(0, 0)
    assert model.data(index) == GOOD
    spoken = str(model.data(index, Qt.ItemDataRole.AccessibleTextRole))
    tip = str(model.data(index, Qt.ItemDataRole.ToolTipRole))
    assert spoken.startswith(f"{GOOD}, ")
    for words in (spoken, tip):
        assert not {"\u202e", "\x07", "\x1b", "\n"} & set(words)
    assert "&lt;i&gt;" in tip, "markup is text"
    found = model.entry(index)
    assert found is not None
    assert (found.relative, found.path) == (BAD, path)
    assert model.find(BAD) == index
    assert cells(FilePair(BAD, entry, None, "left"))[0] == GOOD


def test_plugins_and_pipelines_are_named_plainly(
    qtbot: QtBot, ctx: ViewContext, feeds: Any
) -> None:
    del feeds
    plugin = make_plugin(3, BAD, "1", title=BAD, category=BAD, description=BAD)
    plugins = PluginModel()
    plugins.set_plugins([plugin], (), {})
    pipelines = PipelineModel()
    pipelines.set_all([Pipeline(1, BAD, True, BAD, BAD, BAD, "alex")])
    said = [str(m.index(0).data(role)) for m in (plugins, pipelines) for role in _ROLES]
    assert said[0] == f"{GOOD} 1"
    assert said[2] == GOOD
    facts = PluginFacts(ctx)
    qtbot.addWidget(facts)
    facts.show_plugin(plugin)
    labels = [label.text() for label in facts.findChildren(Label)]
    assert labels.count(GOOD) >= 2
    for words in (*said, *labels):
        assert not {"\u202e", "\x07", "\x1b"} & set(words), repr(words)
    facts.shutdown()
