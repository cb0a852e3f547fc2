"""Times, sizes and counts as the Feeds module writes them."""

import time

from chrislib.library.dates import show_date, show_day, show_time

__all__ = [
    "clock",
    "day_words",
    "files_words",
    "show_date",
    "size_words",
    "when",
]


def clock(at: float) -> str:
    """Return the local time with seconds, "14:01:08", as node steps show it."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def when(at: float, *, now: float) -> str:
    """Return a row's time: "14:06" today, else the day."""
    day = show_day(at, now=now)
    return show_time(at) if day == "Today" else day


def day_words(at: float, *, now: float) -> str:
    """Return "14:06" today, else the day as "2026-11-21"."""
    if show_day(at, now=now) == "Today":
        return show_time(at)
    return time.strftime("%Y-%m-%d", time.localtime(at))


def size_words(size: int | None) -> str:
    """Return a size in decimal units: "980 B", "14 kB", "2.1 MB", "11.8 GB"."""
    if size is None:
        return ""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return (
        f"{value:.1f} {unit}" if value < 100 and unit != "kB" else f"{value:.0f} {unit}"
    )


def files_words(count: int, size: int | None) -> str:
    """Return "64 files · 318 MB"; without a size "64 files"."""
    files = "1 file" if count == 1 else f"{count:,} files"
    return f"{files} · {size_words(size)}" if count and size is not None else files
