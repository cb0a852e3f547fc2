"""The command line: run, station, doctor. Importing it starts nothing else."""

import argparse
import sys
from collections.abc import Sequence


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
    parser = argparse.ArgumentParser(prog="chrislib", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help="open the window (the default)")
    run.add_argument("link", nargs="?", default="", help="chris: link to show")
    commands.add_parser("station", help="the embedded ChRIS (serve, prepare)")
    options = parser.parse_args(arguments)
    from chrislib.app import run_app

    return run_app(link=getattr(options, "link", ""))
