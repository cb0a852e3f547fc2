"""Links from outside the window: followed, or named and refused."""

from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from chrislib.accounts.session import ConnectionState
from chrislib.views.messages import Message
from chrislib.views.navigation import Place, ShowFeed
from chrislib.views.shell.link_opener import LinkOpener

Fakes = Any


class _Client:
    """What an opener asks of a connection."""

    def __init__(self) -> None:
        self.server = SimpleNamespace(uuid="uuid-1")
        self.instances = self
        self.asked: list[int] = []

    async def get(self, instance_id: int) -> Any:
        """Return a node."""
        self.asked.append(instance_id)
        return SimpleNamespace(feed_id=12)


@pytest.fixture
def opened(ctx: Any, fakes: Fakes, aio: Any) -> Any:
    """Return an opener with what it showed and said."""
    went: list[Place] = []
    said: list[Message] = []
    ctx.messages.posted.connect(said.append)
    fakes.session.client = _Client()
    opener = LinkOpener(ctx, went.append)
    yield SimpleNamespace(open=opener.open, went=went, said=said)
    aio.run(opener.shutdown())


def test_a_link_of_the_present_server_is_followed(opened: Any, qtbot: QtBot) -> None:
    opened.open("chris://chris.example.org/feed/12/node/34?server=uuid-1")
    qtbot.waitUntil(lambda: opened.went == [ShowFeed(12, 34)])
    assert opened.said == []


def test_the_address_of_a_run_leads_to_its_node(opened: Any, qtbot: QtBot) -> None:
    opened.open("https://chris.example.org/api/v1/plugins/instances/34/")
    qtbot.waitUntil(lambda: opened.went == [ShowFeed(12, 34)])


def test_a_link_waits_for_the_connection(
    opened: Any, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.session.become(ConnectionState.CONNECTING)
    opened.open("chris://chris.example.org/feed/12")
    qtbot.wait(50)
    assert opened.went == []
    fakes.session.become(ConnectionState.CONNECTED)
    qtbot.waitUntil(lambda: opened.went == [ShowFeed(12)])


def test_a_link_of_another_server_is_named(
    opened: Any, fakes: Fakes, qtbot: QtBot
) -> None:
    opened.open("https://evil.example/api/v1/plugins/instances/34/")
    qtbot.waitUntil(lambda: len(opened.said) == 1)
    assert "evil.example" in opened.said[0].title
    assert opened.said[0].action is None
    assert opened.went == []
    assert fakes.session.client.asked == []


def test_a_web_page_is_opened_here_when_the_user_says_so(
    opened: Any, qtbot: QtBot
) -> None:
    opened.open("https://app.example.org/feeds/12?type=private")
    qtbot.waitUntil(lambda: len(opened.said) == 1)
    label, act = opened.said[0].action
    assert label == "Open it here"
    act()
    qtbot.waitUntil(lambda: opened.went == [ShowFeed(12)])


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "chris:feed/²", "chris://a@b/feed/1", "x" * 5000]
)
def test_what_is_no_link_is_refused_in_words(opened: Any, text: str) -> None:
    opened.open(text)
    assert len(opened.said) == 1
    assert "no link" in opened.said[0].title
    assert opened.went == []
