"""What those who draw rows of My Library ask about them."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt

from chrislib.library.mine.model import Row
from chrislib.views.models.index import Index


@dataclass(frozen=True, slots=True)
class Shows:
    """Answers about rows.

    Attributes
    ----------
    row_of : callable
        The row of an index, None while it is on its way.
    ticked : callable
        How the box of a row stands.
    hidden : callable
        Whether names are hidden.
    """

    row_of: Callable[[Index], Row | None]
    ticked: Callable[[Row], Qt.CheckState]
    hidden: Callable[[], bool]
