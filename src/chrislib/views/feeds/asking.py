"""Questions to the server, each of which is asked once at a time."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from chrislib.views.tasks import PaneTasks

_T = TypeVar("_T")


class Asker:
    """Asks by name; the same question is not asked again while it is open."""

    def __init__(self, tasks: PaneTasks) -> None:
        self._tasks = tasks
        self._open: set[str] = set()

    def is_asking(self, name: str) -> bool:
        """Whether a question has no answer yet."""
        return name in self._open

    def once(
        self,
        name: str,
        ask: Callable[[], Coroutine[Any, Any, _T]],
        done: Callable[[_T], None],
        *,
        failed: Callable[[BaseException], None],
    ) -> None:
        """Ask, unless the same is being asked already (network)."""
        if name in self._open:
            return
        self._open.add(name)

        def finish(result: _T) -> None:
            self._open.discard(name)
            done(result)

        def fail(error: BaseException) -> None:
            self._open.discard(name)
            failed(error)

        self._tasks.start(ask(), name=name, done=finish, failed=fail)

    def forget(self) -> None:
        """Cancel what is open and drop its answers."""
        self._tasks.cancel_all()
        self._open.clear()
