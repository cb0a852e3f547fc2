"""Every colour of the window, in one table per theme (WCAG contrast is tested)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_TABLE: tuple[tuple[str, str, str], ...] = (
    # token, dark, light
    ("bg.window", "#1f1f1f", "#f8f8f8"),
    ("bg.panel", "#272727", "#ececec"),
    ("bg.raised", "#303030", "#ffffff"),
    ("bg.canvas", "#1a1a1a", "#d6d6d6"),
    ("bg.image", "#000000", "#000000"),
    ("bg.input", "#1b1b1b", "#ffffff"),
    ("bg.hover", "#353535", "#e2e2e2"),
    ("bg.pressed", "#3d3d3d", "#dadada"),
    ("bg.selected", "#1d3f58", "#cfe6f7"),
    ("bg.highlight", "#3a3a3a", "#dddddd"),
    ("bg.tooltip", "#111111", "#2a2a2a"),
    ("border.subtle", "#383838", "#d2d2d2"),
    ("border.control", "#888888", "#767676"),
    ("border.focus", "#5bb8f5", "#0a6aa8"),
    ("text.primary", "#ededed", "#1c1c1c"),
    ("text.secondary", "#bdbdbd", "#454545"),
    ("text.muted", "#a6a6a6", "#585858"),
    ("text.disabled", "#6f6f6f", "#9a9a9a"),
    ("text.on-accent", "#ffffff", "#ffffff"),
    ("text.on-label", "#111111", "#ffffff"),
    ("text.on-tooltip", "#ededed", "#ededed"),
    ("text.on-image", "#dcdcdc", "#dcdcdc"),
    ("mark.orientation", "#f0d78a", "#f0d78a"),
    ("plane.axial", "#63baf2", "#63baf2"),
    ("plane.coronal", "#63c98a", "#63c98a"),
    ("plane.sagittal", "#e8ad4f", "#e8ad4f"),
    ("accent.fill", "#1276b5", "#0b6cab"),
    ("accent.fill-hover", "#0f6ba4", "#085a90"),
    ("accent.text", "#63baf2", "#0a5f98"),
    ("accent.glyph", "#3fa4e6", "#1279bd"),
    ("tint.info", "#1b3344", "#dcecf8"),
    ("tint.ready", "#1c3526", "#ddf0e3"),
    ("tint.warn", "#3b2f18", "#f8ecd2"),
    ("tint.failed", "#412422", "#fae0dd"),
    ("label.red", "#e0605c", "#c93f3a"),
    ("label.yellow", "#d6b12f", "#8d6d06"),
    ("label.green", "#4ea866", "#2f8448"),
    ("label.blue", "#3f8fd2", "#2374b5"),
    ("star", "#e3c45c", "#8a6a00"),
    ("scroll", "#565656", "#8c8c8c"),
    ("state.queued", "#b4b4b4", "#525252"),
    ("state.preparing", "#8fc3e8", "#25597f"),
    ("state.running", "#4fb3f6", "#0a5f98"),
    ("state.registering", "#b5a6f7", "#5a45b5"),
    ("state.ready", "#63c98a", "#186234"),
    ("state.errors", "#e8ad4f", "#7d5200"),
    ("state.failed", "#f58a81", "#ad2b22"),
    ("state.cancelled", "#acacac", "#555555"),
    ("state.upstream", "#d3a98a", "#7f4a26"),
    ("state.gone", "#a6a6a6", "#5c5c5c"),
    ("state.nomatch", "#bdbdbd", "#454545"),
)

DARK: Mapping[str, str] = MappingProxyType({t: dark for t, dark, _ in _TABLE})
LIGHT: Mapping[str, str] = MappingProxyType({t: light for t, _, light in _TABLE})


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
