"""Tokens: the keyring where it can be trusted, memory where it cannot."""

import os
import subprocess
import sys
import threading

import pytest

from chrislib.desktop.secrets import Keyring, KeyringStore, MemoryStore, secret_store


class Ring:
    """A keyring in memory, that can hang until it is let go, or refuse."""

    def __init__(self, *, broken: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.free = threading.Event()
        self.free.set()
        self.broken = broken

    def _use(self) -> None:
        assert self.free.wait(60)
        if self.broken:
            raise RuntimeError("prompt dismissed")

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret."""
        self._use()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        self._use()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""
        self._use()
        del self.kept[service, username]


def store_on(ring: Keyring | None, seconds: float = 5.0) -> KeyringStore:
    """Return a store on some keyring."""
    return KeyringStore(lambda: ring, seconds=seconds)


@pytest.mark.logs("the keyring refused")
async def test_a_working_keyring_keeps_it() -> None:
    ring = Ring()
    store = store_on(ring)
    assert await store.get("url|me") is None
    assert await store.set("url|me", "token")
    assert ring.kept == {("chrislib", "url|me"): "token"}
    assert await store.get("url|me") == "token"
    await store.delete("url|me")
    assert await store.get("url|me") is None
    await store.delete("url|me")


@pytest.mark.logs("the keyring refused")
@pytest.mark.parametrize("ring", [None, Ring(broken=True)])
async def test_without_a_keyring_it_is_kept_in_memory(ring: Ring | None) -> None:
    store = store_on(ring)
    assert not await store.set("url|me", "token")
    assert await store.get("url|me") == "token"
    await store.delete("url|me")
    assert await store.get("url|me") is None


@pytest.mark.logs("did not answer")
async def test_a_keyring_that_hangs_does_not_hang_us() -> None:
    ring = Ring()
    ring.free.clear()
    assert not await store_on(ring, 0.05).set("url|me", "token")
    # answered while the keyring still hangs
    assert not ring.kept
    ring.free.set()


async def test_memory_only_says_so() -> None:
    store = MemoryStore()
    assert not await store.set("a", "b")
    assert await store.get("a") == "b"


async def test_untrusted_backends_are_never_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keyring
    from keyring.backends import fail, null

    for kind in (fail.Keyring, null.Keyring):
        backend: object = kind()
        monkeypatch.setattr(keyring, "get_keyring", lambda b=backend: b)
        store = secret_store()
        assert not await store.set("url|me", "token")
        assert await store.get("url|me") == "token"


_REAL = """
import asyncio
from chrislib.desktop.secrets import secret_store
async def main():
    first, second = secret_store(), secret_store()
    assert await first.set("http://here|me", "the token")
    assert await second.get("http://here|me") == "the token"
    await second.delete("http://here|me")
    assert await first.get("http://here|me") is None
    print("worked")
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's")
def test_a_real_secret_service_keeps_it(tmp_path: object) -> None:
    env = {k: v for k, v in os.environ.items() if k != "PYTHON_KEYRING_BACKEND"}
    env |= {"HOME": str(tmp_path), "XDG_DATA_HOME": f"{tmp_path}/data"}
    command = "echo | gnome-keyring-daemon --unlock --components=secrets >/dev/null; "
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", command + '"$0" -c "$1"',
         sys.executable, _REAL],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.strip().endswith("worked"), done.stderr[-2000:]
