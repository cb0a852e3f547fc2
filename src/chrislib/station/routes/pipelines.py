"""Pipelines and workflows: the station has none yet, and says so in empty lists."""

from starlette.routing import Route

from chrislib.station.context import StationContext
from chrislib.station.http import Answer, Call, Handler, endpoint

_PIPELINES = (
    "id",
    "owner_username",
    "name",
    "name_exact",
    "category",
    "description",
    "authors",
    "min_creation_date",
    "max_creation_date",
)
_SOURCES = (
    "id",
    "min_creation_date",
    "max_creation_date",
    "fname",
    "fname_exact",
    "fname_icontains",
    "pipeline_id",
    "pipeline_name",
    "uploader_username",
)
_WORKFLOWS = ("id", "title", "pipeline_name", "owner_username")


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    found: list[Route] = []
    for path, names, links in (
        ("pipelines/", _PIPELINES, {"plugins": "plugins/"}),
        ("pipelines/workflows/", _WORKFLOWS, {"pipelines": "pipelines/"}),
        ("pipelines/sourcefiles/", _SOURCES, None),
    ):
        handler = _nothing(path, names, links)
        found.append(endpoint(path, context, get=handler))
        found.append(endpoint(f"{path}search/", context, get=_none_found))
    return found


def _nothing(
    path: str, names: tuple[str, ...], links: dict[str, str] | None
) -> Handler:
    def handler(call: Call) -> Answer:
        return call.listing(0, [], search=(f"{path}search/", names), links=links)

    return handler


def _none_found(call: Call) -> Answer:
    return call.listing(0, [])
