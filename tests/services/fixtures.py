"""Fixtures of the tests that need a service process or an installed plug-in."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.services.bench import Desk, ServiceProcess, Site, build_wheel


@pytest.fixture(scope="session")
def textworks_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of the distribution in ``textworks/``."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Return an empty folder for distributions, on the path."""
    made = Site(tmp_path / "site")
    yield made
    made.close()


@pytest.fixture
def textworks(site: Site, textworks_wheel: Path) -> Callable[[], None]:
    """Return a function that installs the plug-in; it is installed already."""
    site.install_wheel(textworks_wheel)
    return lambda: site.install_wheel(textworks_wheel)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    """Return a running service."""
    made = ServiceProcess(tmp_path / "service").start()
    yield made
    made.kill()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Return a started job manager with no CUBE."""
    made = await Desk(tmp_path).start()
    yield made
    await made.stop()


@pytest.fixture
async def served(
    tmp_path: Path, service: ServiceProcess, textworks: Callable[[], None]
) -> AsyncIterator[Desk]:
    """Return a started job manager whose plug-in knows the service."""
    del textworks
    made = Desk(tmp_path)
    made.use(service)
    await made.start()
    yield made
    await made.stop()
