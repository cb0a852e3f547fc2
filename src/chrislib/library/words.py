"""Counts and sizes in words."""


def count(number: int, one: str, many: str = "") -> str:
    """Return "1 image", "4,290 images"; `many` where adding "s" is wrong."""
    return f"{number:,} {one if number == 1 else (many or one + 's')}"


def series(number: int) -> str:
    """Return "1 series", "4 series"."""
    return count(number, "series", "series")


def studies(number: int) -> str:
    """Return "1 study", "4 studies"."""
    return count(number, "study", "studies")


def size(number: int | None) -> str:
    """Return bytes in decimal units, two significant digits under 10."""
    if number is None:
        return ""
    if number < 1000:
        return f"{number} B"
    value = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"


def join(*parts: str) -> str:
    """Return the parts that say something, joined as in second lines."""
    return " · ".join(part for part in parts if part)


def roughly(seconds: float) -> str:
    """Return a span without false precision: "20 s", "6 min", "2 h"."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 3300:
        return f"{max(1, round(seconds / 60))} min"
    return f"{max(1, round(seconds / 3600))} h"
