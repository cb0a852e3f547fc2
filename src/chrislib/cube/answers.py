"""The one place where answers and broken connections become errors.

Nothing of an HTML page, and no query of a request (it may name a patient), ever gets
into an error.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from chrislib.cube.errors import (
    BadAnswer,
    CubeError,
    Forbidden,
    ForeignOrigin,
    NotACube,
    NotFound,
    Refused,
    ServerFault,
    ServerUnreachable,
    TokenRejected,
)

_LONGEST_TEXT = 500
_NOTHING_CHANGED = "Nothing was changed."
_READS = frozenset({"GET", "HEAD"})
# these end before a single byte of the request is on the wire
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.ProxyError,
    httpx.InvalidURL,
)


def json_of(response: httpx.Response) -> Any:
    """Return the JSON of a good answer.

    Raises
    ------
    CubeError
        The error tree's class for the status; `BadAnswer` for a good status with
        something else than JSON.
    """
    check(response)
    try:
        return json.loads(response.content)
    except ValueError:
        raise bad_answer(response, "not JSON") from None


def check(response: httpx.Response) -> None:
    """Raise the error that the status of `response` stands for."""
    if not response.is_success:
        raise error_of(response)


def error_of(response: httpx.Response) -> CubeError:
    """Return the error for an answer that is no success; its body is read."""
    status = response.status_code
    context = _context(response)
    # a download's errors have the text "detail" as body and the type */*, whatever
    # went wrong (trap 17): the class follows from the status alone
    fields = _fields(response)
    said = " ".join(fields.values())
    changed = (
        "" if response.request.method in _READS else "What was asked was not done."
    )
    if status == 401:
        return TokenRejected(
            "The server does not accept this sign-in any more.",
            "Runs and transfers on the server go on; nothing is lost.",
            hint="Sign in again.",
            context=context,
        )
    if status == 403:
        return Forbidden(
            "This account may not do that on the server.",
            changed or "The data is on the server, but not open to this account.",
            hint=said or "Ask the owner of the data, or whoever runs the server.",
            context=context,
        )
    if status in (404, 410):
        return NotFound(
            "The server does not have this (any more).",
            changed or "It was deleted, or it is not shared with this account.",
            hint="Look again at the list it was opened from.",
            context=context,
        )
    if status == 413:
        return Refused(
            "The server does not take anything this big.",
            "The file was not stored.",
            hint="Ask whoever runs the server to raise its limit.",
            fields=fields,
            context=context,
        )
    if status == 507:
        return ServerFault(
            "The server has no room left.",
            "It was not stored.",
            hint="Make room on the server, or ask whoever runs it; then retry.",
            context=context,
        )
    if status == 429 or status >= 500:
        return _fault(status, reading=not changed, context=context)
    if 300 <= status < 400:
        return _moved(context)
    title = "The server refused what was sent."
    return Refused(
        title if changed else "The server refused the request.",
        _NOTHING_CHANGED,
        hint=said or "Check what was entered.",
        fields=fields,
        context=context,
    )


def unreachable(
    error: Exception, *, method: str, path: str, closed: bool = False
) -> ServerUnreachable:
    """Return the error for a connection that could not be made, or that broke.

    ``sent`` in its context is "no" only when nothing can have reached the server.
    """
    sent = not (closed or isinstance(error, _NOT_SENT))
    context = {
        "method": method,
        "path": path,
        "sent": "yes" if sent else "no",
        "cause": type(error).__name__,
    }
    if closed:
        return ServerUnreachable(
            "The connection to the server is closed.",
            "Nothing was sent.",
            hint="Sign in again.",
            retryable=True,
            context=context,
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ServerUnreachable(
            "The server's certificate is not trusted on this computer.",
            "Nothing was sent.",
            hint="Check the address. If it is right, ask whoever runs the server "
            "for its certificate authority and add that to this computer.",
            context={**context, "what": "certificate"},
        )
    if isinstance(error, httpx.TimeoutException) and sent:
        title = "The server did not answer in time."
    elif sent:
        title = "The connection to the server broke."
    else:
        title = "The server cannot be reached."
    if not sent:
        detail = "Nothing was sent. Runs on the server go on."
    elif method in _READS:
        detail = "Nothing was changed. Runs on the server go on."
    else:
        detail = "It is not known whether the server did what was asked."
    return ServerUnreachable(
        title,
        detail,
        hint="Check the network and whether the server runs, then try again.",
        retryable=not sent or method in _READS,
        context=context,
    )


def bad_answer(response: httpx.Response, what: str) -> BadAnswer:
    """Return the error for an answer whose status is good and whose body is not."""
    reading = response.request.method in _READS
    return BadAnswer(
        "The server's answer cannot be understood.",
        _NOTHING_CHANGED
        if reading
        else "It is not known whether the server did what was asked.",
        hint="Try again; if it stays so, tell whoever runs the server.",
        context={**_context(response), "what": what},
    )


def not_a_cube(response: httpx.Response | None = None) -> NotACube:
    """Return the error for an address that answers, but not as a CUBE does."""
    return NotACube(
        "This address answers, but it is not a ChRIS server.",
        "Nothing was changed, and no data was sent.",
        hint="Check the address. It often ends in a port, and never in the address "
        "of a web page.",
        context={} if response is None else _context(response),
    )


def is_json(response: httpx.Response) -> bool:
    """Say whether the answer claims to be JSON of any kind."""
    return "json" in response.headers.get("content-type", "").lower()


def _fault(status: int, *, reading: bool, context: Mapping[str, str]) -> ServerFault:
    busy = status in (429, 502, 503, 504)
    return ServerFault(
        "The server is not ready." if busy else "The server failed while answering.",
        "Nothing was changed."
        if reading
        else "It is not known whether the server did what was asked.",
        hint="Wait a minute and try again."
        if busy
        else "Try again; if it stays so, tell whoever runs the server.",
        retryable=reading,
        context=context,
    )


def _moved(context: Mapping[str, str]) -> CubeError:
    return ForeignOrigin(
        "This address sends chrislib somewhere else.",
        "chrislib did not follow, and sent nothing there.",
        hint="Sign in with the address the server is really at "
        "(often the same with https in place of http).",
        context=context,
    )


def _context(response: httpx.Response) -> dict[str, str]:
    request = response.request
    found = {
        "status": str(response.status_code),
        "method": request.method,
        "path": request.url.path,
    }
    wait = retry_after(response.headers)
    if wait is not None:
        found["retry_after"] = f"{wait:.0f}"
    return found


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds the server wants to be left alone, if it says so.

    A moment is taken against the server's own clock, where it tells it.
    """
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    until = _moment(text)
    if until is None:
        return None
    now = _moment(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _fields(response: httpx.Response) -> dict[str, str]:
    """Return the server's own words per field; none from HTML or plain text."""
    if not is_json(response):
        return {}
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    if isinstance(body, dict) and isinstance(body.get("collection"), dict):
        # a proxy may have changed Accept (trap 1): the JSON is then inside a text
        error = body["collection"].get("error")
        message = error.get("message") if isinstance(error, dict) else None
        try:
            body = json.loads(message) if isinstance(message, str) else {}
        except ValueError:
            body = {"detail": message}
    if isinstance(body, dict):
        found = {
            "" if key in ("detail", "non_field_errors", "error") else str(key): text
            for key, value in body.items()
            if (text := _words(value))
        }
    else:
        # an array for a PACS query title that is taken (trap 25)
        found = {"": _words(body)}
    return {key: text for key, text in found.items() if text}


def _words(value: object) -> str:
    if isinstance(value, str):
        text = value.strip()
        return "" if text.startswith("<") else text[:_LONGEST_TEXT]
    if isinstance(value, list):
        return " ".join(filter(None, map(_words, value)))[:_LONGEST_TEXT]
    if isinstance(value, dict):
        return " ".join(filter(None, map(_words, value.values())))[:_LONGEST_TEXT]
    return ""
