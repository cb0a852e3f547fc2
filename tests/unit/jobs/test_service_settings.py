"""What can be set of services: usual options, what a plug-in wants, what was set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chrislib.errors import ChrislibError
from chrislib.jobs.extensions import BACKENDS, HANDLERS, Broken
from chrislib.jobs.protocols import Manner, Place
from chrislib.jobs.serving.settings import ServiceOffer, ServiceSettings


class Lister:
    """A backend that lists its queue and wants an option of its own."""

    name = "opal"
    place = Place("https://opal.example.org", "ada")
    manner = Manner()
    wants: Mapping[str, str] = {"queue": "Queue", "url": "Address of the service"}

    def list_jobs(self) -> Any:
        """List nothing."""


@dataclass
class Plugins:
    """Plug-ins as they are set."""

    given: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    broken: tuple[Broken, ...] = (
        Broken("torn", BACKENDS, "It needs a library."),
        Broken("other", HANDLERS, "It is no handler."),
    )

    @property
    def backends(self) -> dict[str, Any]:
        own = Manner(own_follower=True)
        here = Manner(ours=True)
        return {
            "opal": Lister(),
            "cube": SimpleNamespace(place=Place("", ""), manner=own),
            "local": SimpleNamespace(place=Place("", ""), manner=here),
        }

    def backend(self, name: str) -> Any:
        return self.backends.get(name)

    async def options_of(self, _name: str) -> Mapping[str, str]:
        return self.given

    async def configure(self, name: str, options: Mapping[str, str]) -> None:
        self.given = dict(options)
        self.done.append(f"configured {name}")


@pytest.fixture
def plugins() -> Plugins:
    """Return plug-ins."""
    return Plugins()


@pytest.fixture
def settings(plugins: Plugins) -> ServiceSettings:
    """Return the settings of their services; nothing is kept for long."""

    async def keep(account: str, secret: str) -> bool:
        plugins.done.append(f"kept {account} {secret}")
        return False

    async def follow() -> None:
        plugins.done.append("followed")

    return ServiceSettings(cast("Any", plugins), keep, follow=follow)


def test_services_of_plug_ins_are_offered_and_nobody_elses(
    settings: ServiceSettings,
) -> None:
    assert settings.offers() == (
        ServiceOffer("opal", "https://opal.example.org", "ada", lists=True),
        ServiceOffer("torn", works=False),
    )


async def test_options_are_the_usual_ones_those_wanted_and_those_set(
    settings: ServiceSettings, plugins: Plugins
) -> None:
    plugins.given = {"user": "ada", "token_kind": "old"}
    found = [(o.name, o.words, o.value) for o in await settings.options("opal")]
    assert found == [
        ("url", "Address of the service", ""),
        ("user", "User name", "ada"),
        ("queue", "Queue", ""),
        ("token_kind", "token_kind", "old"),
    ]
    # a plug-in that does not load says nothing of itself
    names = [option.name for option in await settings.options("torn")]
    assert names == ["url", "user", "token_kind"]


async def test_the_password_is_kept_before_the_plug_in_begins_anew(
    settings: ServiceSettings, plugins: Plugins
) -> None:
    values = {"url": " https://o.example.org ", "user": "ada "}
    assert not await settings.save("opal", values, password="pass")
    assert plugins.done == [
        "kept https://o.example.org|ada pass",
        "configured opal",
        "followed",
    ]
    assert plugins.given == {"url": "https://o.example.org", "user": "ada"}
    assert await settings.save("opal", values)
    plugins.done.clear()
    with pytest.raises(ChrislibError):
        await settings.save("opal", {"url": "", "user": "ada"}, password="pass")
    assert not plugins.done
