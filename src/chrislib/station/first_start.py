"""What a new station holds before anybody used it."""

import os
import secrets
import uuid

from chrislib.paths import Paths
from chrislib.station.auth import hash_password
from chrislib.station.context import ADMIN, OWNER, StationConfig
from chrislib.station.disk import Disk
from chrislib.station.store import Store

_PUBLIC = ("", "PUBLIC", "PIPELINES")
_WELCOME = b"Welcome to the chrislib station!\n"


def owner_password(paths: Paths) -> str:
    """Return the password of the owner, kept in a private file on disk.

    It is made at the first start. Whoever can read the file could read the data as
    well: it keeps other users of the computer out, nobody else.
    """
    path = paths.station_owner_secret
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    password = secrets.token_urlsafe(24)
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(password)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    return password


def fill(store: Store, disk: Disk, paths: Paths, *, config: StationConfig) -> None:
    """Enter users, groups, folders and the compute resource (writes the database).

    Does nothing the second time, but the time limit follows the options and a new
    password file is believed: it is the only way to set a new password.
    """
    password = owner_password(paths)
    with store.transaction():
        now = store.now()
        if store.value("SELECT 1 FROM meta WHERE key = 'created'") is None:
            _create(store, disk, now)
        store.execute(
            "UPDATE compute_resources SET max_job_exec_seconds = ?", config.max_seconds
        )
        digest = hash_password(password)
        store.update("users", store.user_id(OWNER), password=digest)


def _create(store: Store, disk: Disk, now: str) -> None:
    store.insert("meta", key="created", value=now)
    store.insert("meta", key="uuid", value=str(uuid.uuid4()))
    for name, staff in ((ADMIN, 1), (OWNER, 0)):
        store.insert(
            "users",
            username=name,
            email=f"{name}@localhost",
            password="",  # nobody can sign in with it: no digest fits
            token=secrets.token_hex(20),
            is_staff=staff,
        )
    for name in ("all_users", "pacs_users"):
        group = store.insert("groups", name=name)
        store.insert("memberships", user_id=store.user_id(OWNER), group_id=group)
    for path in ("", "home", "SHARED", "PUBLIC", "SERVICES", "PIPELINES"):
        folder = store.ensure_folder(path, ADMIN)
        store.update("folders", folder, public=int(path in _PUBLIC))
    store.ensure_folder("SERVICES/PACS", ADMIN)
    home = f"home/{OWNER}"
    store.ensure_folder(f"{home}/uploads", OWNER)
    store.ensure_folder(f"{home}/feeds", OWNER)
    store.register_link(f"{home}/public.chrislink", "PUBLIC", owner=OWNER)
    store.register_link(f"{home}/shared.chrislink", "SHARED", owner=OWNER)
    store.register_file(
        f"{home}/uploads/welcome.txt",
        len(_WELCOME),
        disk.write(_WELCOME),
        owner=OWNER,
    )
    store.insert(
        "compute_resources",
        creation_date=now,
        modification_date=now,
        name="host",
        description="Programs of this computer",
        max_job_exec_seconds=0,
    )
