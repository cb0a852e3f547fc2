"""The words of toasts: server and feed number, never a patient or a title. Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from chrislib.catalog.outbox import Claimed
from chrislib.desktop.toast import Toast, ToastAction
from chrislib.jobs.notices.digest import counted
from chrislib.shown import one_line

_RUN = {
    "READY": "run finished",
    "ERRORS": "run finished with errors",
    "FAILED": "run failed",
    "CANCELLED_EXTERNALLY": "run cancelled on the server",
    "STALLED": "a run takes longer than usual",
    "GONE": "a run is gone from the server",
    "SUBMIT_UNCERTAIN": "a run was not started",
    "PURGE_FAILED": "a run could not be deleted",
    "STATE_CHANGED": "inputs of a run have changed",
    "CANCEL_IGNORED": "a run was asked to stop and goes on",
}
_TRANSFERS: Mapping[str, tuple[str, str, str]] = {
    "pull": ("Pull", "finished", "stopped"),
    "upload": ("Upload", "finished", "failed"),
    "download": ("Download", "finished", "failed"),
    "program": ("Program", "finished", "failed"),
    "service": ("Job", "finished", "failed"),
}
_LOCAL = {"127.0.0.1", "localhost", "::1"}


def server_words(base_url: str) -> str:
    """Return how a server is called in a toast."""
    if base_url.startswith("service:"):
        return base_url.split(":", 2)[1]
    host = urlsplit(base_url).hostname or ""
    return "this computer" if not host or host in _LOCAL else host


def toast_of(
    claimed: Claimed, *, batch: str, account_id: int, group: str, names: bool
) -> Toast:
    """Return the toast of one group.

    Parameters
    ----------
    batch : str
        Under which its rows were claimed.
    names : bool
        Whether the title of what it tells of may be in it.
    """
    row, counts = claimed.row, claimed.counts
    total = sum(counts.values())
    problem = any(kind != "READY" for kind in counts)
    if row.kind == "AUTH":
        title, text, target = "Sign in again", "Jobs go on meanwhile.", "jobs"
    elif group.startswith("batch:"):
        title = f"Batch: {counted(counts)}"
        text, target = "Click to see its outcomes.", f"inbox/{group.replace(':', '/')}"
        if row.dedupe_key.startswith("batch:") and total == 1 and row.body:
            title = f"Batch: {one_line(row.body)}"
    elif row.feed_id is not None and claimed.job_kind in {"run", "workflow", ""}:
        title, text, target = _feed(claimed, total)
    elif claimed.job_kind in _TRANSFERS:
        title, text, target = _transfer(claimed, total, batch)
    else:
        said = _RUN.get(row.kind, "changed")
        title, text = said[:1].upper() + said[1:], "Click to see it."
        target = f"inbox/toast/{batch}"
    if names and total == 1 and row.title:
        text = f"{one_line(row.title)}\n{text}"
    return Toast(
        id=batch,
        title=title,
        text=f"{text}\n{server_words(claimed.server)}",
        target=target,
        problem=problem,
        group=f"{account_id}:{group}",
        actions=_actions(claimed, total, target),
        keys=claimed.keys,
    )


def summary(claimed: Claimed, *, batch: str, account_id: int, since: str = "") -> Toast:
    """Return the one toast of several groups.

    Parameters
    ----------
    since : str
        "since 18:04" makes it a digest.
    """
    counts = counted(claimed.counts) or "News"
    target = f"inbox/toast/{batch}"
    return Toast(
        id=batch,
        title=f"{counts} {since}".strip(),
        text=f"Click to open the inbox.\n{server_words(claimed.server)}",
        target=target,
        problem=any(kind != "READY" for kind in claimed.counts),
        group=f"{account_id}:{'digest' if since else 'summary'}",
        actions=(ToastAction("open", "Open", target),),
        keys=claimed.keys,
    )


def _feed(claimed: Claimed, total: int) -> tuple[str, str, str]:
    row = claimed.row
    if total == 1:
        said = _RUN.get(row.kind, "changed")
        text = "Click to open it."
    elif len(claimed.counts) == 1 and row.kind == "READY":
        said, text = "run finished", f"{total:,} nodes are ready. Click to open it."
    else:
        said, text = counted(claimed.counts), f"{total:,} nodes. Click to open it."
    target = f"feed/{row.feed_id}"
    if row.instance_id is not None:
        target += f"/node/{row.instance_id}"
    return f"Feed {row.feed_id}: {said}", text, target


def _transfer(claimed: Claimed, total: int, batch: str) -> tuple[str, str, str]:
    row = claimed.row
    name, good, bad = _TRANSFERS[claimed.job_kind]
    if total > 1:
        target = (
            "library" if set(claimed.counts) == {"READY"} else (f"inbox/toast/{batch}")
        )
        return f"{name}s: {counted(claimed.counts)}", "Click to see them.", target
    at_jobs = f"jobs/{row.job_key}" if row.job_key else "jobs"
    if row.kind == "READY":
        if claimed.job_kind == "pull":
            return f"{name} {good}", "Click to open the Library.", "library"
        return f"{name} {good}", "Click to see it.", at_jobs
    if row.kind == "ERRORS":
        said = f"{name} {good}, some files are missing"
        if claimed.job_kind in {"program", "service"}:
            said = f"{name} ended with an error"
        return said, "Click to see why.", at_jobs
    if row.kind == "FAILED":
        return f"{name} {bad}", "Click to see why.", at_jobs
    said = _RUN.get(row.kind, "changed").replace("a run", name.lower())
    return (
        said.replace("run ", f"{name.lower()} ").capitalize(),
        ("Click to see it."),
        at_jobs,
    )


def _actions(claimed: Claimed, total: int, target: str) -> tuple[ToastAction, ...]:
    row = claimed.row
    opening = ToastAction("open", "Open", target)
    fetchable = claimed.job_kind in {"run", "workflow"} and row.feed_id is not None
    if total != 1 or row.kind not in {"READY", "ERRORS"} or not fetchable:
        return (opening,)
    return (
        ToastAction("get", "Get", f"get/{row.dedupe_key}"),
        ToastAction("later", "Later", f"later/{row.dedupe_key}"),
        opening,
    )
