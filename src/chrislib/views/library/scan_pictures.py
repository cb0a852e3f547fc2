"""Small pictures of what was scanned, filled in one after the other."""

from pathlib import Path

from PySide6.QtGui import QImage, QPixmap

from chrislib.library.model import LocalScan
from chrislib.views.context import ViewContext
from chrislib.views.library.scan_model import ScanModel
from chrislib.views.widgets.frames import fitted

_MOST = 400
"""Series that get a picture, from the top."""
_SIDE = 80


async def fill_pictures(ctx: ViewContext, model: ScanModel, scan: LocalScan) -> None:
    """Give each series the picture of its middle file (disk, a process)."""
    for place, series in enumerate(scan.series[:_MOST]):
        middle = Path(series.files[len(series.files) // 2])
        jpeg = await ctx.library.intake.picture(middle, side=_SIDE)
        image = QImage.fromData(jpeg)
        if not image.isNull():
            square = QPixmap.fromImage(fitted(image, _SIDE))
            model.show_picture(place, square)
