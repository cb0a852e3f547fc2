"""The client of one CUBE: sign-in, who we are, and the parts of its API."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from chrislib.cube import answers
from chrislib.cube.address import Address
from chrislib.cube.comments import CommentsApi
from chrislib.cube.connecting import Body
from chrislib.cube.errors import BadAnswer, BadCredentials, CubeError, NotFound
from chrislib.cube.feed_access import FeedAccessApi
from chrislib.cube.feeds import FeedsApi
from chrislib.cube.files import FilesApi
from chrislib.cube.folders import FoldersApi
from chrislib.cube.instances import InstancesApi
from chrislib.cube.pacs import PacsApi
from chrislib.cube.plugins import PluginsApi
from chrislib.cube.tags import TagsApi
from chrislib.cube.types import ServerInfo
from chrislib.cube.wire import Wire
from chrislib.cube.workflows import WorkflowsApi

_TIMEOUT = 30.0


class CubeClient:
    """A signed-in connection to one CUBE; opened by its first request.

    Parameters
    ----------
    base_url : str
        Site or API root; see `Address.parse`.
    token : str
        API token (it does not expire), "" to ask without one.
    transport : httpx.AsyncBaseTransport, optional
        In place of real connections (tests).
    timeout : float
        Seconds without a byte until a request counts as unanswered. One page of
        1000 instances takes a CUBE five seconds.

    Raises
    ------
    Refused
        `base_url` is no address.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        address = Address.parse(base_url)
        self.base_url = address.base_url
        self.token = token
        self.username = ""
        self.server: ServerInfo | None = None
        self._wire = Wire(address, token=token, transport=transport, timeout=timeout)
        self.plugins = PluginsApi(self._wire)
        self.instances = InstancesApi(self._wire)
        self.feeds = FeedsApi(self._wire)
        self.feed_access = FeedAccessApi(self._wire)
        self.comments = CommentsApi(self._wire)
        self.tags = TagsApi(self._wire)
        self.files = FilesApi(self._wire)
        self.folders = FoldersApi(self._wire)
        self.pacs = PacsApi(self._wire)
        self.workflows = WorkflowsApi(self._wire)

    def on_rejected(self, tell: Callable[[], None]) -> None:
        """Have `tell` called whenever the server answers 401 to our token."""
        self._wire.on_rejected = tell

    def on_lost(self, tell: Callable[[CubeError, bool], None]) -> None:
        """Have `tell` called when a connection broke, or (True) none could be made."""
        self._wire.on_lost = tell

    @classmethod
    async def sign_in(
        cls,
        base_url: str,
        username: str,
        password: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = _TIMEOUT,
    ) -> "CubeClient":
        """Trade a password for the token, over the net, and return the client.

        The password is kept nowhere.

        Raises
        ------
        BadCredentials
            User name or password is wrong or missing.
        NotACube
            The address answers, but not as a CUBE.
        ServerUnreachable, ServerFault, ForeignOrigin, Refused
            No connection; the server failed; a redirection; no address at all.
        """
        wire = Wire(
            Address.parse(base_url), token="", transport=transport, timeout=timeout
        )
        try:
            body = Body(json={"username": username, "password": password})
            response = await wire.send("POST", wire.url("auth-token/"), body=body)
        finally:
            await wire.aclose()
        token = _token_of(response)
        client = cls(base_url, token=token, transport=transport, timeout=timeout)
        client.username = username
        return client

    async def identify(self) -> ServerInfo:
        """Ask over the net which server this is, and as whom we are signed in.

        Raises
        ------
        NotACube
            The answers are not a CUBE's.
        TokenRejected, ServerUnreachable, ServerFault
            As everywhere.
        """
        uuid, name = await self._incarnation()
        root = await self._of_a_cube("", {"limit": 1})
        links = root.get("collection_links")
        link = links.get("user") if isinstance(links, dict) else None
        if isinstance(link, str):
            url = self._wire.address.reroot(link)
            user = answers.json_of(await self._wire.send("GET", url))
            if isinstance(user, dict) and isinstance(user.get("username"), str):
                self.username = user["username"]
        self.server = ServerInfo(
            base_url=self.base_url,
            uuid=uuid,
            name=name,
            generation=await self._generation(root),
            username=self.username,
        )
        return self.server

    async def incarnation(self) -> str:
        """Return from the net the server's uuid: one set up anew has another.

        The cheapest question that a CUBE answers.

        Raises
        ------
        NotACube
            The answer is not a CUBE's.
        """
        uuid, _ = await self._incarnation()
        return uuid

    def server_now(self) -> datetime:
        """Return the server's time: ours plus the skew its answers show."""
        return self._wire.server_now()

    @property
    def skipped_rows(self) -> int:
        """Rows of lists that could not be understood, since the start."""
        return self._wire.skipped_rows

    async def aclose(self) -> None:
        """Close all connections of the net."""
        await self._wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _incarnation(self) -> tuple[str, str]:
        instance = await self._of_a_cube("chrisinstance/1/")
        uuid = instance.get("uuid")
        if not isinstance(uuid, str):
            raise answers.not_a_cube()
        return uuid, str(instance.get("name") or "")

    async def _of_a_cube(
        self, path: str, params: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        try:
            value = await self._wire.get(path, params)
        except (BadAnswer, NotFound) as error:
            raise answers.not_a_cube() from error
        if not isinstance(value, dict):
            raise answers.not_a_cube()
        return value

    async def _generation(self, root: Mapping[str, Any]) -> int:
        """Tell 7 from 6: there is no version number in the API."""
        found = await self._of_a_cube("computeresources/", {"limit": 1})
        for rows, key in (
            (found.get("results"), "compute_requires_copy_job"),
            (root.get("results"), "copying_jobs"),
        ):
            if isinstance(rows, list) and rows and isinstance(rows[0], dict):
                return 7 if key in rows[0] else 6
        # what is done for 6 does no harm on 7
        return 6


def _token_of(response: httpx.Response) -> str:
    status = response.status_code
    if status in (400, 401, 403) and answers.is_json(response):
        raise BadCredentials(
            "User name or password is not right.",
            "You are not signed in. Nothing was changed.",
            hint="Check both, and that this is the right server.",
            context={"status": str(status)},
        )
    if 400 <= status < 500 and status != 429:
        raise answers.not_a_cube(response)
    try:
        value = answers.json_of(response)
    except BadAnswer:
        raise answers.not_a_cube(response) from None
    token = value.get("token") if isinstance(value, dict) else None
    # anything else could not even be put into a header
    if not isinstance(token, str) or not token.isascii() or not token.isalnum():
        raise answers.not_a_cube(response)
    return token
