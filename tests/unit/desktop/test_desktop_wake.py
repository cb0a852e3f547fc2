"""Signals of the system, from a real bus of one's own."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.constants import PropertyAccess
from dbus_fast.service import ServiceInterface, dbus_property

from chrislib.desktop.wake import WakeSignals

NETWORK = "org.freedesktop.NetworkManager"
POWER = "net.hadess.PowerProfiles"


@pytest.fixture
def bus_address(tmp_path: Path) -> Iterator[str]:
    """Return the address of a message bus that only this test uses."""
    daemon = subprocess.Popen(
        [
            "dbus-daemon", "--session", "--nofork", "--print-address",
            f"--address=unix:path={tmp_path}/bus",
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert daemon.stdout is not None
    yield daemon.stdout.readline().decode().strip()
    daemon.terminate()
    daemon.wait(10)
    daemon.stdout.close()


class System:
    """Plays logind, NetworkManager and the power profiles."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus

    async def say(
        self, path: str, interface: str, member: str, *, signature: str, body: list[Any]
    ) -> None:
        """Send a signal."""
        await self.bus.send(
            Message(
                message_type=MessageType.SIGNAL,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=body,
            )
        )

    async def sleep(self, *, begins: bool) -> None:
        """Say that the computer goes to sleep, or has slept."""
        await self.say(
            "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager",
            "PrepareForSleep",
            signature="b",
            body=[begins],
        )

    async def network(self, state: int) -> None:
        """Say how the network is now."""
        await self.say(
            "/org/freedesktop/NetworkManager",
            NETWORK,
            "StateChanged",
            signature="u",
            body=[state],
        )

    async def changed(self, interface: str, **values: Variant) -> None:
        """Say that properties have changed."""
        await self.say(
            "/" + interface.replace(".", "/"),
            "org.freedesktop.DBus.Properties",
            "PropertiesChanged",
            signature="sa{sv}as",
            body=[interface, values, []],
        )


@pytest.fixture
async def system(bus_address: str) -> AsyncIterator[System]:
    """Return the system's services on the bus."""
    bus = await MessageBus(bus_address).connect()
    for name in ("org.freedesktop.login1", NETWORK, POWER):
        await bus.request_name(name)
    yield System(bus)
    bus.disconnect()


class Heard:
    """Keeps what was told."""

    def __init__(self, address: str) -> None:
        self.told: list[str] = []
        self.signals = WakeSignals(
            woke=lambda: self.told.append("woke"),
            network_up=lambda: self.told.append("network"),
            saving=lambda saving: self.told.append(f"saving {saving}"),
            address=address,
        )

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + 8
        while not condition():
            assert time.monotonic() < deadline, self.told
            await asyncio.sleep(0.01)


async def test_waking_is_told_and_falling_asleep_is_not(
    bus_address: str, system: System
) -> None:
    heard = Heard(bus_address)
    assert await heard.signals.start()
    await system.sleep(begins=True)
    await system.sleep(begins=False)
    await heard.until(lambda: heard.told)
    await system.sleep(begins=False)
    await heard.until(lambda: len(heard.told) == 2)
    assert heard.told == ["woke", "woke"]
    await heard.signals.close()


async def test_a_network_that_comes_back_is_told_once(
    bus_address: str, system: System
) -> None:
    heard = Heard(bus_address)
    assert await heard.signals.start()
    for state in (70, 20, 40, 60, 70):
        await system.network(state)
    # out of the hotel's portal
    for connectivity in (2, 4, 4):
        await system.changed(NETWORK, Connectivity=Variant("u", connectivity))
    await system.sleep(begins=False)
    await heard.until(lambda: "woke" in heard.told)
    assert heard.told == ["network", "network", "woke"]
    await heard.signals.close()


async def test_dear_power_and_traffic_are_told(
    bus_address: str, system: System
) -> None:
    heard = Heard(bus_address)
    assert await heard.signals.start()
    await system.changed(NETWORK, Metered=Variant("u", 1))
    await system.changed(POWER, ActiveProfile=Variant("s", "power-saver"))
    await system.changed(NETWORK, Metered=Variant("u", 2))
    await system.changed(POWER, ActiveProfile=Variant("s", "balanced"))
    await heard.until(lambda: len(heard.told) == 4)
    assert heard.told == ["saving True"] * 3 + ["saving False"]
    await heard.signals.close()


class Profiles(ServiceInterface):
    """The part of the power profiles that is read at the start."""

    @dbus_property(access=PropertyAccess.READ)
    def ActiveProfile(self) -> "s":  # type: ignore[name-defined]  # noqa: F821
        return "power-saver"


async def test_how_things_are_is_asked_at_the_start(
    bus_address: str, system: System
) -> None:
    system.bus.export("/net/hadess/PowerProfiles", Profiles(POWER))
    heard = Heard(bus_address)
    assert await heard.signals.start()
    assert heard.told == ["saving True"]
    await heard.signals.close()


async def test_signals_of_others_are_not_believed(
    bus_address: str, system: System
) -> None:
    heard = Heard(bus_address)
    assert await heard.signals.start()
    stranger = System(await MessageBus(bus_address).connect())
    await stranger.sleep(begins=False)
    await stranger.bus.introspect("org.freedesktop.DBus", "/org/freedesktop/DBus")
    await system.changed(POWER, ActiveProfile=Variant("s", "balanced"))
    await heard.until(lambda: heard.told)
    assert heard.told == ["saving False"]
    stranger.bus.disconnect()
    await heard.signals.close()


async def test_without_a_bus_nothing_is_told_and_nothing_breaks(tmp_path: Path) -> None:
    heard = Heard(f"unix:path={tmp_path}/none")
    assert not await heard.signals.start()
    await heard.signals.close()
    assert heard.told == []
