"""A real service process, really installed plug-ins, and a job manager over both."""

import asyncio
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.desktop.toast import Toast
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, JobKey, Phase

_HERE = Path(__file__).resolve().parent
SECRET = "swordfish"


@dataclass
class ServiceProcess:
    """The service of ``server.py``, killed and started again at will."""

    root: Path
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "ServiceProcess":
        self.root.mkdir(parents=True, exist_ok=True)
        port_file = self.root / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-I", str(_HERE / "server.py"), str(self.root)]
        self.process = subprocess.Popen([*command, str(port_file), str(self.port)])
        deadline = time.monotonic() + 30
        while not port_file.exists():
            assert self.process.poll() is None, "the service did not start"
            assert time.monotonic() < deadline, "the service did not start"
            time.sleep(0.01)
        self.port = int(port_file.read_text())
        return self

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask it directly, past chrislib."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path,
            data=data,
            method=method,
            headers={"Authorization": f"Bearer {SECRET}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def release(self, token: str) -> None:
        """Let a job that is held go on."""
        self.ask("POST", "/control/release", {"token": token})

    def fault(self, name: str) -> None:
        """Misbehave once."""
        self.ask("POST", "/control/fault", {name: 1})

    def count(self, what: str) -> int:
        """Return how often something was asked since its start."""
        found = self.ask("GET", "/counts")
        return int(found.get(f"count_{what}", 0))


class Site:
    """A folder on the path into which distributions are installed and removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        sys.path.append(str(folder))
        self._modules: set[str] = set()

    def install_wheel(self, wheel: Path) -> None:
        """Install a wheel as pip would: its files and its dist-info."""
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.folder)
            names = archive.namelist()
        self._modules |= {n.partition(".py")[0] for n in names if n.endswith(".py")}
        importlib.invalidate_caches()

    def install_source(self, name: str, source: str, points: dict[str, str]) -> None:
        """Install a module of one file with its entry points."""
        module = name.replace("-", "_")
        (self.folder / f"{module}.py").write_text(source, encoding="utf-8")
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        lines = [f"[{group}]\n{line}\n" for group, line in points.items()]
        (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        self._modules.add(module)
        importlib.invalidate_caches()

    def uninstall(self) -> None:
        """Remove everything that was installed here, as if it never had been."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._forget()

    def close(self) -> None:
        """Take the folder off the path."""
        sys.path.remove(str(self.folder))
        self._forget()

    def _forget(self) -> None:
        for name in self._modules:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()


def build_wheel(folder: Path) -> Path:
    """Build the distribution beside this file; no network is needed."""
    source = folder / "source"
    shutil.copytree(_HERE / "textworks", source)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=120,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


class RecordingSink:
    """Keeps the toasts it is asked to show."""

    def __init__(self) -> None:
        self.toasts: list[Toast] = []

    async def show(self, toast: Toast) -> None:
        """Keep it."""
        self.toasts.append(toast)


class Desk:
    """A job manager over a catalog file, made anew to play a restart."""

    def __init__(self, folder: Path, *, options: dict[str, str] | None = None) -> None:
        self.path = folder / "state" / "catalog.db"
        self.options = options or {}
        self.secrets: dict[str, str] = {}
        self.sink = RecordingSink()
        self.catalog = Catalog(self.path)
        self.jobs = self._manager()

    def use(self, service: ServiceProcess) -> None:
        """Say where the service is and who asks."""
        for name in ("textworks", "textworks-now"):
            self.options[f"plugin.{name}.url"] = service.url
            self.options[f"plugin.{name}.user"] = "ada"
        self.secrets[f"{service.url}|ada"] = SECRET

    async def start(self) -> "Desk":
        await self.catalog.open()
        for key, value in self.options.items():
            await self.catalog.settings_kv.set(key, value)
        await self.jobs.start()
        await self.jobs.services.ready()
        return self

    async def stop(self) -> None:
        await self.jobs.stop()
        await self.catalog.close()

    async def restart(self) -> None:
        """Play the end of this process and the start of the next."""
        await self.stop()
        self.catalog = Catalog(self.path)
        self.jobs = self._manager()
        await self.start()

    def job(self, key: JobKey) -> Job:
        """Return a job that must be there."""
        found = self.jobs.get(key)
        assert found is not None
        return found

    async def until(
        self, condition: Callable[[], object], seconds: float = 30.0
    ) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, [
                (j.title, j.phase, j.reach, j.detail) for j in self.jobs.jobs()
            ]
            await asyncio.sleep(0.01)

    async def phase(self, key: JobKey, phase: Phase) -> Job:
        """Wait until a job is in a phase."""
        await self.until(lambda: self.job(key).phase is phase)
        return self.job(key)

    async def kinds(self, key: JobKey) -> list[str]:
        """Return the kinds of the inbox rows of a job."""
        return [row.kind for row in await self.jobs.inbox() if row.job_key == key]

    def _manager(self) -> JobManager:
        async def secret(account: str) -> str | None:
            return self.secrets.get(account)

        return JobManager(
            catalog=self.catalog,
            client_for=lambda: None,
            pacs=lambda: None,
            clock=SystemClock(),
            sinks=[self.sink],
            base_period=0.15,
            secret=secret,
        )
