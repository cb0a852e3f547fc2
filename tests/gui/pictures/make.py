"""Draw the shell offscreen in both themes into build/pictures, to be looked at.

.venv/bin/python tests/gui/pictures/make.py [name ...]
"""

import asyncio
import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def load(name: str, path: Path) -> Any:
    """Import a file that belongs to no package."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main(wanted: list[str]) -> None:
    """Draw every picture, or those that are wanted."""
    sys.path.insert(0, str(ROOT))
    fakes_module = load("gui_conftest", HERE.parent / "conftest.py")
    samples = load("gui_samples", HERE / "samples.py")
    import qasync
    from PySide6.QtWidgets import QApplication

    from chrislib.paths import Paths, resources
    from chrislib.views.context import ViewContext
    from chrislib.views.messages import Messages
    from chrislib.views.models.job_feed import JobFeed
    from chrislib.views.navigation import Navigator
    from chrislib.views.theme.theme import Theme

    app = QApplication([])
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    out = ROOT / "build" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    theme = Theme(resources())
    theme.apply(app)

    def context() -> tuple[Any, Any]:
        fakes = fakes_module.Fakes()
        samples.fill(fakes)
        return fakes, ViewContext(
            theme=theme,
            navigator=Navigator(),
            messages=Messages(),
            library=fakes.library,
            my_library=fakes.my_library,
            thumbnails=fakes_module.thumbnails_of(fakes, Path(tempfile.mkdtemp())),
            history=fakes.history,
            feeds=fakes.feeds,
            storage=fakes.storage,
            jobs=fakes.jobs,
            job_feed=JobFeed(fakes.jobs),
            session=fakes.session,
            settings=fakes.store,
            paths=Paths.of_user(),
            layout=fakes.store,
            dialogs=fakes.dialogs,
            now=lambda: fakes.now,
        )

    async def shoot(name: str, draw: Callable[..., Any]) -> None:
        for mode in ("dark", "light"):
            theme.choose(mode, 1.0)
            fakes, ctx = context()
            window = samples.window(ctx)
            window.show()
            await asyncio.sleep(0.3)
            draw(window, fakes, ctx)
            await asyncio.sleep(0.6)
            window.grab().save(str(out / f"{name}-{mode}.png"))
            await window.shutdown()
            window.hide()
            window.deleteLater()

    async def everything() -> None:
        for name, draw in samples.PICTURES.items():
            if not wanted or name in wanted:
                await shoot(name, draw)

    with loop:
        loop.run_until_complete(everything())


if __name__ == "__main__":
    main(sys.argv[1:])
