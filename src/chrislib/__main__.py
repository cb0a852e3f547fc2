"""``python -m chrislib``."""

import sys

from chrislib.cli import main

if __name__ == "__main__":
    sys.exit(main())
