"""The Jobs pane over a real catalog of 20,000 jobs: a picture, and how long it took.

.venv/bin/python tests/gui/pictures/jobs_20000.py [--keep]

Writes build/pictures/jobs-20000-{dark,light}.png and jobs-20000.json; with ``--keep``
the dark one also as docs/pictures/jobs-20000.png.
"""

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
COUNT = 20_000
PAGE = 500


async def fill(paths: Any, now: float) -> None:
    """Write the jobs into a catalog (disk)."""
    from chrislib.catalog.catalog import Catalog
    from chrislib.catalog.estimates import DurationRow
    from chrislib.catalog.job_pages import JobWrite
    from chrislib.catalog.rows import EventRow, InboxRowText
    from chrislib.jobs import codec
    from chrislib.jobs.history.estimate import REGISTERING, RUNNING, SIZE
    from chrislib.jobs.steps import Tracked
    from tests.gui.jobs.many import PLUGINS, many_jobs, many_outcomes

    catalog = Catalog(paths.catalog)
    await catalog.open()
    account = await catalog.jobs.account(
        "https://chris.example.org/api/v1/", "alex", server_uuid="u"
    )
    jobs = list(many_jobs(COUNT, now))
    open_ = {row.job_key: row for row in many_outcomes(jobs, now, hours=3)}
    writes = []
    for job in jobs:
        held = replace(job, seq=1, account_id=account.account_id, backend="cube")
        row = codec.to_row(Tracked(held, server_uuid="u"))
        event = EventRow(
            job_key=job.key,
            seq=1,
            kind="created",
            from_phase=None,
            to_phase=job.phase.value,
            source="user",
            at=job.created_at,
        )
        found = open_.get(job.key)
        inbox: tuple[InboxRowText, ...] = ()
        if found is not None:
            inbox = (
                InboxRowText(
                    dedupe_key=found.dedupe_key,
                    account_id=account.account_id,
                    kind=found.kind,
                    created_at=found.created_at,
                    job_key=found.job_key,
                    feed_id=found.feed_id,
                    instance_id=found.instance_id,
                    title=found.title,
                    body=found.text,
                    toast="SUPPRESSED",
                ),
            )
        writes.append(JobWrite(row, None, (event,), inbox))
    for first in range(0, len(writes), PAGE):
        await catalog.jobs.commit(writes[first : first + PAGE])
    dice = random.Random(2)
    for plugin, version, usual in PLUGINS:
        for stage, middle in ((RUNNING, usual), (REGISTERING, usual * 0.1)):
            rows = [
                DurationRow(
                    plugin, version, "gpu", stage, middle * dice.uniform(0.7, 1.8), now
                )
                for _ in range(60)
            ]
            await catalog.durations.add(rows, keep=SIZE)
    await catalog.close()


async def until(ready: Callable[[], bool]) -> None:
    """Return once `ready` is true, a minute at most."""
    deadline = time.monotonic() + 60
    for _ in iter(ready, True):
        await asyncio.sleep(0.005)
        if time.monotonic() > deadline:
            raise TimeoutError


async def draw(app: Any, folder: Path, *, keep: bool) -> dict[str, float]:
    """Open the program's window on that catalog and draw it."""
    from PySide6.QtCore import QTimer

    from chrislib import bootstrap
    from chrislib.paths import Paths
    from chrislib.views.jobs.jobs_pane import JobsPane
    from chrislib.views.navigation import ShowJobs
    from chrislib.views.shell.main_window import MainWindow

    paths = Paths(
        state=folder / "state",
        cache=folder / "cache",
        config=folder / "config",
        station=folder / "station",
        plugin_envs=folder / "envs",
        downloads=folder / "downloads",
    )
    now = time.time()
    paths.state.mkdir(parents=True)
    await fill(paths, now)
    services = await bootstrap.compose(paths)
    context = bootstrap.make_context(services)
    context.theme.apply(app)
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    await bootstrap.furnish(services, window, context)
    took: dict[str, float] = {}
    began = time.perf_counter()
    await services.jobs.start()
    took["load_ms"] = (time.perf_counter() - began) * 1000
    # the time this thread computes: other programs of the machine do not count
    gaps, last = [0.0], [time.thread_time()]

    def beat() -> None:
        at = time.thread_time()
        gaps.append((at - last[0]) * 1000)
        last[0] = at

    timer = QTimer()
    timer.setInterval(0)
    timer.timeout.connect(beat)
    await asyncio.sleep(1)
    last[0] = time.thread_time()
    timer.start()
    began = time.perf_counter()
    window.shell.go(ShowJobs())
    pane = window.findChild(JobsPane)
    assert isinstance(pane, JobsPane)
    await until(lambda: pane.model.total() == COUNT and pane._arranger.idle)
    took["all_rows_ms"] = (time.perf_counter() - began) * 1000
    took["opening_longest_frame_ms"] = max(gaps)
    gaps.clear()
    bar = pane.view.verticalScrollBar()
    for step in range(120):
        bar.setValue(bar.maximum() * step // 120)
        await asyncio.sleep(0.01)
    took["scrolling_longest_frame_ms"] = max(gaps)
    gaps.clear()
    began = time.perf_counter()
    pane.head.filter.setText("fastsurfer failed")
    await until(lambda: pane.model.rules.wanted.words == ("fastsurfer", "failed"))
    took["filter_ms"] = (time.perf_counter() - began) * 1000
    took["filter_longest_frame_ms"] = max(gaps)
    pane._clear_filter()
    await until(lambda: pane._arranger.idle and not pane.model.rules.wanted.words)
    timer.stop()
    bar.setValue(0)
    await asyncio.sleep(0.5)
    out = ROOT / "build" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    for mode in ("light", "dark"):
        context.theme.choose(mode, 1.0)
        await asyncio.sleep(0.5)
        picture = window.grab()
        picture.save(str(out / f"jobs-20000-{mode}.png"))
    if keep:
        kept = ROOT / "docs" / "pictures" / "jobs-20000.png"
        picture.save(str(kept))
        shrink(kept)
    await window.shutdown()
    await services.jobs.stop()
    await services.close()
    await services.catalog.close()
    window.hide()
    return took


def shrink(path: Path) -> None:
    """Take the colors nobody sees out of a picture, where ImageMagick is at hand."""
    tool = shutil.which("convert")
    if tool is not None:
        options = ["+dither", "-colors", "96", "-strip"]
        subprocess.run([tool, str(path), *options, str(path)], check=True)


def main() -> None:
    """Draw it and say how long it took."""
    import qasync
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with tempfile.TemporaryDirectory() as folder, loop:
        took = loop.run_until_complete(
            draw(app, Path(folder), keep="--keep" in sys.argv)
        )
    rounded = {name: round(value, 1) for name, value in took.items()}
    text = json.dumps(rounded, indent=2)
    (ROOT / "build" / "pictures" / "jobs-20000.json").write_text(text + "\n")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
