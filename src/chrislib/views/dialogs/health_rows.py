"""What the health page says, as rows of words. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chrislib.jobs.extensions import Broken
from chrislib.jobs.history.estimate import REGISTERING, RUNNING, Sort
from chrislib.jobs.model import Reach
from chrislib.jobs.polling.health import HealthRow
from chrislib.jobs.polling.overview import AccountLook
from chrislib.views.jobs.words import duration, when
from chrislib.views.shell.freshness import age_of

_FEW = 5


class ServiceLook(Protocol):
    """A service a plug-in follows (`jobs.services.rows`)."""

    @property
    def name(self) -> str:
        """What the plug-in calls itself."""

    @property
    def reach(self) -> Reach:
        """How good the last look was."""

    @property
    def detail(self) -> str:
        """Why, when it is not well."""

    @property
    def jobs(self) -> int:
        """How many jobs are filed under it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One check: what it is, what is known, how it is now, and a verdict."""

    icon: str
    title: str
    detail: str
    now: str
    verdict: str
    state: str
    """State key of the verdict: "ready", "errors", "failed" or "queued"."""


_PARTS = {
    "account": ("server", "Account"),
    "backend": ("workflow", "Service"),
    "loop": ("rotate-cw", "Following"),
    "handler": ("folder", "Result handler"),
    "sink": ("bell", "Messages"),
}
_REACH = {
    Reach.FRESH: ("Good", "ready"),
    Reach.STALE: ("Late", "errors"),
    Reach.OFFLINE: ("No answer", "failed"),
    Reach.AUTH_REQUIRED: ("Sign in again", "errors"),
    Reach.FORBIDDEN: ("Not allowed", "errors"),
    Reach.SERVER_CHANGED: ("Another server", "failed"),
    Reach.NO_BACKEND: ("Plug-in missing", "failed"),
}


def account_row(look: AccountLook, now: float) -> Row:
    """Return the row of an account."""
    verdict, state = _REACH[look.reach]
    detail = look.why or f"{look.username}, looked at every {duration(look.period)}"
    if look.reach is Reach.OFFLINE and look.wait:
        detail = f"{look.username}, asked again in {duration(look.wait)}"
    age = age_of(look, now).words
    return Row("server", look.host, detail, age, verdict, state)


def part_row(row: HealthRow, now: float) -> Row:
    """Return the row of a part of the job manager."""
    icon, word = _PARTS.get(row.part, ("info", row.part))
    verdicts = {
        "ok": ("Good", "ready"),
        "waiting": ("Waiting", "errors"),
        "restarting": ("Started again", "errors"),
        "paused": ("Paused", "failed"),
    }
    verdict, state = verdicts.get(row.state, (row.state, "queued"))
    times = "once" if row.failures == 1 else f"{row.failures:,} times"
    said = f"{row.what} ({times} since the start)" if row.failures else row.what
    at = f"last at {when(row.last_at, now)}" if row.last_at is not None else ""
    return Row(icon, f"{word}: {row.name}", said, at, verdict, state)


def service_row(row: ServiceLook) -> Row:
    """Return the row of a service that a plug-in follows."""
    verdict, state = _REACH[row.reach]
    some = "1 job" if row.jobs == 1 else f"{row.jobs:,} jobs"
    kept = "; their tokens are kept" if row.reach is Reach.NO_BACKEND else ""
    detail = row.detail or f"{some} filed under it"
    return Row("server", row.name, f"{detail}{kept}", some, verdict, state)


def broken_row(one: Broken) -> Row:
    """Return the row of a plug-in that was set aside."""
    where = f" of {one.distribution}" if one.distribution else ""
    return Row(
        "unplug",
        f"Plug-in {one.name}{where}",
        f"{one.reason} Its jobs and tokens are kept.",
        "",
        "Set aside",
        "failed",
    )


def rows_of(
    accounts: Iterable[AccountLook],
    parts: Iterable[HealthRow],
    services: Iterable[ServiceLook],
    *,
    broken: Iterable[Broken],
    now: float,
) -> list[Row]:
    """Return every check, in the order they are shown."""
    rows = [account_row(look, now) for look in accounts]
    rows += [service_row(row) for row in services]
    rows += [part_row(row, now) for row in parts]
    rows += [broken_row(one) for one in broken]
    return rows


def summary(rows: Sequence[Row]) -> tuple[str, str]:
    """Return banner kind and sentence over the table."""
    bad = [row for row in rows if row.state in {"errors", "failed"}]
    if not rows:
        return "info", "No server has been asked yet."
    if not bad:
        return "ready", "Everything answers."
    limits = "1 limit" if len(bad) == 1 else f"{len(bad)} limits"
    first = ", ".join(f"{row.title} ({row.verdict.lower()})" for row in bad[:2])
    return "warn", f"Usable, with {limits}: {first}."


def plugin_rows(
    table: Sequence[tuple[Sort, dict[str, tuple[float, int]]]],
) -> list[tuple[str, str, str, str, str]]:
    """Return plugin, runs, median run and file times, and what that tells."""
    rows = []
    for sort, stages in table:
        run, count = stages.get(RUNNING, (0.0, 0))
        files, listed = stages.get(REGISTERING, (0.0, 0))
        name = f"{sort.plugin} {sort.version}".strip()
        if sort.compute:
            name += f" on {sort.compute}"
        enough = count >= _FEW
        rows.append(
            (
                name,
                f"{max(count, listed):,}",
                duration(run) if enough else "",
                duration(files) if listed >= _FEW else "",
                "Estimates" if enough else "Too few runs",
            )
        )
    return rows


def report(
    rows: Sequence[Row], plugins: Sequence[tuple[str, str, str, str, str]]
) -> str:
    """Return all of it as text for the clipboard; no token and no patient in it."""
    lines = [
        "\t".join((row.title, row.detail, row.now, row.verdict)).strip() for row in rows
    ]
    lines += ["", "Plugin\tRuns\tRun\tFiles"]
    lines += ["\t".join(row[:4]) for row in plugins]
    return "\n".join(lines)
