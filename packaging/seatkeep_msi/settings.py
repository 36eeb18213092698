"""The settings that an installation is given: properties of the command line, or a file beside the package."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from seatkeep_agent.preparing import NO_PROXY

from seatkeep_msi.errors import SettingError

SECTION = "Seatkeep"
FILE_NAME = "seatkeep.ini"
NAMES = ("server", "key", "group", "proxy", "cafile", "uninstallcode")
MAX_CHARACTERS = 1000


@dataclass(frozen=True)
class Settings:
    """One installation's settings; "" is not given.

    Attributes:
        server: The console's address for devices.
        key: Deployment key or install link token; secret.
        group: Where a new device stands, names from the customer's group down; where it has none, the key decides.
        proxy: For HTTPS and the broker, `http://host:port`; "none" forgets the known one.
        cafile: The console's own certificate authority (PEM).
        uninstallcode: Without it the package cannot be removed; secret.
    """

    server: str = ""
    key: str = ""
    group: str = ""
    proxy: str = ""
    cafile: str = ""
    uninstallcode: str = ""

    def over(self, below: Settings) -> Settings:
        """These, and where one is not given, that of `below`."""
        return replace(below, **{name: value for name in NAMES if (value := getattr(self, name))})


def settings_read(properties: Mapping[str, str], package: Path | None) -> Settings:
    """The settings of a run: what stands on the command line wins over the file beside the package.

    Args:
        properties: By name; "" is not given.
        package: The .msi; None when it is not known.

    Raises:
        SettingError: One cannot be used.
    """
    given = Settings(**{name: properties.get(name, "").strip() for name in NAMES})
    beside = file_read(package.with_name(FILE_NAME)) if package is not None else Settings()
    settings = given.over(beside)
    check(settings)
    return settings


def file_read(path: Path) -> Settings:
    """Settings of a file with one section `[Seatkeep]`; none when there is no file.

    A relative CaFile is beside the file.

    Raises:
        SettingError: It cannot be read, or says something that is no setting.
    """
    parser = ConfigParser(interpolation=None)
    try:
        if not parser.read(path, encoding="utf-8-sig"):
            return Settings()
        found = dict(parser[SECTION])
    except (IniError, KeyError, UnicodeDecodeError, OSError) as error:
        raise SettingError(f"{path} cannot be read: it must be UTF-8 with one section [{SECTION}]") from error
    if unknown := sorted(found.keys() - set(NAMES)):
        raise SettingError(f"{path}: {unknown[0]} is no setting; there are {', '.join(NAMES)}")
    if found.get("cafile"):
        found["cafile"] = str(path.parent / found["cafile"])
    return Settings(**{name: value.strip() for name, value in found.items()})


def check(settings: Settings) -> None:
    """Refuse what cannot be meant, before anything is written.

    No value is repeated: a quotation mark gone astray on the command line may have put the key into any of them.

    Raises:
        SettingError: With the name of the property.
    """
    for name in NAMES:
        value = getattr(settings, name)
        if len(value) > MAX_CHARACTERS or not value.isprintable():
            raise SettingError(f"{name.upper()} is too long or has control characters")
    if settings.server and not is_address(settings.server, ("https",)):
        raise SettingError("SERVER must be an address like https://console.example.com")
    if settings.proxy not in ("", NO_PROXY) and not is_address(settings.proxy, ("http", "https")):
        raise SettingError("PROXY must be an address like http://proxy.example.com:3128, without a password")
    if settings.cafile and not Path(settings.cafile).is_file():
        raise SettingError("CAFILE must be a file that the system may read")


def is_address(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether a text is an absolute address with a host and without a password."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.password is None and parts.port != 0
    except ValueError:
        return False
