"""pl-dircopy: the station makes the link files; this only says what was asked."""

import sys


def main() -> int:
    """Print what a run of pl-dircopy prints."""
    print("Version: 2.1.3")
    arguments = sys.argv[1:]
    if "--dir" in arguments[:-1]:
        print(f"Dir: {arguments[arguments.index('--dir') + 1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
