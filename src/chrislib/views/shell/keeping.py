"""What the window looked like when it was left: its size, its panels."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

from chrislib.views.ports import LayoutStore

if TYPE_CHECKING:
    from chrislib.views.shell.pages import Pages

SIDES = ("left", "right", "tray")
"""The panels that fold, of every page that has them."""


def restore_window(window: QWidget, layout: LayoutStore) -> None:
    """Give the window the place and size it had."""
    geometry = layout.get("shell.geometry")
    if isinstance(geometry, str):
        window.restoreGeometry(QByteArray.fromBase64(geometry.encode("ascii")))


def restore_page(page: QWidget, layout: LayoutStore, *, module: str) -> None:
    """Give a page of a module the panels it had."""
    splitter = getattr(page, "splitter", None)
    if splitter is not None:
        sizes = layout.get(f"shell.sizes.{module}")
        if isinstance(sizes, list) and all(isinstance(s, int) for s in sizes):
            splitter.setSizes(sizes)
    for side in SIDES:
        if layout.get(f"shell.folded.{module}.{side}") and hasattr(page, "fold"):
            page.fold(side, True)


def keep(
    window: QWidget, pages: "Pages", *, layout: LayoutStore, folded_by_size: bool
) -> None:
    """Remember window and panels (disk, in a thread of the store).

    Parameters
    ----------
    folded_by_size : bool
        The right panel is folded for want of room: the person did not ask for it.
    """
    geometry = bytes(window.saveGeometry().toBase64().data()).decode("ascii")
    layout.put("shell.geometry", geometry)
    for module in ("library", "jobs"):
        page = pages.findChild(QWidget, f"{module}.page")
        if page is None:
            continue
        splitter = getattr(page, "splitter", None)
        if splitter is not None and all(splitter.sizes()):
            layout.put(f"shell.sizes.{module}", splitter.sizes())
        for side in SIDES:
            if side == "right" and folded_by_size:
                continue
            folded = bool(getattr(page, "folded")(side))  # noqa: B009
            layout.put(f"shell.folded.{module}.{side}", folded)
