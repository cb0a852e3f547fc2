"""Answers where widgets are on the screen, for the tour (system Python, AT-SPI).

Reads one JSON query per line and writes one JSON answer per line. It runs in the
Python the distribution's accessibility packages belong to, so it uses nothing else.

A query is ``{"app": …, "name": …, "contains": …, "role": …, "id": …, "limit": …}``;
what is absent matches everything. An answer is a list of
``{"name", "role", "id", "description", "text", "states", "x", "y", "w", "h"}``.
"""

import importlib
import json
import sys
from typing import Any

_STATES = (
    "SHOWING",
    "VISIBLE",
    "ENABLED",
    "SENSITIVE",
    "CHECKED",
    "SELECTED",
    "FOCUSED",
    "EXPANDED",
)
_DEPTH = 60
_MOST_CHILDREN = 4000


def _atspi() -> Any:
    gi = importlib.import_module("gi")
    gi.require_version("Atspi", "2.0")
    return importlib.import_module("gi.repository.Atspi")


class Finder:
    """Walks the accessible tree of one program."""

    def __init__(self) -> None:
        self._atspi = _atspi()
        # answers must be fresh: the window changes under us
        self._atspi.set_timeout(4000, 4000)

    def program(self, name: str) -> Any:
        """Return the accessible application called `name`, newest first."""
        desktop = self._atspi.get_desktop(0)
        found = None
        for place in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(place)
            if child is not None and (not name or child.get_name() == name):
                found = child
        return found

    def find(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Return every widget on the screen that matches `query`."""
        root = self.program(query.get("app", ""))
        if root is None:
            return []
        found: list[dict[str, Any]] = []
        limit = int(query.get("limit", 50))
        self._walk(root, query, found=found, limit=limit, depth=0)
        return found

    def _walk(
        self,
        node: Any,
        query: dict[str, Any],
        *,
        found: list[dict[str, Any]],
        limit: int,
        depth: int,
    ) -> None:
        if depth > _DEPTH or len(found) >= limit:
            return
        if depth > 1 and not self._state(node, "SHOWING") and not query.get("hidden"):
            return  # what is not showing has nothing below that is
        if depth > 0 and self._matches(node, query):
            facts = self._facts(node)
            if facts is not None:
                found.append(facts)
        for place in range(min(node.get_child_count(), _MOST_CHILDREN)):
            child = node.get_child_at_index(place)
            if child is not None:
                self._walk(child, query, found=found, limit=limit, depth=depth + 1)

    def _matches(self, node: Any, query: dict[str, Any]) -> bool:
        role = query.get("role")
        if role and node.get_role_name() != role:
            return False
        wanted = query.get("id")
        if wanted:
            known = node.get_accessible_id() or ""
            if known != wanted and not known.endswith(f".{wanted}"):
                return False
        name, part = query.get("name"), query.get("contains")
        if name is None and part is None:
            return True
        said = node.get_name() or ""
        if name is not None and said != name:
            return False
        return part is None or part.lower() in said.lower()

    def _state(self, node: Any, word: str) -> bool:
        states = node.get_state_set()
        return bool(states.contains(getattr(self._atspi.StateType, word)))

    def _facts(self, node: Any) -> dict[str, Any] | None:
        component = node.get_component_iface()
        if component is None:
            return None
        area = component.get_extents(self._atspi.CoordType.SCREEN)
        text = node.get_text_iface()
        words = ""
        if text is not None:
            length = text.get_character_count()
            words = text.get_text(0, min(length, 4000)) if length else ""
        return {
            "name": node.get_name() or "",
            "role": node.get_role_name(),
            "id": node.get_accessible_id() or "",
            "description": node.get_description() or "",
            "text": words,
            "states": [word for word in _STATES if self._state(node, word)],
            "x": area.x,
            "y": area.y,
            "w": area.width,
            "h": area.height,
        }


def main() -> int:
    """Answer queries until the pipe closes."""
    finder = Finder()
    for line in sys.stdin:
        answer: dict[str, Any]
        try:
            answer = {"found": finder.find(json.loads(line))}
        except Exception as error:  # noqa: BLE001 - a widget may vanish while looking
            answer = {"found": [], "error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
