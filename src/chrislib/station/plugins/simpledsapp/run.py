"""pl-simpledsapp: the program of the package simpledsapp, as it is.

The registered version has one option more than the program on PyPI: ``--pftelDB``, an
address to send usage data to. A station sends none, so the option is taken and dropped.
"""

import sys
import warnings


def main() -> int:
    """Run the program with the arguments it knows."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    from simpledsapp.simpledsapp import SimpleDSApp

    arguments = sys.argv[1:]
    if "--pftelDB" in arguments:
        at = arguments.index("--pftelDB")
        del arguments[at : at + 2]
    sys.argv[1:] = arguments
    SimpleDSApp().launch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
