"""When the computer wakes, its network comes back, or power and traffic are dear.

On Linux the system's bus says so: logind, NetworkManager and the power profiles.
Where there is no such bus (macOS, Windows, containers) nobody tells; the job manager
then notices by itself that the wall clock went ahead of the monotonic one.
"""

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

_log = logging.getLogger(__name__)

_LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1")
_NETWORK = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager")
_POWER = ("net.hadess.PowerProfiles", "/net/hadess/PowerProfiles")
_MANAGER = "org.freedesktop.login1.Manager"
_PROPERTIES = "org.freedesktop.DBus.Properties"

_CONNECTED_SITE = 60
"""NetworkManager's state from which on other computers can be reached."""
_CONNECTIVITY_FULL = 4
"""NetworkManager's connectivity behind no portal (1 none, 2 portal, 3 limited)."""
_METERED = (1, 3)
"""NetworkManager's "yes" and "probably"."""


class WakeSignals:
    """Listens to the system; every callback is called on the event loop.

    Parameters
    ----------
    woke : callable
        The computer slept until now.
    network_up : callable
        There is a network again, or it lets us out again.
    saving : callable
        Gets whether power or traffic should be saved.
    address : str, optional
        Of the bus, in place of the system's (tests).
    """

    def __init__(
        self,
        *,
        woke: Callable[[], None],
        network_up: Callable[[], None],
        saving: Callable[[bool], None],
        address: str | None = None,
    ) -> None:
        self._woke = woke
        self._network_up = network_up
        self._saving = saving
        self._address = address
        self._bus: MessageBus | None = None
        self._state: int | None = None
        self._connectivity: int | None = None
        self._metered = self._low_power = False

    async def start(self) -> bool:
        """Begin to listen (D-Bus); False where nobody would tell anything."""
        if self._address is None and not sys.platform.startswith("linux"):
            return False
        from dbus_fast import BusType
        from dbus_fast.aio import MessageBus

        try:
            bus = MessageBus(self._address, bus_type=BusType.SYSTEM)
            self._bus = await bus.connect()
            bus.add_message_handler(self._heard)
            for name, path, interface in (
                (*_LOGIND, _MANAGER),
                (*_NETWORK, _NETWORK[0]),
                (*_NETWORK, _PROPERTIES),
                (*_POWER, _PROPERTIES),
            ):
                await self._listen_to(bus, name, path, interface=interface)
            await self._read(bus, _NETWORK)
            await self._read(bus, _POWER)
        except Exception as error:  # noqa: BLE001 - a bus can fail in many ways
            _log.info("no signals of the system: %s", type(error).__name__)
            await self.close()
            return False
        return True

    async def close(self) -> None:
        """Stop listening."""
        bus, self._bus = self._bus, None
        if bus is not None and bus.connected:
            bus.disconnect()

    # Inside.

    async def _listen_to(
        self, bus: "MessageBus", name: str, path: str, *, interface: str
    ) -> None:
        rule = f"type='signal',sender='{name}',path='{path}',interface='{interface}'"
        await self._call(
            bus,
            ("org.freedesktop.DBus", "/org/freedesktop/DBus"),
            "org.freedesktop.DBus",
            member="AddMatch",
            signature="s",
            body=[rule],
        )

    async def _read(self, bus: "MessageBus", who: tuple[str, str]) -> None:
        """Ask once how things are; who is not there has nothing to say."""
        reply = await self._call(
            bus, who, _PROPERTIES, member="GetAll", signature="s", body=[who[0]]
        )
        if reply:
            self._learn(who[0], reply[0])

    @staticmethod
    async def _call(
        bus: "MessageBus",
        who: tuple[str, str],
        interface: str,
        *,
        member: str,
        signature: str,
        body: list[Any],
    ) -> list[Any]:
        from dbus_fast import Message, MessageType

        reply = await bus.call(
            Message(
                destination=who[0],
                path=who[1],
                interface=interface,
                member=member,
                signature=signature,
                body=body,
            )
        )
        if reply is None or reply.message_type is MessageType.ERROR:
            return []
        return list(reply.body)

    def _heard(self, message: "Message") -> None:
        from dbus_fast import MessageType

        if message.message_type is not MessageType.SIGNAL:
            return
        body = message.body
        if (message.interface, message.member) == (_MANAGER, "PrepareForSleep"):
            if body and body[0] is False:
                self._woke()
        elif (message.interface, message.member) == (_NETWORK[0], "StateChanged"):
            if body and isinstance(body[0], int):
                self._now_state(body[0])
        elif message.member == "PropertiesChanged" and len(body) >= 2:
            self._learn(str(body[0]), body[1])

    def _learn(self, interface: str, values: Any) -> None:
        known = {name: variant.value for name, variant in values.items()}
        if interface == _NETWORK[0]:
            if isinstance(known.get("State"), int):
                self._now_state(known["State"])
            if isinstance(known.get("Connectivity"), int):
                before, self._connectivity = self._connectivity, known["Connectivity"]
                free = self._connectivity == _CONNECTIVITY_FULL
                if free and before not in (None, _CONNECTIVITY_FULL):
                    self._network_up()
            if isinstance(known.get("Metered"), int):
                self._metered = known["Metered"] in _METERED
                self._tell_saving()
        elif interface == _POWER[0] and isinstance(known.get("ActiveProfile"), str):
            self._low_power = known["ActiveProfile"] == "power-saver"
            self._tell_saving()

    def _now_state(self, state: int) -> None:
        before, self._state = self._state, state
        if before is not None and before < _CONNECTED_SITE <= state:
            self._network_up()

    def _tell_saving(self) -> None:
        self._saving(self._metered or self._low_power)
