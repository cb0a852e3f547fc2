"""The command line: run, jobs, station. Importing it starts nothing else."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chrislib.errors import ChrislibError

if TYPE_CHECKING:
    from chrislib.paths import Paths

_INTERRUPTED = 130
_NOT_DONE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["station"]:
        from chrislib.station.main import main as station_main

        return station_main(arguments[1:])
    options = _parser().parse_args(arguments)
    if options.command == "jobs":
        return _jobs(options)
    from chrislib.app import run_app

    return run_app(link=getattr(options, "link", ""))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chrislib", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help="open the window (the default)")
    run.add_argument("link", nargs="?", default="", help="chris: link to show")
    _add_jobs(commands.add_parser("jobs", help="follow runs without a window"))
    commands.add_parser("station", help="the embedded ChRIS (serve, prepare)")
    return parser


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Follow runs without a window, on the same catalog, also beside an open one. "
        "A JOB is the short name that “list” prints, its whole key, or a run's number."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    listing = verbs.add_parser("list", help="print the jobs, newest first")
    listing.add_argument("--live", action="store_true", help="only what has not ended")
    listing.add_argument("--feed", type=int, help="only those of one feed")
    listing.add_argument("--json", action="store_true", help="as JSON")
    watch = verbs.add_parser(
        "watch",
        help="print what changes until all has ended",
        description="Ends with 0 when all finished well, with 1 when some did not.",
    )
    watch.add_argument("jobs", nargs="*", metavar="JOB", help="default: all live ones")
    watch.add_argument("--feed", type=int, help="all jobs of one feed")
    get = verbs.add_parser("get", help="save a run's output on this computer")
    get.add_argument("job", metavar="JOB")
    get.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    adopt = verbs.add_parser("adopt", help="follow runs that were started elsewhere")
    which = adopt.add_mutually_exclusive_group(required=True)
    which.add_argument("what", nargs="?", default="", metavar="ADDRESS|NUMBER")
    which.add_argument("--scan", action="store_true", help="look for all of them")
    export = verbs.add_parser(
        "export", help="write where jobs come from and what happened, as JSON"
    )
    export.add_argument("jobs", nargs="*", metavar="JOB")
    export.add_argument("--feed", type=int, help="all jobs of one feed")
    export.add_argument("--to", type=Path, required=True, metavar="FILE")


def _jobs(options: argparse.Namespace) -> int:
    """Carry out one of the commands of ``chrislib jobs``."""
    import asyncio

    from chrislib.paths import Paths

    if options.verb == "export" and not options.jobs and options.feed is None:
        _complain(ChrislibError("Say which jobs.", hint="Name them, or take --feed."))
        return _NOT_DONE
    paths = Paths.of_user()
    try:
        if options.verb in ("list", "export"):
            return asyncio.run(_read(options, paths))
        return asyncio.run(_work(options, paths))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # “chrislib jobs list | head” has seen enough.
        sys.stderr.close()
        return 0
    except ChrislibError as error:
        _complain(error)
        return _NOT_DONE


async def _read(options: argparse.Namespace, paths: "Paths") -> int:
    from chrislib.jobs import headless

    async with headless.to_read(paths.catalog) as catalog:
        if options.verb == "export":
            return await headless.export(
                catalog, options.jobs, feed=options.feed, to=options.to, say=_say
            )
        store = await headless.shown(catalog)
        return headless.list_jobs(
            [tracked.job for tracked in store.all()],
            live=options.live,
            feed=options.feed,
            as_json=options.json,
            say=_say,
        )


async def _work(options: argparse.Namespace, paths: "Paths") -> int:
    from chrislib.bootstrap import at_terminal
    from chrislib.desktop import instance
    from chrislib.logs import start_log

    def ask(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return instance.ask(paths.state, request)

    start_log(paths.state / "commands")
    async with at_terminal(paths, ask=ask, say=_say) as desk:
        if options.verb == "watch":
            return await desk.watch(options.jobs, feed=options.feed)
        if options.verb == "get":
            return await desk.get(options.job, options.to)
        return await desk.adopt("" if options.scan else options.what)


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(error: ChrislibError) -> None:
    print(f"chrislib: {error.title}", file=sys.stderr)
    for part in (error.detail, error.hint):
        if part:
            print(f"  {part}", file=sys.stderr)
