"""Layout and preferences: read at once, written behind, found at the next start."""

import pytest

from chrislib.catalog.remembered import Remembered


class Table:
    """A key-value table in memory."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self.values = dict(values or {})

    async def with_prefix(self, prefix: str) -> dict[str, str]:
        return {k: v for k, v in self.values.items() if k.startswith(prefix)}

    async def set(self, key: str, value: str) -> None:
        self.values[key] = value


async def test_what_was_put_is_found_by_the_next_start() -> None:
    table = Table()
    first = Remembered(table, "layout.")
    await first.load()
    first.put("sizes", [224, 900])
    first.put("sizes", [240, 884])
    first.put("tray", {"folded": True})
    assert first.get("sizes") == [240, 884]
    await first.close()
    second = Remembered(table, "layout.")
    await second.load()
    assert second.get("sizes") == [240, 884]
    assert second.get("tray") == {"folded": True}


async def test_defaults_answer_for_what_was_never_put() -> None:
    kept = Remembered(Table(), "setting.", defaults={"theme": "dark"})
    await kept.load()
    assert kept.get("theme") == "dark"
    assert kept.get("nothing") is None


async def test_a_damaged_value_counts_as_absent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Remembered(Table({"layout.sizes": "[22"}), "layout.")
    await kept.load()
    assert kept.get("sizes") is None
    assert "cannot be read" in caplog.text
    caplog.clear()
