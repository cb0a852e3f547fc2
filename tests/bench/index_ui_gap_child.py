"""The real window, idle and then during an import: prints both 99th percentiles."""

import asyncio
import json
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from chrislib import bootstrap
from chrislib.library.indexing.indexer import Indexer
from chrislib.paths import Paths
from chrislib.views.navigation import ShowLibrary
from chrislib.views.shell.main_window import MainWindow
from tests.bench.ui_gap_child import SECONDS, Pulse


async def main(application: QApplication, corpus: Path) -> None:
    """Rest, import with progress, and print what the pulse showed."""
    services = await bootstrap.compose(Paths.of_user())
    context = bootstrap.make_context(services)
    context.theme.apply(application)
    window = MainWindow()
    window.show()
    await bootstrap.furnish(services, window, context)
    context.navigator.go(ShowLibrary("overview"))
    await asyncio.sleep(2)
    pulse = Pulse()
    await asyncio.sleep(SECONDS)
    idle = pulse.take()
    told: list[int] = []
    indexer = Indexer(services.catalog.index)
    report = await indexer.bring_in(
        corpus, progress=lambda found: told.append(found.read)
    )
    imported = pulse.take()
    found = {"idle": idle, "import": imported, "images": report.images}
    sys.stdout.write(json.dumps(found | {"told": len(told)}))
    sys.stdout.flush()
    await window.shutdown()
    await services.jobs.stop()
    await services.close()
    await services.session.close()
    await services.catalog.close()


if __name__ == "__main__":
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        loop.run_until_complete(main(app, Path(sys.argv[1])))
