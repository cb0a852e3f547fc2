"""In which order modules can be imported one at a time."""

import dis
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType

_PROGRAM = "chrislib"


def in_order(names: Sequence[str], *, below: str) -> tuple[list[str], list[str]]:
    """Find what modules need, without importing any of them (disk).

    Parameters
    ----------
    names : sequence of str
        Modules of this program.
    below : str
        The package whose modules are to be imported one at a time.

    Returns
    -------
    others, steps : list of str
        Modules of this program that are needed from elsewhere; those of the package
        and `names`, each after all that it needs itself.
    """
    others: dict[str, None] = {}
    steps: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        if not name.startswith(f"{below}."):
            others[name] = None
            return
        for needed in _needs(name):
            visit(needed)
        steps.append(name)

    for name in names:
        visit(name)
    return list(others), steps


def _needs(name: str) -> Iterator[str]:
    spec = find_spec(name)
    code = _code_of(spec) if spec is not None else None
    if code is None:
        return
    named = _imported(code) if "TYPE_CHECKING" in code.co_names else code.co_names
    package = ""
    for one in named:
        if one.startswith(f"{_PROGRAM}."):
            package = one
            yield one
        elif package and one in _inside(package):
            yield f"{package}.{one}"


def _code_of(spec: ModuleSpec) -> CodeType | None:
    get = getattr(spec.loader, "get_code", None)
    code = get(spec.name) if get is not None else None
    return code if isinstance(code, CodeType) else None


def _imported(code: CodeType) -> list[str]:
    """Return the names of imports, in order, but for those only types need."""
    found: list[str] = []
    after = -1
    typed = False
    for step in dis.get_instructions(code):
        if step.offset < after:
            continue
        if step.opname == "LOAD_NAME":
            typed = step.argval == "TYPE_CHECKING"
        elif typed and "JUMP" in step.opname:
            after, typed = step.argval, False
        elif step.opname in {"IMPORT_NAME", "IMPORT_FROM"}:
            found.append(step.argval)
    return found


@cache
def _inside(package: str) -> frozenset[str]:
    """Return the names of the modules of a package; nothing for a module (disk)."""
    from pkgutil import iter_modules

    spec = find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    return (
        frozenset(one.name for one in iter_modules(places)) if places else frozenset()
    )
