"""What a place of My Library holds beside its rows: counts, choices, keywords."""

from PySide6.QtCore import QObject, QTimer, Signal

from chrislib.library.mine.model import Facets, Filters, Level
from chrislib.views.context import ViewContext

_WAIT_MS = 250


class Surroundings(QObject):
    """Asks for counts, and for what the menus of the filter offer.

    Signals
    -------
    counted : Counts
    chosen : (Facets, list of str)
        The values that occur, and every keyword.
    """

    counted = Signal(object)
    chosen = Signal(object, object)

    def __init__(self, ctx: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self._mine = ctx.my_library
        self._counting = ctx.tasks("my library counts")
        self._looking = ctx.tasks("my library choices")
        self._filters = Filters()
        self._level = Level.ALL
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT_MS)
        self._wait.timeout.connect(self._look)

    def count(self) -> None:
        """Ask how much there is (disk)."""
        self._counting.cancel_all()
        self._counting.start(self._mine.counts(), name="counts", done=self.counted.emit)

    def look(self, filters: Filters, level: Level) -> None:
        """Ask soon which values occur among what filters let pass (disk)."""
        self._filters, self._level = filters, level
        self._wait.start()

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._wait.stop()
        self._counting.cancel_all()
        self._looking.cancel_all()

    def _look(self) -> None:
        async def ask() -> tuple[Facets, list[str]]:
            facets = await self._mine.facets(self._filters, self._level)
            return facets, [text for text, _ in await self._mine.keywords()]

        self._looking.cancel_all()
        self._looking.start(
            ask(), name="choices", done=lambda found: self.chosen.emit(*found)
        )
