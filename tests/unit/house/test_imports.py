"""Classes made of Qt's are made on the window's thread only, in small steps.

Each in a process of its own: what is imported stays imported.
"""

import os
import subprocess
import sys

_ONE_AT_A_TIME = """
import importlib, sys
from chrislib.imports import in_order
from chrislib.program import _FURNITURE, _MODULES

def views():
    return {name for name in sys.modules if name.startswith("chrislib.views")}

others, steps = in_order([*_FURNITURE, *_MODULES], below="chrislib.views")
assert not any(name.startswith("chrislib.views.") for name in others)
for name in others:
    importlib.import_module(name)
assert len(steps) > 200
for name in steps:
    before = views()
    importlib.import_module(name)
    came = {one for one in views() - before if hasattr(sys.modules[one], "__path__")}
    more = views() - before - came - {name}
    assert not more, (name, more)
print("well")
"""

_ON_THIS_THREAD = """
import asyncio, sys, threading
from importlib.machinery import SourceFileLoader
from chrislib import program

others = []

def noting(loader, module, run=SourceFileLoader.exec_module):
    if threading.current_thread() is not threading.main_thread():
        others.append(module.__name__)
    run(loader, module)

SourceFileLoader.exec_module = noting

async def main():
    for names in (program._FURNITURE, program._NETWORK, program._MODULES):
        await program._load(names)

asyncio.run(main())
made = [name for name in sys.modules if name.startswith("chrislib.views.")]
assert len(made) > 200
packages = {name.rpartition(".")[0] for name in made}
assert others
there = [n for n in others if n.startswith("chrislib.views.") and n not in packages]
assert not there, there
print("well")
"""


def said(script: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    return ended.stdout + ended.stderr


def test_views_can_be_imported_one_at_a_time() -> None:
    assert said(_ONE_AT_A_TIME) == "well\n"


def test_no_view_is_imported_on_another_thread() -> None:
    assert said(_ON_THIS_THREAD) == "well\n"
