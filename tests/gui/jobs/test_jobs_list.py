"""Many jobs: groups, folds, filters, staying in place, many at once."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from chrislib.jobs.history.estimate import Estimate
from chrislib.jobs.model import (
    Job,
    JobChange,
    JobKey,
    OpaqueIntent,
    Phase,
    Reach,
    ResultState,
    Retention,
)
from chrislib.jobs.outputs.offers import Offer
from chrislib.views.context import ViewContext
from chrislib.views.jobs.arrange import Arrangement, Rules, Wanted
from chrislib.views.jobs.job_rows import ACTIONS, STATE, TIME
from chrislib.views.jobs.jobs_pane import JobsPane
from chrislib.views.jobs.verbs import more_verbs_of, verbs_of
from chrislib.views.jobs.words import about, look_of, second_line
from chrislib.views.widgets.chips import Chip
from tests.gui.job_fakes import FakeBatch
from tests.gui.jobs.conftest import child, end, outcome, pull, run, titles
from tests.gui.jobs.many import many_jobs, many_outcomes

Fakes = Any


def filled(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot, count: int, *, height: int = 850
) -> JobsPane:
    jobs = list(many_jobs(count, fakes.now))
    fakes.jobs.rows = {job.key: job for job in jobs}
    fakes.jobs.inbox_rows = many_outcomes(jobs, fakes.now)
    pane = JobsPane(ctx)
    pane.resize(1064, height)
    pane.show()
    qtbot.waitUntil(lambda: pane._arranger._problems is not None, timeout=5000)
    qtbot.waitUntil(lambda: pane.model.total() == count, timeout=10_000)
    qtbot.waitUntil(lambda: pane._arranger.idle, timeout=10_000)
    return pane


def seen(pane: JobsPane) -> list[tuple[str, int]]:
    """Return the rows on screen and where they are."""
    view, found = pane.view, []
    row = view.rowAt(0)
    while 0 <= row < pane.model.rowCount():
        y = view.rowViewportPosition(row)
        if y > view.viewport().height():
            break
        found.append((pane.model.name_at(row), y))
        row += 1
    return found


def same_as_anew(pane: JobsPane) -> None:
    """Assert that what many small steps made equals an arrangement from nothing."""
    anew = Arrangement()
    jobs = pane._context.jobs.jobs()
    anew.fill(jobs, pane.model.rules)
    shown = pane.model.arranged
    heads = set(pane.model._batch_rows())
    for have, wanted in zip(shown.lists, anew.lists, strict=True):
        assert [e for e in have if e[3] not in heads] == [
            e for e in wanted if e[3] not in heads
        ]
    assert shown.records == anew.records
    assert +shown.states == +anew.states
    assert shown.shown == anew.shown
    assert shown.ready == anew.ready
    assert +shown.members == +anew.members
    assert [+k for k in shown.kinds] == [+k for k in anew.kinds]
    assert +shown.feed_nodes == +anew.feed_nodes
    assert +shown.feed_ended == +anew.feed_ended


def moved(jobs: list[Job], now: float) -> list[Job]:
    return [
        replace(job, phase=Phase.RUNNING, terminal_at=None, epoch=1)
        if job.phase.terminal
        else replace(job, phase=Phase.FAILED, terminal_at=now)
        for job in jobs
    ]


@pytest.mark.parametrize("by", ["none", "feed", "batch"])
@pytest.mark.parametrize("count", [3, 40, 300])
def test_changes_in_steps_end_where_arranging_anew_ends(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot, by: str, count: int
) -> None:
    pane = filled(ctx, fakes, qtbot, 600)
    tester = QAbstractItemModelTester(
        pane.model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    pane.head.choose_group(by)
    pane.head.wanted_changed.emit()
    qtbot.waitUntil(lambda: pane._arranger.idle, timeout=5000)
    jobs = list(fakes.jobs.rows.values())
    fakes.jobs.put(*moved(jobs[5 : 5 + count], fakes.now))
    fakes.jobs.put(run("brand-new", Phase.RUNNING, feed_id=4000))
    feed = ctx.job_feed
    qtbot.waitUntil(lambda: not feed.waiting and pane._arranger.idle, timeout=10_000)
    same_as_anew(pane)
    assert pane.model.index_of(JobKey("brand-new")).isValid()
    assert tester.model() is pane.model
    end(pane)


def test_a_fold_stays_while_jobs_come_and_go(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    pane = filled(ctx, fakes, qtbot, 300)
    pane.head.choose_group("feed")
    pane.head.wanted_changed.emit()
    qtbot.waitUntil(lambda: pane._arranger.idle, timeout=5000)
    model = pane.model
    finished = model.arranged.lists[2]
    name = next(e[1] for e in finished if e[1])
    row = next(r for r in range(model.rowCount()) if model.at(r) == (2, finished[0]))
    before = model.rowCount()
    under = model.arranged.members[2, name]
    model.toggle(row)
    assert model.rowCount() == before - under
    feed = int(name.rpartition(":")[2])
    fresh = run("fresh", Phase.FINISHED, feed_id=feed, terminal_at=fakes.now)
    model.apply((JobChange(None, fresh),))
    assert model.rowCount() == before - under
    assert model.row_of("fresh") == -1
    fakes.jobs.rows[fresh.key] = fresh
    pane.show_job("fresh")
    current = pane.view.current_job()
    assert current is not None
    assert current.key == "fresh"
    end(pane)


def test_twenty_thousand_rows_can_all_be_reached(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    pane = filled(ctx, fakes, qtbot, 20_000)
    assert pane.model.rowCount() == 20_003
    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert seen(pane)[-1][0] == pane.model.name_at(20_002)
    pane.show_job(str(list(fakes.jobs.rows)[9_000]))
    current = pane.view.current_job()
    assert current is not None
    assert current.key == list(fakes.jobs.rows)[9_000]
    assert pane.view.verticalHeader().sectionSize(5) == 48
    heads = [pane.model.row_of(f"head:{g}") for g in ("attention", "running")]
    assert {pane.view.verticalHeader().sectionSize(row) for row in heads} == {32}
    end(pane)


@pytest.mark.parametrize("count", [2, 150])
def test_what_one_looks_at_stays_where_it_is(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot, count: int
) -> None:
    pane = filled(ctx, fakes, qtbot, 2_000)
    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    index = pane.view.indexAt(pane.view.viewport().rect().center())
    pane.view.setCurrentIndex(index)
    chosen = pane.view.selected_keys()
    assert len(chosen) == 1
    # the details take room from the list
    qtbot.waitUntil(lambda: pane.view.height() < 700, timeout=2000)
    before = dict(seen(pane))
    fakes.jobs.put(
        *(run(f"new{n}", Phase.RUNNING, created_at=fakes.now) for n in range(count))
    )
    qtbot.waitUntil(lambda: pane.model.index_of(JobKey("new0")).isValid(), timeout=5000)
    assert dict(seen(pane)) == before
    assert pane.view.selected_keys() == chosen
    end(pane)


def test_words_find_title_plugin_feed_and_state(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    def found(words: str) -> list[str]:
        pane.head.filter.setText(words)
        wanted = tuple(words.casefold().split())
        qtbot.waitUntil(lambda: pane.model.rules.wanted.words == wanted, timeout=2000)
        return sorted(name for names in titles(pane).values() for name in names)

    assert found("run failed") == ["failed"]
    assert found("pl-a 1") == ["failed", "ready"]
    assert found("feed 12") == ["failed", "ready"]
    assert found("192 images") == ["moving"]
    assert found("memory") == ["failed"]


def test_states_with_counts_narrow_the_list(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    failed = child(pane, Chip, "jobs.states.failed")
    ready = child(pane, Chip, "jobs.states.ready")
    assert (failed.count, ready.count) == (1, 1)
    assert failed.accessibleName() == "Failed, 1"
    assert child(pane, Chip, "jobs.states.gone").isHidden()
    failed.click()
    assert titles(pane) == {"attention": ["failed"], "running": [], "finished": []}
    ready.click()
    assert titles(pane)["finished"] == ["ready"]
    assert (failed.count, ready.count) == (1, 1)
    assert pane.escape()
    assert titles(pane)["running"] == ["moving"]
    assert not failed.isChecked()


def test_what_many_can_do_stands_over_the_list(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, tmp_path: Any
) -> None:
    view = pane.view
    view.selectAll()
    get = child(pane, QPushButton, "jobs.many.get")
    qtbot.waitUntil(lambda: get.isVisible() and get.text() == "Get 1 …", timeout=2000)
    assert child(pane, QPushButton, "jobs.many.cancel").text() == "Cancel 1 …"
    assert child(pane, QPushButton, "jobs.many.untrack").text() == "Stop tracking 3"
    fakes.dialogs.folder = tmp_path
    get.click()
    got = ("get_several", "ready")
    qtbot.waitUntil(lambda: got in fakes.jobs.calls, timeout=2000)
    QTest.keyClick(view, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: ("cancel", "moving") in fakes.jobs.calls, timeout=2000)
    assert fakes.dialogs.asked[-1] == "Cancel 1 job?"
    QTest.keyClick(view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: ("discard", "ready") in fakes.jobs.calls, timeout=2000)
    view.clearSelection()
    qtbot.waitUntil(lambda: not get.isVisible(), timeout=2000)


def test_copy_gives_a_line_a_job(pane: JobsPane) -> None:
    pane.view.selectAll()
    pane.view.setFocus()
    QTest.keyClick(pane.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("Run failed\tfeed 12\tFailed")


def test_cancel_says_how_many_nodes_it_takes_along(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.put(run("long", Phase.RUNNING))
    qtbot.waitUntil(lambda: pane.model.index_of(JobKey("long")).isValid(), timeout=2000)
    fakes.jobs.scope = 4
    pane.show_job("long")
    QTest.keyClick(pane.view, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: ("cancel", "long") in fakes.jobs.calls, timeout=2000)
    assert fakes.dialogs.actions[-1] == "Cancel 4 nodes"


def test_estimates_name_their_uncertainty(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.durations.estimates[JobKey("long")] = Estimate(360.0, 840.0, 12)
    fakes.jobs.put(run("long", Phase.RUNNING))
    qtbot.waitUntil(lambda: pane.model.index_of(JobKey("long")).isValid(), timeout=2000)
    index = pane.model.index_of(JobKey("long"))
    assert index.siblingAtColumn(TIME).data() == "about 6–14 min"
    assert about(Estimate(20.0, 20.0, 5)) == "about 20 s"
    assert about(Estimate(40.0, 300.0, 5)) == "about 40 s–5 min"


def test_what_takes_too_long_needs_attention_and_keeps_its_phase(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    slow = run("slow", Phase.REGISTERING, changed_at=fakes.now - 30)
    fakes.jobs.put(slow)
    qtbot.waitUntil(lambda: pane.model.index_of(JobKey("slow")).isValid(), timeout=2000)
    assert "slow" in titles(pane)["running"]
    fakes.now += 1_000
    pane._arranger.look_for_stalls()
    assert "slow" in titles(pane)["attention"]
    job = fakes.jobs.rows[JobKey("slow")]
    assert look_of(job, fakes.now).text == "Registering files"
    assert second_line(job, stall=pane.model.stall(job)).endswith("usual.")


def test_states_not_looked_at_lately_lose_their_color(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    old = run("old", Phase.RUNNING, reach=Reach.STALE, checked_at=fakes.now - 600)
    look = look_of(old, fakes.now)
    assert (look.text, look.grey) == ("Was running", True)
    assert second_line(old).startswith("Last known at ")
    fakes.jobs.put(old)
    qtbot.waitUntil(lambda: pane.model.index_of(old.key).isValid(), timeout=2000)
    index = pane.model.index_of(old.key)
    assert index.siblingAtColumn(STATE).data() == "Was running"
    done = replace(old, phase=Phase.FINISHED)
    assert not look_of(done, fakes.now).grey


def test_jobs_of_a_missing_plug_in_are_shown_and_left_alone(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    kept = replace(
        run("kept", Phase.RUNNING, feed_id=None, remote_id=None),
        intent=OpaqueIntent("opal", "service", "{}", "A statistic"),
        reach=Reach.NO_BACKEND,
        token="T-17",
    )
    fakes.jobs.put(kept)
    qtbot.waitUntil(lambda: pane.model.index_of(kept.key).isValid(), timeout=2000)
    index = pane.model.index_of(kept.key)
    assert index.siblingAtColumn(ACTIONS).data() == ""
    assert "token is kept" in index.data()
    assert verbs_of(kept) == ()
    pane.show_job("kept")
    from PySide6.QtWidgets import QPlainTextEdit

    facts = child(pane, QPlainTextEdit, "jobs.detail.facts")
    assert "Its service calls it T-17" in facts.toPlainText()


def test_a_batch_has_a_row_with_pause_and_cancel_the_rest(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    key = "01970000-0000-7000-8000-0000000000b1"
    view = FakeBatch(key, "Same on many", "RUNNING", 10_000, 3217, 3000, 12, 2)
    fakes.jobs.batches.put(view)
    name = f"head:batch:{key}"
    qtbot.waitUntil(lambda: pane.model.row_of(name) >= 0, timeout=2000)
    row = pane.model.row_of(name)
    assert pane.model.at(row)[0] == 1
    words = pane.model.index(row, 0).data()
    assert words.startswith("Same on many, 3,217 of 10,000 sent · 3,000 ready · 12 f")

    def press(word: str) -> None:
        rect = pane.view.visualRect(pane.model.index(row, ACTIONS))
        for verb, box in pane.view._delegate.batch_buttons(name, rect):
            if verb.word == word:
                QTest.mouseClick(
                    pane.view.viewport(), Qt.MouseButton.LeftButton, pos=box.center()
                )
                return
        raise AssertionError(word)

    press("Pause")
    qtbot.waitUntil(lambda: ("pause", key) in fakes.jobs.calls, timeout=2000)
    press("Cancel the rest")
    qtbot.waitUntil(lambda: ("cancel-rest", key) in fakes.jobs.calls, timeout=2000)
    fakes.jobs.batches.put(replace(view, state="PAUSED"))
    qtbot.waitUntil(lambda: pane.model.batches[key].state == "PAUSED", timeout=2000)
    press("Resume")
    qtbot.waitUntil(lambda: ("resume", key) in fakes.jobs.calls, timeout=2000)
    fakes.jobs.batches.put(replace(view, state="DONE", sent=10_000))
    qtbot.waitUntil(lambda: pane.model.row_of(name) < 0, timeout=2000)


def test_untracked_jobs_are_hidden_until_they_are_asked_for(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.put(run("shadow", Phase.RUNNING, tracked=False))
    qtbot.waitUntil(lambda: pane.model.total() == 4, timeout=2000)
    assert pane.model.row_of("shadow") == -1
    pane.head._show_untracked(True)
    assert pane.model.row_of("shadow") >= 0
    job = fakes.jobs.rows[JobKey("shadow")]
    assert more_verbs_of(job)[0].name == "track"


def test_only_what_is_on_the_server_can_be_removed_from_it() -> None:
    done = run("done", Phase.FINISHED, result=ResultState.READY)
    names = [verb.name for verb in more_verbs_of(done)]
    assert names[:2] == ["later-evening", "later-tomorrow"]
    assert names[2:] == ["untrack", "compare", "purge", "provenance"]
    for other in (
        replace(done, retention=Retention.PURGED),
        replace(done, phase=Phase.RUNNING),
        replace(done, phase=Phase.GONE),
        pull("p", Phase.FINISHED),
    ):
        assert "purge" not in [verb.name for verb in more_verbs_of(other)]


def test_an_outcome_that_was_acted_on_needs_no_attention_any_more(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    assert titles(pane)["attention"] == ["failed"]
    fakes.jobs.put_inbox(outcome("f", "failed", "FAILED", acted=5.0))
    qtbot.waitUntil(lambda: titles(pane)["attention"] == [], timeout=2000)
    assert "failed" in titles(pane)["finished"]


def test_rules_leave_out_what_was_withdrawn() -> None:
    withdrawn = run("w", Phase.DRAFT, result=ResultState.DISCARDED)
    rules = Rules(Wanted(), set(), lambda _job: "")
    assert rules.record(withdrawn).group == -1
    assert rules.record(run("d", Phase.DRAFT)).group == 1


def test_keys_move_and_fold_without_the_mouse(pane: JobsPane) -> None:
    view, model = pane.view, pane.model
    view.setFocus()
    view.selectionModel().setCurrentIndex(
        model.index(0, 0), QItemSelectionModel.SelectionFlag.NoUpdate
    )
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert not model.is_open(0)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert model.is_open(0)
    QTest.keyClick(view, Qt.Key.Key_Down)
    current = view.current_job()
    assert current is not None
    assert current.key == "failed"
    assert view.selected_keys() == ["failed"]


def test_jobs_that_are_no_more_leave_the_list(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.forget(JobKey("ready"), JobKey("failed"))
    qtbot.waitUntil(lambda: pane.model.total() == 1, timeout=2000)
    assert titles(pane) == {"attention": [], "running": ["moving"], "finished": []}
    same_as_anew(pane)


def test_what_is_left_of_a_failed_run_can_be_got_knowing_it(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, tmp_path: Any
) -> None:
    failed = fakes.jobs.rows[JobKey("failed")]
    assert "Get partial output …" in [verb.word for verb in more_verbs_of(failed)]
    fakes.jobs.results.offered = Offer(True, "Partial output", "It stopped midway.")
    fakes.dialogs.folder = tmp_path
    fakes.dialogs.answer = False
    pane._do("get", failed)
    title = "Get what there is of Run failed?"
    qtbot.waitUntil(lambda: title in fakes.dialogs.asked, timeout=2000)
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=2000)
    assert not any(call[0] == "get" for call in fakes.jobs.calls)
    fakes.dialogs.answer = True
    pane._do("get", failed)
    got = ("get", "failed", str(tmp_path))
    qtbot.waitUntil(lambda: got in fakes.jobs.calls, timeout=2000)


def test_new_trouble_is_announced_where_the_list_is_not_at_its_top(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    pane = filled(ctx, fakes, qtbot, 400)
    new = child(pane, QPushButton, "jobs.new")
    live = [job for job in fakes.jobs.rows.values() if not job.phase.terminal][:2]
    pane.view.verticalScrollBar().setValue(3_000)
    fakes.jobs.put(*moved(live, fakes.now))
    qtbot.waitUntil(new.isVisible, timeout=5000)
    assert new.text() == "2 need attention, show"
    new.click()
    assert pane.view.verticalScrollBar().value() == 0
    assert new.isHidden()
    end(pane)
