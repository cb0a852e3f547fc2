"""A small token-style service: takes texts, answers with a token, works, keeps results.

It is what the people who asked for remote jobs had in mind: submit for a token, ask
for the status, fetch the result, purge it, list one's queue, or wait for the answer
at once. Its queue lives on disk, so it can be killed and started again.

Run as a script: ``server.py ROOT PORT_FILE [PORT]``. Nothing but the standard library.
"""

import hashlib
import json
import os
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ENDED = ("done", "failed", "stopped")
SECRETS = {"swordfish": "ada", "marlin": "grace"}
"""Bearer secrets and whose they are."""


class Queue:
    """Jobs as folders; every change replaces one small file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.Lock()
        for folder in ("jobs", "files"):
            (root / folder).mkdir(parents=True, exist_ok=True)

    def load(self, token: str) -> dict[str, Any] | None:
        path = self.root / "jobs" / token / "job.json"
        if not token.isalnum() or not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def save(self, job: dict[str, Any]) -> None:
        folder = self.root / "jobs" / job["token"]
        folder.mkdir(exist_ok=True)
        temporary = folder / "job.part"
        temporary.write_text(json.dumps(job), encoding="utf-8")
        os.replace(temporary, folder / "job.json")

    def all(self) -> list[dict[str, Any]]:
        names = sorted(path.name for path in (self.root / "jobs").iterdir())
        found = [self.load(name) for name in names]
        return sorted((job for job in found if job), key=lambda job: job["submitted"])

    def purge(self, token: str) -> None:
        folder = self.root / "jobs" / token
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()

    def work(self) -> None:
        """Do what waits, again and again; what a crash interrupted is done anew."""
        while True:
            with self.lock:
                for job in self.all():
                    if job["status"] == "queued":
                        job["status"] = "running"
                        self.save(job)
                    elif job["status"] == "running" and not job["hold"]:
                        self.finish(job)
            time.sleep(0.02)

    def finish(self, job: dict[str, Any]) -> None:
        """Write the result of a job and say that it is done."""
        results = self.root / "jobs" / job["token"] / "results"
        results.mkdir(exist_ok=True)
        try:
            answer = self.measured(job)
        except OSError as error:
            job.update(status="failed", detail=str(error))
        else:
            (results / "report.json").write_text(json.dumps(answer), encoding="utf-8")
            words = sorted(answer["words"])
            text = "\n".join(words)
            (results / "words.txt").write_text(text, encoding="utf-8")
            job["status"] = "done"
            if job["fail"]:
                job.update(status="failed", detail="The text has no end.")
        log = f"{job['operation']}: {job['status']}\n"
        (results.parent / "log.txt").write_text(log, encoding="utf-8")
        self.save(job)

    def measured(self, job: dict[str, Any]) -> dict[str, Any]:
        text = str(job["values"].get("text", ""))
        for digest in job["files"]:
            text += (self.root / "files" / digest).read_text(encoding="utf-8")
        return {"characters": len(text), "words": sorted(set(text.split()))}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    queue: Queue
    faults: dict[str, int] = {}  # noqa: RUF012 - of the one server of this process

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent."""

    def do_GET(self) -> None:
        user, parts = self.user(), self.parts()
        if user is None:
            return
        with self.queue.lock:
            if parts == ["jobs"]:
                self.counted("list")
                mine = [job for job in self.queue.all() if job["user"] == user]
                self.say(200, [self.public(job) for job in mine])
                return
            if parts == ["counts"]:
                self.say(200, self.faults)
                return
            job = self.queue.load(parts[1]) if len(parts) > 1 else None
            if job is None or job["user"] != user:
                self.say(404, {"error": "There is no such job."})
                return
            folder = self.queue.root / "jobs" / job["token"]
            match parts[2:]:
                case []:
                    self.say(200, self.public(job))
                case ["log"]:
                    self.file(folder / "log.txt")
                case ["results"]:
                    self.say(200, self.results(folder / "results"))
                case ["results", name] if (folder / "results" / name).is_file():
                    self.file(folder / "results" / name)
                case _:
                    self.say(404, {"error": "There is no such thing."})

    def do_PUT(self) -> None:
        parts = self.parts()
        if self.user() is None:
            return
        digest = hashlib.sha256()
        path = self.queue.root / "files" / parts[1]
        with path.open("wb") as file:
            left = int(self.headers["Content-Length"])
            while left:
                block = self.rfile.read(min(left, 65536))
                digest.update(block)
                file.write(block)
                left -= len(block)
        good = digest.hexdigest() == parts[1]
        self.say(201 if good else 400, {})

    def do_POST(self) -> None:
        body = self.body()
        user, parts = self.user(), self.parts()
        if user is None:
            return
        match parts:
            case ["jobs"]:
                self.submit(user, body)
            case ["status"]:
                self.counted("status")
                with self.queue.lock:
                    jobs = [self.queue.load(token) for token in body["tokens"]]
                    known = [self.public(j) for j in jobs if j and j["user"] == user]
                self.say(200, known)
            case ["jobs", token, "stop"]:
                self.counted("stop")
                self.stop(token)
            case ["control", "release"]:
                self.change(body["token"], hold=False)
            case ["control", "fault"]:
                self.faults.update(body)
                self.say(200, {})
            case _:
                self.say(404, {"error": "There is no such thing."})

    def do_DELETE(self) -> None:
        user, parts = self.user(), self.parts()
        if user is None:
            return
        with self.queue.lock:
            job = self.queue.load(parts[1])
            if job is None:
                self.say(404, {"error": "There is no such job."})
                return
            if job["status"] not in ENDED:
                self.say(409, {"error": "It has not ended."})
                return
            self.queue.purge(job["token"])
        self.say(204, None)

    # What they need.

    def submit(self, user: str, body: dict[str, Any]) -> None:
        self.counted("submit")
        if body["operation"] != "measure":
            self.say(400, {"operation": "Only “measure” is known."})
            return
        job = {
            "token": uuid.uuid4().hex,
            "user": user,
            "operation": body["operation"],
            "title": body.get("title", ""),
            "reference": body.get("reference", ""),
            "values": body.get("values", {}),
            "files": body.get("files", []),
            "hold": bool(body.get("values", {}).get("hold")),
            "fail": bool(body.get("values", {}).get("fail")),
            "status": "queued",
            "submitted": time.time(),
            "detail": "",
        }
        if body.get("at_once") and self.faults.pop("drop_answer", 0):
            self.close_connection = True
            self.connection.close()
            return
        if body.get("at_once"):
            self.say(200, {"result": self.queue.measured(job)})
            return
        with self.queue.lock:
            self.queue.save(job)
        if self.faults.pop("drop_submit", 0):
            self.close_connection = True
            self.connection.close()
            return
        self.say(202, {"token": job["token"]})

    def stop(self, token: str) -> None:
        with self.queue.lock:
            job = self.queue.load(token)
            if job is None:
                self.say(404, {"error": "There is no such job."})
                return
            if job["status"] in ENDED:
                self.say(409, {"error": "It has ended."})
                return
            job["status"] = "stopped"
            self.queue.save(job)
        self.say(200, {})

    def change(self, token: str, **changes: Any) -> None:
        with self.queue.lock:
            job = self.queue.load(token)
            assert job is not None
            self.queue.save({**job, **changes})
        self.say(200, {})

    def counted(self, what: str) -> None:
        self.faults[f"count_{what}"] = self.faults.get(f"count_{what}", 0) + 1

    def results(self, folder: Path) -> list[dict[str, Any]]:
        return [
            {
                "name": path.name,
                "size": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in sorted(folder.iterdir())
        ]

    def public(self, job: dict[str, Any]) -> dict[str, Any]:
        names = ("token", "status", "title", "reference", "submitted", "detail")
        return {name: job[name] for name in names}

    def user(self) -> str | None:
        secret = self.headers.get("Authorization", "").removeprefix("Bearer ")
        user = SECRETS.get(secret)
        if user is None:
            self.say(401, {"error": "Who are you?"})
        return user

    def parts(self) -> list[str]:
        return [part for part in self.path.split("?")[0].split("/") if part]

    def body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length", "0"))
        found: dict[str, Any] = json.loads(self.rfile.read(length) or b"{}")
        return found

    def file(self, path: Path) -> None:
        content = path.read_bytes() if path.exists() else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def say(self, status: int, content: Any) -> None:
        data = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    """Takes many connections at a time."""

    request_queue_size = 64
    daemon_threads = True


def main(root: Path, port_file: Path, port: int) -> None:
    """Serve until killed."""
    Handler.queue = Queue(root)
    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=Handler.queue.work, daemon=True).start()
    temporary = port_file.with_suffix(".part")
    temporary.write_text(str(server.server_address[1]), encoding="utf-8")
    os.replace(temporary, port_file)
    server.serve_forever()


if __name__ == "__main__":
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    main(Path(sys.argv[1]), Path(sys.argv[2]), number)
