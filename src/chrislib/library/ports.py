"""What the Library needs of its neighbours, as narrow as it is used."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from chrislib.errors import ChrislibError
from chrislib.jobs.model import Intent, Job, JobChange, JobKey

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.pacs.through_cube import PacsService


class SessionPort(Protocol):
    """The present connection; `chrislib.accounts.session.Session` is one."""

    client: "CubeClient | None"
    pacs: "PacsService | None"
    error: ChrislibError | None

    @property
    def host(self) -> str:
        """What the window calls the server."""

    @property
    def username(self) -> str:
        """Who is signed in, or ""."""

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change."""


class JobsPort(Protocol):
    """The part of the job manager that the Library uses."""

    async def submit(self, intent: Intent) -> JobKey:
        """Journal a job and return; it is sent in the background."""

    async def cancel(self, key: JobKey) -> int:
        """Cancel a job."""

    async def retry(self, key: JobKey) -> JobKey:
        """Continue a job with what is missing."""

    def jobs(self) -> tuple[Job, ...]:
        """Return every job, newest first."""

    def get(self, key: JobKey) -> Job | None:
        """Return one job."""

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` after each committed batch of changes."""


def account_of(session: SessionPort) -> str:
    """Return the server and user that things are kept for, "" without a connection."""
    client = session.client
    if client is None or client.server is None:
        return ""
    return f"{client.server.uuid}|{client.username}"


def client_of(session: SessionPort) -> "CubeClient":
    """Return the connection.

    Raises
    ------
    ChrislibError
        There is none; with the words of why, where they are known.
    """
    if session.client is None:
        raise session.error or no_server()
    return session.client


def pacs_of(session: SessionPort) -> "PacsService":
    """Return the PACS service of the connection.

    Raises
    ------
    ChrislibError
        There is no connection.
    """
    if session.pacs is None:
        raise session.error or no_server()
    return session.pacs


def no_server() -> ChrislibError:
    """Return the words for "not connected"."""
    return ChrislibError(
        "There is no connection to a ChRIS server.",
        "Nothing was sent. Your library on this computer still works.",
        hint="Connect, then try again.",
        retryable=True,
    )
