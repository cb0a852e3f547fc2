"""How much anybody cares just now: what is on screen, and what power costs."""

from dataclasses import dataclass


@dataclass(slots=True)
class Attention:
    """What the window and the system say.

    Attributes
    ----------
    focused, visible : bool
        Whether the window has the focus, or can be seen at all.
    saving : bool
        The system saves power, or the network is metered.
    feed_id : int or None
        The feed on screen.
    """

    focused: bool = True
    visible: bool = True
    saving: bool = False
    feed_id: int | None = None

    def note(
        self,
        *,
        focused: bool | None = None,
        visible: bool | None = None,
        saving: bool | None = None,
    ) -> None:
        """Take what is said; None is nothing."""
        if focused is not None:
            self.focused = focused
        if visible is not None:
            self.visible = visible
        if saving is not None:
            self.saving = saving

    @property
    def hidden(self) -> bool:
        """Whether nobody can see the window."""
        return not self.visible

    def factor(self, quiet_ticks: int) -> float:
        """Return by how much longer than in front of a reader the period is.

        It grows with ticks in which nothing changed, up to four times, but not while
        somebody is at the window: who waits for an outcome gets it in 20 s.
        """
        saving = 2.0 if self.saving else 1.0
        if self.focused:
            return saving
        activity = min(4.0, 1.0 + quiet_ticks / 8)
        return (1.5 if self.visible else 2.0) * activity * saving
