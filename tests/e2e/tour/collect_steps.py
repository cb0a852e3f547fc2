"""The part of the story about many results in one table, and two feeds compared."""

import asyncio
import json
import struct
import zlib
from pathlib import Path

from chrislib.cube.client import CubeClient
from tests.e2e.tour.part import Part, Steps
from tests.e2e.tour.session import Desktop, wait_until

_TITLE = "Chiari pilot"
_SUBJECTS = 14
_SEARCH = "Search feeds"


class CollectSteps(Part):
    """What a person does with the results of a whole study."""

    _desktop: Desktop

    def collect_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("A colleague's study: a feed for each subject", self.make_study),
            ("Collect the values of all its feeds", self.collect_values),
            ("Filter the table, and look at it as a plot", self.look_at_plot),
            ("A row opens its pictures", self.open_images),
            ("Save the table", self.save_table),
            ("Compare two of the feeds", self.compare_feeds),
        )

    def make_study(self) -> None:
        """Make feeds beside the program, as another computer would."""
        asyncio.run(_make_feeds(self._desktop.home / "data" / "station"))
        self._go_module("Feeds")
        self._screen.key("F5")
        self._find_feeds()

    def _find_feeds(self) -> None:
        self._screen.fill(self._screen.wait(_SEARCH, role="text"), _TITLE)
        last = f"{_TITLE} {_SUBJECTS:02d}"
        self._screen.wait(contains=last, role="list item", seconds=60)

    def _open_collect(self) -> None:
        row = self._screen.wait(contains=f"{_TITLE} 05", role="list item")
        self._screen.click(row)
        self._screen.key("ctrl+a")
        self._screen.click(row, button=3)
        self._screen.settle()
        self._screen.key("Up", "Up", "Return")  # before Delete on server
        self._screen.wait("Collect results", role="label", seconds=30)

    def collect_values(self) -> None:
        """Highlight all feeds, choose it in their menu, and press Collect."""
        self._open_collect()
        self._screen.wait(contains="Choose the files", seconds=60)
        self._screen.settle()
        self._report.picture("collect-choose")
        self._screen.press("Collect", role="push button")
        self._screen.wait(contains="2 without values", role="label", seconds=60)
        self._screen.settle()
        self._report.picture("collect-table")

    def look_at_plot(self) -> None:
        """Leave some rows out, and draw the others against each other."""
        self._screen.press("Scatter")
        self._screen.settle()
        self._report.picture("collect-scatter")
        field = self._screen.wait("Filter rows", role="text")
        self._screen.fill(field, "age > 5; sex = F")
        self._screen.wait(contains=" of 14 rows", role="label")
        self._screen.press("Box")
        self._screen.settle()
        self._report.picture("collect-filtered")
        self._screen.fill(field, " ")
        self._screen.key("BackSpace")
        self._screen.wait(contains="14 rows", role="label")

    def open_images(self) -> None:
        """Open the picture of a subject in the viewer and come back to the table."""
        self._screen.click(
            self._screen.wait(contains=f"{_TITLE} 03", role="table cell")
        )
        self._screen.key("e")
        self._screen.wait("Picture", seconds=60)
        self._screen.settle()
        self._screen.press("Back", role="push button")
        self._screen.wait(contains="14 rows", role="label")

    def save_table(self) -> None:
        """Save it as CSV in a folder."""
        self._results.mkdir(parents=True, exist_ok=True)
        self._screen.press("Save CSV", role="push button")
        self._choose_in_dialog(self._results)
        wait_until(
            lambda: any(self._results.glob("pl-dircopy-results*.csv")),
            "the CSV file",
            seconds=30,
        )
        self._screen.key("Escape")
        self._screen.gone(name="Collect results", role="label")
        # the message lies over the buttons that come next until it goes
        self._screen.gone(contains="csv is saved")

    def _open_compare(self) -> None:
        row = self._screen.wait(contains=f"{_TITLE} 05", role="list item")
        self._screen.click(row)
        self._screen.key("shift+Down")
        self._screen.click(row, button=3)
        self._screen.settle()
        self._screen.key("Up", "Up", "Return")  # before Delete on server
        self._screen.wait("Only differences", seconds=30)
        self._screen.wait(contains=" differ", role="label", seconds=60)
        self._screen.wait("Files compared by name and size", seconds=60)
        self._screen.settle()

    def compare_feeds(self) -> None:
        """Highlight two and look at what differs."""
        self._open_compare()
        self._report.picture("compare-feeds")
        self._screen.key("Escape")
        self._screen.gone(name="Only differences")
        self._screen.fill(self._screen.wait(_SEARCH, role="text"), " ")
        self._screen.key("BackSpace")


async def _make_feeds(station: Path) -> None:
    """Make a feed for each subject over the network."""
    runtime = json.loads((station / "station.json").read_text(encoding="utf-8"))
    password = (station / "owner.secret").read_text(encoding="utf-8").strip()
    client = await CubeClient.sign_in(runtime["url"], "local", password)
    scratch = station / "tour-upload"
    try:
        running = []
        plugins = [one async for one in client.plugins.list(name_exact="pl-dircopy")]
        for number in range(1, _SUBJECTS + 1):
            folder = f"home/local/uploads/chiari/subject-{number:02d}"
            for name, content in _files(number).items():
                scratch.write_bytes(content)
                await client.files.upload(scratch, f"{folder}/{name}")
            title = f"{_TITLE} {number:02d}"
            values = {"dir": folder, "title": title}
            made = await client.instances.create(plugins[0].id, values)
            await client.feeds.rename(made.feed_id, title)
            running.append(made.id)
        while running:
            await asyncio.sleep(0.5)
            nodes = [await client.instances.get(one) for one in running]
            running = [one.id for one in nodes if one.active]
    finally:
        scratch.unlink(missing_ok=True)
        await client.aclose()


def _files(number: int) -> dict[str, bytes]:
    """Return what one subject's folder holds; two of them are not as they should be."""
    age, left = 2 + number * 5 % 13, 2400 + 61 * (number * 7 % 11)
    values: dict[str, object] = {
        "age": f"{age} y",
        "sex": "F" if number % 3 else "M",
        "hippocampus": {"left": f"{left} mm^3", "right": f"{left + 40 + number} mm^3"},
        "thickness": round(2.1 + number % 5 / 10, 2),
    }
    files = {
        "volumes.json": json.dumps(values, indent=1).encode(),
        "protocol.txt": b"Chiari pilot, protocol 3\n",
        "overview.png": _picture(number),
    }
    if number == 7:
        files["volumes.json"] = b'{"age": "8 y", '
    if number == 11:
        del files["volumes.json"]
    return files


def _picture(number: int) -> bytes:
    """Return a small gray picture as PNG: a bright disc, larger with the number."""
    side, middle, radius = 96, 48, 18 + number
    lines = bytearray()
    for y in range(side):
        lines.append(0)
        for x in range(side):
            away = ((x - middle) ** 2 + (y - middle) ** 2) ** 0.5
            lines.append(210 - int(away) if away < radius else 24)
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(lines))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", _crc(kind + data))
        for kind, data in parts
    )


def _crc(data: bytes) -> int:
    return zlib.crc32(data) & 0xFFFFFFFF
