"""The fixtures of services for the tests beside."""

from tests.services.fixtures import (
    desk,
    served,
    service,
    site,
    textworks,
    textworks_wheel,
)

__all__ = ["desk", "served", "service", "site", "textworks", "textworks_wheel"]
