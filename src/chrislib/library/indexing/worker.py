"""A process that reads portions of files until its input ends.

Run as ``python -m chrislib.library.indexing.worker``.
"""

from chrislib.library.indexing.reading import PortionReader
from chrislib.library.process import serve


def main() -> None:
    """Read what is asked for (disk) and answer."""
    reader = PortionReader()
    serve(lambda portion: tuple(reader.read(portion)))


if __name__ == "__main__":
    main()
