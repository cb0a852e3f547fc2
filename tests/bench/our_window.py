"""chrislib as it starts, ended after its first paint; prints when it painted."""

import os
import sys

from chrislib.app import run_app


def painted() -> None:
    sys.stdout.write("painted\n")
    sys.stdout.flush()
    os._exit(0)


sys.exit(run_app(painted=painted))
