"""Every color and state of the window by token (WCAG contrast is tested)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from chrislib.views.theme.colors import DARK, LIGHT

__all__ = [
    "DARK",
    "DONUT_ORDER",
    "LIGHT",
    "STATES",
    "StateLook",
    "contrast",
    "luminance",
]


@dataclass(frozen=True, slots=True)
class StateLook:
    """How a state is drawn: glyph, word and color, always all three."""

    glyph: str
    word: str


STATES: Mapping[str, StateLook] = MappingProxyType(
    {
        "queued": StateLook("clock", "Queued"),
        "preparing": StateLook("package-open", "Preparing"),
        "running": StateLook("play", "Running"),
        "registering": StateLook("folder-sync", "Registering files"),
        "ready": StateLook("circle-check", "Ready"),
        "errors": StateLook("triangle-alert", "Ready, with errors"),
        "failed": StateLook("circle-x", "Failed"),
        "cancelled": StateLook("ban", "Cancelled"),
        "upstream": StateLook("corner-left-up", "Stopped upstream"),
        "gone": StateLook("ghost", "Gone from server"),
        "nomatch": StateLook("circle-minus", "No match"),
    }
)
"""State key to look; the color is the token ``state.<key>``."""

DONUT_ORDER: tuple[str, ...] = (
    "ready",
    "errors",
    "running",
    "registering",
    "preparing",
    "queued",
    "failed",
    "upstream",
    "cancelled",
    "gone",
)


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colors, 1 to 21 (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
