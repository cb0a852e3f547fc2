"""Every way an answer or a connection fails has its class and its words."""

import json
from typing import Any

import httpx
import pytest

from chrislib.cube import errors
from chrislib.cube.client import CubeClient
from chrislib.errors import ChrislibError

PAGE = "<!doctype html><html><h1>Secret inner page</h1></html>"
HTML = "text/html; charset=utf-8"
JSON = "application/json"

TABLE: list[tuple[int, str, object, type[ChrislibError], dict[str, str]]] = [
    (400, JSON, {"value": ["A valid integer is required."]}, errors.Refused,
     {"value": "A valid integer is required."}),
    (400, JSON, {"dir": ["This field is required."], "title": ["Too long."]},
     errors.Refused, {"dir": "This field is required.", "title": "Too long."}),
    (400, JSON, {"non_field_errors": ["Twice."]}, errors.Refused, {"": "Twice."}),
    (400, JSON, ["You have already registered …"], errors.Refused,
     {"": "You have already registered …"}),
    (400, JSON, {"detail": "JSON parse error"}, errors.Refused,
     {"": "JSON parse error"}),
    (400, JSON, {"a": {"b": ["deep"]}}, errors.Refused, {"a": "deep"}),
    (400, JSON, {"a": [PAGE]}, errors.Refused, {}),
    (400, "application/vnd.collection+json",
     {"collection": {"error": {"message": '{"name": ["Taken."]}'}}},
     errors.Refused, {"name": "Taken."}),
    (400, "application/vnd.collection+json",
     {"collection": {"error": {"message": "words"}}}, errors.Refused, {"": "words"}),
    (400, HTML, PAGE, errors.Refused, {}),
    (400, JSON, "not json at all", errors.Refused, {}),
    (401, JSON, {"detail": "Invalid token."}, errors.TokenRejected, {}),
    (401, "*/*", "detail", errors.TokenRejected, {}),
    (403, JSON, {"detail": "You do not have permission."}, errors.Forbidden, {}),
    (403, "*/*", "detail", errors.Forbidden, {}),
    (404, JSON, {"detail": "Not found."}, errors.NotFound, {}),
    (404, HTML, PAGE, errors.NotFound, {}),
    (405, JSON, {"detail": 'Method "DELETE" not allowed.'}, errors.Refused,
     {"": 'Method "DELETE" not allowed.'}),
    (409, HTML, PAGE, errors.Refused, {}),
    (413, HTML, PAGE, errors.Refused, {}),
    (429, JSON, {"detail": "slow down"}, errors.ServerFault, {}),
    (500, JSON, {"error": "Internal server error"}, errors.ServerFault, {}),
    (500, HTML, PAGE, errors.ServerFault, {}),
    (502, HTML, PAGE, errors.ServerFault, {}),
    (503, "text/plain", "down", errors.ServerFault, {}),
    (302, HTML, PAGE, errors.ForeignOrigin, {}),
    (200, HTML, PAGE, errors.BadAnswer, {}),
    (200, JSON, "{", errors.BadAnswer, {}),
    (200, JSON, ["a", "list"], errors.BadAnswer, {}),
    (200, JSON, {"no": "id"}, errors.BadAnswer, {}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "body", "wanted", "fields"), TABLE)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_answers_become_errors(  # noqa: PLR0917 (one table row)
    status: int,
    kind: str,
    body: object,
    wanted: type[ChrislibError],
    fields: dict[str, str],
    method: str,
    serve: Any,
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)

    def handler(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": kind, "location": "https://other.example/"}
        return httpx.Response(status, headers=headers, text=content)

    client = serve(handler)
    asking = (
        client.instances.get(7)
        if method == "GET"
        else client.instances.create(7, {"dir": "home/jane doe"})
    )
    with pytest.raises(wanted) as caught:
        await asking
    error = caught.value
    assert type(error) is wanted
    assert getattr(error, "fields", {}) == fields
    shown = f"{error} {dict(error.context)} {error.args}"
    assert "Secret" not in shown
    assert "<" not in shown
    assert "jane" not in shown
    assert error.title
    assert error.detail
    assert error.hint
    assert error.context["status"] == str(status)


async def test_the_path_in_an_error_has_no_query(serve: Any) -> None:
    client = serve(lambda _request: httpx.Response(500, json={}))
    with pytest.raises(errors.ServerFault) as caught:
        await client.pacs.series("1.2.3.4")
    assert caught.value.context["path"] == "/api/v1/pacs/series/search/"
    assert "1.2.3.4" not in str(dict(caught.value.context))


@pytest.mark.parametrize(
    ("raised", "sent"),
    [
        (httpx.ConnectError("x"), "no"),
        (httpx.ConnectTimeout("x"), "no"),
        (httpx.PoolTimeout("x"), "no"),
        (httpx.ReadTimeout("x"), "yes"),
        (httpx.WriteTimeout("x"), "yes"),
        (httpx.ReadError("x"), "yes"),
        (httpx.WriteError("x"), "yes"),
        (httpx.RemoteProtocolError("x"), "yes"),
    ],
)
async def test_a_post_is_sent_once_and_says_whether_it_may_have_arrived(
    raised: Exception, sent: str, serve: Any
) -> None:
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        raise raised

    with pytest.raises(errors.ServerUnreachable) as caught:
        await serve(handler).instances.create(1, {})
    assert calls == ["POST"]
    assert caught.value.context["sent"] == sent
    assert caught.value.retryable is (sent == "no")
    assert ("not known" in caught.value.detail) is (sent == "yes")


@pytest.mark.parametrize(
    ("raised", "tries"),
    [
        (httpx.ReadError("reset"), 2),
        (httpx.RemoteProtocolError("gone"), 2),
        (httpx.ReadTimeout("slow"), 1),
        (httpx.ConnectError("down"), 1),
    ],
)
async def test_a_get_is_repeated_once_after_a_reset(
    raised: Exception, tries: int, serve: Any
) -> None:
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        raise raised

    with pytest.raises(errors.ServerUnreachable):
        await serve(handler).feeds.get(1)
    assert len(calls) == tries


async def test_a_get_whose_second_try_answers_is_fine(serve: Any) -> None:
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        if len(calls) == 1:
            raise httpx.ReadError("reset")
        return httpx.Response(200, json={"id": 1, "name": "a"})

    assert (await serve(handler).feeds.get(1)).name == "a"


async def test_a_closed_client_says_so(serve: Any) -> None:
    client = serve(lambda _request: httpx.Response(200, json={"id": 1}))
    await client.feeds.get(1)
    await client.aclose()
    with pytest.raises(errors.ServerUnreachable) as caught:
        await client.feeds.get(1)
    assert caught.value.context["sent"] == "no"


SIGN_IN: list[tuple[int, str, object, type[ChrislibError]]] = [
    (400, JSON, {"non_field_errors": ["Unable to log in."]}, errors.BadCredentials),
    (400, JSON, {"password": ["This field may not be blank."]}, errors.BadCredentials),
    (401, JSON, {"detail": "no"}, errors.BadCredentials),
    (400, HTML, PAGE, errors.NotACube),
    (403, HTML, PAGE, errors.NotACube),
    (404, HTML, PAGE, errors.NotACube),
    (404, JSON, {"detail": "x"}, errors.NotACube),
    (405, HTML, PAGE, errors.NotACube),
    (200, HTML, PAGE, errors.NotACube),
    (200, JSON, {"key": "x"}, errors.NotACube),
    (200, JSON, {"token": ""}, errors.NotACube),
    (200, JSON, [], errors.NotACube),
    (502, HTML, PAGE, errors.ServerFault),
    (301, HTML, PAGE, errors.ForeignOrigin),
]


@pytest.mark.parametrize(("status", "kind", "body", "wanted"), SIGN_IN)
async def test_sign_in_tells_wrong_password_from_wrong_place(
    status: int, kind: str, body: object, wanted: type[ChrislibError]
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"content-type": kind}, text=content)

    with pytest.raises(wanted) as caught:
        await CubeClient.sign_in(
            "http://127.0.0.1:1",
            "cube",
            "hunter2",
            transport=httpx.MockTransport(handler),
        )
    assert type(caught.value) is wanted
    assert "hunter2" not in str(caught.value)
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (200, PAGE, errors.NotACube),
        (404, PAGE, errors.NotACube),
        (200, "{}", errors.NotACube),
        (200, "[]", errors.NotACube),
        (401, "{}", errors.TokenRejected),
        (500, "{}", errors.ServerFault),
    ],
)
async def test_identify_of_something_else(
    status: int, body: str, wanted: type[ChrislibError], serve: Any
) -> None:
    kind = HTML if body is PAGE else JSON
    client = serve(
        lambda _r: httpx.Response(status, headers={"content-type": kind}, text=body)
    )
    with pytest.raises(wanted):
        await client.identify()


@pytest.mark.parametrize(
    "address", ["", "http://", "ftp://a", "http://a:b:c", "http://a:99999", "a b"]
)
def test_what_is_no_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(errors.Refused) as caught:
        CubeClient(address)
    assert "address" in caught.value.fields


async def test_a_certificate_nobody_knows_is_told_as_such(serve: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        # the words of Python's ssl, as httpx hands them on
        raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")

    with pytest.raises(errors.ServerUnreachable) as caught:
        await serve(handler).identify()
    assert "certificate" in caught.value.title
    assert caught.value.context["sent"] == "no"
