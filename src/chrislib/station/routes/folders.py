"""Not served yet."""

from starlette.routing import Route

from chrislib.station.context import StationContext


def routes(_context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    return []
