"""pl-dcm2niix: the program dcm2niix, called as a ChRIS plugin."""

import argparse
import subprocess
import sys

import dcm2niix

_FLAGS = {
    "b": ("y", ("y", "n", "o")),
    "d": ("5", tuple("0123456789")),
    "f": ("%f_%p_%t_%s", None),
    "m": ("2", ("n", "y", "0", "1", "2")),
    "v": ("0", ("n", "y", "0", "1", "2")),
    "x": ("n", ("y", "n", "i")),
    "z": ("n", ("y", "o", "i", "n", "3")),
}


def main() -> int:
    """Convert the input folder and return the exit code of dcm2niix."""
    parser = argparse.ArgumentParser(prog="dcm2niixw")
    for flag, (default, choices) in _FLAGS.items():
        parser.add_argument(f"-{flag}", default=default, choices=choices)
    parser.add_argument("inputdir")
    parser.add_argument("outputdir")
    options = parser.parse_args()
    command = []
    for flag in _FLAGS:
        command += [f"-{flag}", getattr(options, flag)]
    command += ["-o", options.outputdir, options.inputdir]
    print(f"Command: dcm2niix {' '.join(command)}", flush=True)
    return subprocess.run([dcm2niix.bin, *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
