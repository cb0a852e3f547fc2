"""One run on disk: its folder, its command line, its start."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from chrislib.station.context import StationContext
from chrislib.station.environments import Environments
from chrislib.station.process import Process, identity_of, kill, start
from chrislib.station.registry import Descriptor, Registry
from chrislib.station.reports import read_log
from chrislib.station.storage import (
    RunFailed,
    copy_inputs,
    owner_of,
    sources_below,
)
from chrislib.station.store import Row

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_PATHS = ("path", "unextpath")


class Job:
    """The run of one instance.

    Parameters
    ----------
    context : StationContext
        The station.
    instance : Row
        Row of the instance with the columns of the runner's query.
    """

    def __init__(self, context: StationContext, instance: Row) -> None:
        self._context = context
        self.instance = instance
        self.folder = context.paths.station / "runs" / str(instance["id"])
        self.incoming = self.folder / "incoming"
        self.outgoing = self.folder / "outgoing"
        name, version = instance["plugin_name"], instance["plugin_version"]
        registry: Registry = context.shared["registry"]
        self._descriptor = registry.find(name, version)

    @property
    def prepared(self) -> bool:
        """Whether all is in place for the start (looks at the disk)."""
        return (self.folder / "prepared").exists()

    @property
    def descriptor(self) -> Descriptor:
        """The plugin; CODE01 when the station does not have it any more."""
        if self._descriptor is None:
            raise RunFailed("CODE01", "This plugin is not part of the station any more")
        return self._descriptor

    def prepare(self, environments: Environments) -> None:
        """Make environment and input folder (network, disk; may take minutes).

        Raises
        ------
        RunFailed
            With the code of what went wrong.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            for folder in (self.incoming, self.outgoing, self.folder / "tmp"):
                folder.mkdir(parents=True)
        except OSError as error:
            raise RunFailed("CODE01", f"No run folder: {error.strerror}") from error
        environments.python(self.descriptor)
        self._copy_inputs()
        (self.folder / "prepared").touch()

    def _copy_inputs(self) -> None:
        store = self._context.store
        output = self.instance["output_path"]
        owner = owner_of(store, self.instance)
        starts = [v for q, v in self._values() if q["type"] == "path"]
        paths = [path for value in starts for path in str(value).split(",")]
        if self.instance["plugin_type"] == "ds":
            above = "SELECT output_path FROM instances WHERE id = ?"
            paths.append(store.value(above, self.instance["previous_id"]))
        for path in paths:
            sources = sources_below(self._context, path, owner=owner, output=output)
            copy_inputs(self._context, sources, self.incoming)

    def _values(self) -> list[tuple[Row, Any]]:
        rows = self._context.store.rows(
            "SELECT q.*, v.value_json FROM instance_values v "
            "JOIN parameters q ON q.id = v.parameter_id "
            "WHERE v.instance_id = ? ORDER BY q.id",
            self.instance["id"],
        )
        return [(row, json.loads(row["value_json"])) for row in rows]

    def unextracted(self) -> list[str]:
        """Return the paths that become link files."""
        values = [v for q, v in self._values() if q["type"] == "unextpath"]
        return [path for value in values for path in str(value).split(",")]

    def options(self, incoming: str) -> list[str]:
        """Return the options of the command line."""
        options: list[str] = []
        for parameter, value in self._values():
            if parameter["type"] == "boolean":
                if bool(value) == (parameter["action"] == "store_true"):
                    options.append(parameter["flag"])
            elif parameter["type"] in _PATHS:
                options += [parameter["flag"], incoming]
            else:
                options += [parameter["flag"], str(value)]
        return options

    def command(self) -> list[str]:
        """Return the command line as a container would have it."""
        facts = self.descriptor.facts
        program = f"{facts['selfpath']}/{facts['selfexec']}"
        folders = ["/share/outgoing"]
        if self.instance["plugin_type"] == "ds":
            folders.insert(0, "/share/incoming")
        return [facts["execshell"], program, *self.options("/share/incoming"), *folders]

    def launch(self, environments: Environments) -> Process:
        """Start the program in a session of its own (starts a process).

        Raises
        ------
        RunFailed
            CODE01 when it cannot be started.
        """
        python = environments.python(self.descriptor)
        folders = [str(self.outgoing)]
        if self.instance["plugin_type"] == "ds":
            folders.insert(0, str(self.incoming))
        isolated = [] if self.descriptor.lock else ["-I", "-S"]
        program = [str(python), *isolated, str(self.descriptor.program)]
        spec = {
            "argv": [*program, *self.options(str(self.incoming)), *folders],
            "cwd": str(self.folder / "tmp"),
            "env": self._environment(python),
            "limit": self.instance["max_job_exec_seconds"],
        }
        path = self.folder / "spec.json"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(spec, file)
            supervisor = [sys.executable, "-I", "-S", str(_SUPERVISOR)]
            started = start(
                [*supervisor, str(self.folder)], cwd=self.folder, env=_bare()
            )
        except OSError as error:
            raise RunFailed("CODE01", f"No process: {error.strerror}") from error
        process = Process(started.pid, identity_of(started.pid))
        process.save(self.folder / "process.json")
        self.child: subprocess.Popen[bytes] = started
        return process

    def _environment(self, python: Path) -> dict[str, str]:
        instance, owner = self.instance, owner_of(self._context.store, self.instance)
        scratch = str(self.folder / "tmp")
        # Nothing of the station's own environment but what programs cannot do without.
        env = {
            **_bare(),
            "PATH": os.pathsep.join([str(python.parent), os.defpath]),
            "HOME": scratch,
            "TMPDIR": scratch,
            "TEMP": scratch,
            "TMP": scratch,
            "XDG_CONFIG_HOME": scratch,
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CHRIS_JID": f"chris-jid-{instance['id']}",
            "CHRIS_PLG_INST_ID": str(instance["id"]),
            "CHRIS_USER_USERNAME": owner.username,
            "CHRIS_USER_EMAIL": owner.email,
            "CHRIS_USER_TOKEN": owner.token,
        }
        if instance["previous_id"] is not None:
            env["CHRIS_PREV_PLG_INST_ID"] = str(instance["previous_id"])
            env["CHRIS_PREV_JID"] = f"chris-jid-{instance['previous_id']}"
        return env

    def process(self) -> Process | None:
        """Return the process that runs it or ran it, from disk."""
        # The second is what a program says that was started by a dying station.
        return Process.load(self.folder / "process.json") or Process.load(
            self.folder / "claim"
        )

    def ending(self) -> dict[str, Any] | None:
        """Return how the program ended, None while it has not."""
        try:
            text = (self.folder / "exit.json").read_text(encoding="utf-8")
            ending: dict[str, Any] = json.loads(text)
        except (OSError, ValueError):
            return None
        return ending

    def kill(self) -> None:
        """End the program and all that belongs to it."""
        process = self.process()
        if process is not None:
            kill(process)

    def log(self) -> str:
        """Return the end of the program's log, without paths of this computer."""
        names = {
            str(self._context.paths.plugin_envs): "/usr/local/lib/environments",
            str(Path(__file__).parent): "/usr/local/lib/station",
            sys.base_prefix: "/usr/local",
        }
        return read_log(self.folder, names)

    def note(self, line: str) -> None:
        """Add a line of the station's to the program's log on disk."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
                log.write(f"[station] {line}\n")
        except OSError:
            return

    def tidy(self) -> None:
        """Remove the folder of the run from disk."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _bare() -> dict[str, str]:
    """Return the few variables without which a system starts no program."""
    needed = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT")
    kept = {name: os.environ[name] for name in needed if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **kept}
