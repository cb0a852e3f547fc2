"""READMEs that were read stay on this disk, as many as there is room for."""

from pathlib import Path

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.readmes import ReadmeRow


def _read(plugin: str, version: str, at: float, text: str = "text") -> ReadmeRow:
    return ReadmeRow(
        plugin=plugin,
        version=version,
        place=f"github.com/FNNDSC/{plugin}",
        file="README.md",
        text=text,
        read_at=at,
    )


async def test_the_latest_readings_are_kept_over_a_restart(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.db")
    await catalog.open()
    table = catalog.readmes
    old, new = _read("pl-a", "1.0", 1.0), _read("pl-a", "2.0", 2.0, "newer")
    for one in (old, new):
        await table.put(one)
    await catalog.close()

    await catalog.open()
    place = old.place
    assert await table.get("pl-a", "1.0", place) == old
    assert await table.get("pl-a", "2.0", place) == new
    # that of another version is better than none; that of another place is not
    assert await table.get("pl-a", "3.0", place) == new
    assert await table.get("pl-a", "1.0", "gitlab.com/x/y") is None
    again = _read("pl-a", "1.0", 3.0, "read again")
    await table.put(again)
    assert await table.get("pl-a", "1.0", place) == again

    # by number, and by size: the one read last is always there
    await table.put(_read("pl-b", "1.0", 4.0), most=2)
    assert await table.get("pl-a", "2.0", place) == again
    long = _read("pl-c", "1.0", 5.0, "x" * 50)
    await table.put(long, characters=56)
    assert await table.get("pl-c", "1.0", long.place) == long
    assert await table.get("pl-b", "1.0", "github.com/FNNDSC/pl-b") is not None
    assert await table.get("pl-a", "1.0", place) is None
    await catalog.close()
