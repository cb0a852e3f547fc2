"""Progress of transfers as it happens: the websocket and the event stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from chrislib.station.auth import AuthenticationError, Doorman
from chrislib.station.context import StationContext
from chrislib.station.pacs_progress import Listener, ProgressHub

_OUR_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def live_routes(context: StationContext, hub: ProgressHub) -> list[BaseRoute]:
    """Return the websocket and the event stream."""

    async def socket(websocket: WebSocket) -> None:
        await _serve_socket(websocket, context, hub)

    async def events(request: Request) -> Response:
        refusal = await run_in_threadpool(_refusal, request, Doorman(context.store))
        return refusal or _event_stream(request, hub)

    return [
        WebSocketRoute("/api/v1/pacs/ws/", socket),
        Route("/api/v1/pacs/sse/", events, methods=["GET"]),
    ]


async def _serve_socket(
    websocket: WebSocket, context: StationContext, hub: ProgressHub
) -> None:
    """Talk to one client until it goes away (network)."""
    if not await _may_connect(websocket, context):
        await websocket.close()  # before it was accepted: HTTP 403
        return
    await websocket.accept()
    listener = Listener(hub)
    try:
        async with asyncio.TaskGroup() as group:
            sender = group.create_task(_send(websocket, listener), name="pacs-news")
            await _listen(websocket, listener)
            await _drain(listener)
            sender.cancel()
    except* WebSocketDisconnect:
        pass
    finally:
        listener.close()


async def _may_connect(websocket: WebSocket, context: StationContext) -> bool:
    """Check the origin, and use up the one-time token (database)."""
    origin = websocket.headers.get("origin", "")
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        return False
    if host not in _OUR_HOSTS:
        return False
    token = websocket.query_params.get("token", "")
    doorman = Doorman(context.store)
    user = await run_in_threadpool(doorman.take_download_token, token)
    return await run_in_threadpool(doorman.may_use_pacs, user)


async def _listen(websocket: WebSocket, listener: Listener) -> None:
    """Do what the client says until it goes away or says something else.

    Whoever talks nonsense is dropped without a close frame: returning from here
    without closing the socket does that.
    """
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            return
        said = _parsed(received.get("text") or "")
        action = said.get("action")
        if action == "unsubscribe":
            listener.unsubscribe()
        elif action == "subscribe":
            pacs, uid = said.get("pacs_name"), said.get("SeriesInstanceUID")
            if not isinstance(pacs, str) or not isinstance(uid, str):
                return
            listener.subscribe(pacs, uid)
        else:
            return


def _parsed(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


async def _send(websocket: WebSocket, listener: Listener) -> None:
    while True:
        message = await listener.queue.get()
        if websocket.application_state is not WebSocketState.CONNECTED:
            return
        await websocket.send_text(json.dumps(message))
        listener.queue.task_done()


async def _drain(listener: Listener) -> None:
    """Let what was said before the nonsense still go out, if it goes at once."""
    try:
        async with asyncio.timeout(0.2):
            await listener.queue.join()
    except TimeoutError:
        pass


def _refusal(request: Request, doorman: Doorman) -> Response | None:
    """Return the 401 for whoever sent no good token (database).

    A CUBE asks for none here (trap 26 of its contract), and so tells everybody what
    is pulled. The station does not copy that: every request needs its token.
    """
    detail = "Authentication credentials were not provided."
    try:
        if doorman.identify(request.headers.get("authorization")) is not None:
            return None
    except AuthenticationError as error:
        detail = str(error)
    return JSONResponse(
        {"detail": detail}, status_code=401, headers={"WWW-Authenticate": "Token"}
    )


def _event_stream(request: Request, hub: ProgressHub) -> StreamingResponse:
    """Answer with news as server-sent events."""
    pacs = request.query_params.get("pacs_name", "")
    asked = request.query_params.get("series_uids", "")
    uids = [uid.strip() for uid in asked.split(",") if uid.strip()]
    listener = Listener(hub)
    listener.follow(pacs, uids)

    async def events() -> AsyncIterator[str]:
        open_series = set(uids)
        try:
            while open_series:
                message = await listener.queue.get()
                yield _event(message)
                if message["message"].get("done"):
                    open_series.discard(message["SeriesInstanceUID"])
            yield _event(
                {"pacs_name": "", "SeriesInstanceUID": "", "message": {"done": True}}
            )
        finally:
            listener.close()

    return StreamingResponse(events(), media_type="text/event-stream")


def _event(message: dict[str, Any]) -> str:
    return f"event: message\ndata: {json.dumps(message)}\n\n"
