"""Settings of the fast path, from the environment (names: docs/reference/wire.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

from seatkeep_webkit.env import env_url
from seatkeep_webkit.test_clock import test_clock_begin


@dataclass(frozen=True)
class Settings:
    """What the fast path needs to know.

    Attributes:
        database_url: PostgreSQL of the hub.
        device_url: Licensing address for devices: audience of their requests, issuer of leases.
        people_url: Licensing address for people: audience of instances' calls.
    """

    database_url: str
    device_url: str
    people_url: str

    @classmethod
    def from_environment(cls) -> Settings:
        """Read them.

        Raises:
            SettingError: One is missing or wrong; it names the variable and the reason.
        """
        found = cls(
            database_url=env_url("SEATKEEP_HUB_DATABASE_URL"),
            device_url=env_url("SEATKEEP_LICENSING_DEVICE_URL", default="https://licensing.localhost:8443"),
            people_url=env_url("SEATKEEP_LICENSING_URL", default="http://licensing.localhost:8080"),
        )
        test_clock_begin([found.device_url, found.people_url])
        return found
