"""A desktop notification as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Toast:
    """One notification. It never holds a patient's data or a feed's title.

    Attributes
    ----------
    id : str
        Tells toasts of one process apart.
    title, text : str
        What is shown.
    target : str
        Deep link a click opens: ``feed/12/node/34``, ``feed/12``, ``inbox``,
        ``jobs`` or ``library``.
    problem : bool
        Whether it tells of anything but success.
    """

    id: str
    title: str
    text: str
    target: str
    problem: bool = False
