"""Job changes reach the window in batches, at most four a second."""

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from chrislib.jobs.model import Job, JobChange, JobKey, Kind, Phase, PullIntent
from chrislib.views.models.job_feed import JobFeed

INTENT = PullIntent("P", "1", "2", 192, "t", "i")


class FakeTime:
    """A clock and a timer that belong together; nothing waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: float | None = None

    def clock(self) -> float:
        return self.now


class FakeTimer:
    """Stands for the feed's timer on the fake clock."""

    def __init__(self, time: FakeTime) -> None:
        self._time = time

    def isActive(self) -> bool:
        return self._time.due is not None

    def start(self, milliseconds: int) -> None:
        self._time.due = self._time.now + milliseconds / 1000

    def stop(self) -> None:
        self._time.due = None


def change(key: str, before: Phase, after: Phase) -> JobChange:
    def job(phase: Phase) -> Job:
        return Job(JobKey(key), Kind.PULL, phase, INTENT, key)

    return JobChange(job(before), job(after))


def test_twenty_seconds_of_changes_make_at_most_four_batches_a_second(
    qtbot: QtBot, qapp: object
) -> None:
    time = FakeTime()
    feed = JobFeed(clock=time.clock)
    feed._timer = FakeTimer(time)  # type: ignore[assignment]
    batches: list[tuple[float, int]] = []
    feed.changed.connect(lambda batch: batches.append((time.now, len(batch))))
    sent = 0
    for step in range(20_000):
        time.now = step / 1000
        if step % 5 == 0:
            name = str(step % 7)
            feed.push((change(name, Phase.RUNNING, Phase.RUNNING),))
            sent += 1
        if time.due is not None and time.now >= time.due:
            time.due = None
            feed._deliver()
    assert sent == 4000
    assert 70 <= len(batches) <= 81
    for begin in range(20):
        second = [at for at, _ in batches if begin <= at < begin + 1]
        assert len(second) <= 4
    assert max(count for _, count in batches) == 7


def test_changes_of_one_job_become_one(qtbot: QtBot, qapp: object) -> None:
    feed = JobFeed()
    with qtbot.waitSignal(feed.changed, timeout=2000) as got:
        feed.push((change("a", Phase.QUEUED, Phase.RUNNING),))
        feed.push((change("a", Phase.RUNNING, Phase.REGISTERING),))
    assert got.args is not None
    (only,) = got.args[0]
    assert only.before.phase is Phase.QUEUED
    assert only.after.phase is Phase.REGISTERING


def test_a_closed_feed_says_nothing_more(qtbot: QtBot, qapp: object) -> None:
    feed = JobFeed()
    heard: list[object] = []
    feed.changed.connect(heard.append)
    feed.push((change("a", Phase.QUEUED, Phase.RUNNING),))
    feed.close()
    waited: list[int] = []
    QTimer.singleShot(50, lambda: waited.append(1))
    qtbot.waitUntil(lambda: bool(waited), timeout=2000)
    assert heard == []
