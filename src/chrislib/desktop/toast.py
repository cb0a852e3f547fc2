"""A desktop notification as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToastAction:
    """A button of a toast, for desktops that have buttons.

    Attributes
    ----------
    name : str
        "get", "later" or "open".
    target : str
        Deep link it opens, see `Toast.target`.
    """

    name: str
    label: str
    target: str


@dataclass(frozen=True, slots=True)
class Toast:
    """One notification. By default no patient's data, no feed's title is in it.

    Attributes
    ----------
    id : str
        Tells toasts apart; the inbox rows it tells of are kept under it.
    title, text : str
        What is shown.
    target : str
        Deep link a click opens: ``feed/12/node/34``, ``feed/12``, ``inbox``,
        ``inbox/toast/<id>``, ``inbox/batch/<key>``, ``inbox/item/<key>``, ``jobs``,
        ``jobs/<key>`` or ``library``; buttons also ``get/<key>``, ``later/<key>``.
    problem : bool
        Whether it tells of anything but success.
    group : str
        A newer toast of the same group takes the place of an older one; "" for none.
    actions : tuple of ToastAction
    keys : tuple of str
        The inbox rows it tells of.
    """

    id: str
    title: str
    text: str
    target: str
    problem: bool = False
    group: str = ""
    actions: tuple[ToastAction, ...] = ()
    keys: tuple[str, ...] = ()
