"""pl-topologicalcopy: the station copies; this only says what was asked."""

import argparse
import sys


def main() -> int:
    """Print what a run of pl-topologicalcopy was given."""
    parser = argparse.ArgumentParser(prog="topologicalcopy")
    parser.add_argument("--plugininstances", default="")
    parser.add_argument("-f", "--filter", default="")
    parser.add_argument("-g", "--groupByInstance", action="store_true")
    parser.add_argument("--pftelDB", default="")
    parser.add_argument("outputdir")
    options = parser.parse_args()
    print("Version: 1.0.12")
    print(f"Plugin instances: {options.plugininstances}")
    print(f"Filter: {options.filter}")
    print(f"Grouped by instance: {options.groupByInstance}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
