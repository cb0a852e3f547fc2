"""Content negotiation and the two shapes an answer can take.

The rules are those a CUBE was seen to follow: Collection+JSON unless
``application/json`` is asked for, HTML for paths outside the table, and the bare
word ``detail`` for every refused download.
"""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, Response

JSON = "application/json"
COLLECTION = "application/vnd.collection+json"
HTML = "text/html"

# Relations that may be empty: null in JSON, left out of Collection+JSON.
_RELATIONS = frozenset(
    {"previous", "workflow", "parent", "linked_folder", "linked_file"}
)

_NOT_FOUND = """
<!doctype html>
<html lang="en">
<head>
  <title>Not Found</title>
</head>
<body>
  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>
</body>
</html>
"""


class ApiError(Exception):
    """An answer other than success, as the API words it.

    Parameters
    ----------
    status : int
        HTTP status.
    body : mapping or list
        The JSON body; Collection+JSON is made from it.
    """

    def __init__(self, status: int, body: Mapping[str, Any] | list[Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def invalid(field: str, *texts: str) -> ApiError:
    """Return the 400 that blames one field."""
    return ApiError(400, {field: list(texts)})


def missing(kind: str) -> ApiError:
    """Return the 404 of an object that is not there."""
    return ApiError(404, {"detail": f"No {kind} matches the given query."})


def forbidden() -> ApiError:
    """Return the 403 of a signed-in user without the right."""
    text = "You do not have permission to perform this action."
    return ApiError(403, {"detail": text})


def choose(accept: str | None, *, offered: tuple[str, ...]) -> str | None:
    """Return the media type to answer with, None when nothing offered fits.

    More exact wishes win over ``*/*`` whatever their order; quality values are not
    looked at, as CUBE does not look at them.
    """
    wishes = ["*/*"] if accept is None else [w.strip() for w in accept.split(",")]
    names = [wish.split(";", 1)[0].strip().lower() for wish in wishes]
    exact = [n for n in names if n and not n.endswith("/*")]
    ranged = [n for n in names if n.endswith("/*") and n != "*/*"]
    for name in exact:
        if name in offered:
            return name
    for name in ranged:
        for candidate in offered:
            if candidate.startswith(name[:-1]):
                return candidate
    return offered[0] if "*/*" in names else None


def page_not_found() -> Response:
    """Return the HTML page of a path outside the table of paths."""
    return HTMLResponse(_NOT_FOUND, status_code=404)


def render(body: Any, *, media: str, status: int, href: str, base: str) -> Response:
    """Return `body` as a response of type `media`.

    Parameters
    ----------
    body : object
        An object, a list envelope or the body of an error.
    media : str
        One of the three media types.
    status : int
        HTTP status.
    href : str
        Absolute address of the request.
    base : str
        Address of the API root; strings that begin with it are links.
    """
    if media == JSON:
        return Response(_dump(body), status_code=status, media_type=JSON)
    if media == HTML:
        text = json.dumps(body, indent=2).replace("&", "&amp;").replace("<", "&lt;")
        return HTMLResponse(f"<pre>{text}</pre>", status_code=status)
    collection: dict[str, Any] = {"version": "1.0", "href": href}
    if status >= 400:
        collection["error"] = {"message": _message(body)}
    elif "results" in body:
        collection["items"] = [_item(one, base) for one in body["results"]]
        links = body.get("collection_links", {})
        collection["links"] = [{"rel": r, "href": h} for r, h in links.items()]
        for key in ("queries", "template"):
            if key in body:
                collection[key] = body[key]
        collection["total"] = body["count"]
    else:
        collection["items"] = [_item(body, base)]
        collection["links"] = []
        if "template" in body:
            collection["template"] = body["template"]
    content = _dump({"collection": collection})
    return Response(content, status_code=status, media_type=COLLECTION)


def _dump(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _message(body: Any) -> str:
    if isinstance(body, dict) and set(body) == {"detail"}:
        return str(body["detail"])
    if isinstance(body, dict) and set(body) == {"error"}:
        return str(body["error"])
    return json.dumps(body)


def _item(one: Mapping[str, Any], base: str) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for name, value in one.items():
        if name in ("url", "template"):
            continue
        if isinstance(value, str) and value.startswith(base):
            links.append({"rel": name, "href": value})
        elif not (value is None and name in _RELATIONS):
            data.append({"name": name, "value": value})
    item: dict[str, Any] = {"data": data, "href": one.get("url", "")}
    if links:
        item["links"] = links
    return item
