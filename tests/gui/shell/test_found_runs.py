"""Runs started elsewhere: asked about once, and only who wants to be asked."""

from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from chrislib.jobs.submission.preferences import Adopt
from chrislib.views.context import ViewContext
from chrislib.views.messages import Message
from chrislib.views.shell.found_runs import FoundRuns

Fakes = Any


@pytest.mark.parametrize("policy", list(Adopt))
def test_only_who_wants_to_be_asked_is_asked(
    ctx: ViewContext, fakes: Fakes, aio: Any, policy: Adopt
) -> None:
    said: list[Message] = []
    ctx.messages.posted.connect(said.append)
    fakes.jobs.preferences.policy = policy
    fakes.jobs.adoption.proposed = (SimpleNamespace(key="a"),)
    asking = FoundRuns(ctx)
    fakes.jobs.adoption.listeners[-1](1)
    assert len(said) == int(policy is Adopt.ASK)
    aio.run(asking.shutdown())
    assert fakes.jobs.adoption.listeners == []


def test_each_run_is_asked_about_once_and_tracked_at_a_press(
    ctx: ViewContext, fakes: Fakes, aio: Any, qtbot: QtBot
) -> None:
    said: list[Message] = []
    ctx.messages.posted.connect(said.append)
    fakes.jobs.preferences.policy = Adopt.ASK
    fakes.jobs.adoption.proposed = (SimpleNamespace(key="a"), SimpleNamespace(key="b"))
    asking = FoundRuns(ctx)
    tell = fakes.jobs.adoption.listeners[-1]
    tell(1)
    tell(1)
    fakes.jobs.adoption.proposed += (SimpleNamespace(key="c"),)
    tell(1)
    assert [message.title for message in said] == [
        "2 of your runs were started elsewhere.",
        "A run of yours was started elsewhere.",
    ]
    label, press = said[0].action or ("", lambda: None)
    assert label == "Track"
    press()
    qtbot.waitUntil(lambda: ("follow", "a", "b") in fakes.jobs.calls)
    aio.run(asking.shutdown())
