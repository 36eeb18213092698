"""Pure parts of the installers: filling a template without letting a value become code, and what may be wished."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from seatkeep_manager.deployment.errors import WishInvalidError
from seatkeep_manager.deployment.payload import Edition
from seatkeep_manager.deployment.quoting import fill, powershell_quoted, sh_inside, sh_quoted

_PEM_LINE = re.compile(r"^(-----(BEGIN|END) CERTIFICATE-----|[A-Za-z0-9+/=]+|)$")
MAX_GROUP_CHARACTERS = 255
MAX_PROXY_CHARACTERS = 255


class System(StrEnum):
    """What an installer is for."""

    WINDOWS = "windows"
    LINUX = "linux"


@dataclass(frozen=True)
class Wish:
    """What an installer is to do beside letting a computer in.

    Attributes:
        system: What it is for.
        edition: Agent and endpoint, or the agent alone; Windows only.
        group: Names from the customer's group down, such as "Office/Reception"; "" for the key's own.
        proxy: `http://host:port` through which the computer leaves; "" for none.
    """

    system: System = System.WINDOWS
    edition: Edition = Edition.ENDPOINT
    group: str = ""
    proxy: str = ""


class CertificateTextError(ValueError):
    """The device CA is not a PEM file of certificates only."""


def wish_check(wish: Wish) -> None:
    """Refuse what a computer would refuse later.

    Raises:
        WishInvalidError: The proxy is no address or has a password; the group cannot be the name of one.
    """
    if len(wish.group) > MAX_GROUP_CHARACTERS or not wish.group.isprintable():
        raise WishInvalidError(fields={"group": [WishInvalidError.group]})
    if wish.proxy and not is_proxy(wish.proxy):
        raise WishInvalidError(fields={"proxy": [WishInvalidError.proxy]})


def is_proxy(text: str) -> bool:
    """Whether a text is the address of a proxy, without path, name and password."""
    try:
        parts = urlsplit(text)
        is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username or parts.password)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and is_bare and (
            text.isascii() and text.isprintable() and " " not in text and len(text) <= MAX_PROXY_CHARACTERS
        )  # fmt: skip
    except ValueError:
        return False


def script_fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into `'@@NAME@@'` places of a shell script.

    Raises:
        KeyError: The template names a value that is not given.
    """
    return fill(template, values, inside=sh_inside)


def ca_check(pem: str) -> str:
    """The certificates without anything around them, safe inside a quoted here-document.

    Raises:
        CertificateTextError: Another line than certificates is in it, such as a private key.
    """
    lines = [line.strip() for line in pem.strip().splitlines()]
    if not all(_PEM_LINE.match(line) for line in lines):
        raise CertificateTextError("SEATKEEP_DEVICE_CA must hold certificates and nothing else.")
    return "\n".join(lines)


def command_for(*, console_url: str, key: str, wish: Wish | None = None) -> str:
    """What a person runs on a computer; the key stands in no URL."""
    made = wish or Wish(system=System.LINUX)
    return _powershell(console_url, key, made) if made.system is System.WINDOWS else _shell(console_url, key, made)


def _shell(console_url: str, key: str, wish: Wish) -> str:
    given = {"SEATKEEP_KEY": key, "SEATKEEP_GROUP": wish.group, "SEATKEEP_PROXY": wish.proxy}
    words = " ".join(f"{name}={sh_quoted(value)}" for name, value in given.items() if value)
    proxy = f"-x {sh_quoted(wish.proxy)} " if wish.proxy else ""
    return f"curl -fsS {proxy}{console_url.rstrip('/')}/install/linux.sh | {words} sh"


def _powershell(console_url: str, key: str, wish: Wish) -> str:
    """TLS 1.2 is named because older Windows PowerShell does not offer it by itself."""
    edition = "" if wish.edition is Edition.ENDPOINT else wish.edition.value
    given = {"KEY": key, "EDITION": edition, "GROUP": wish.group, "PROXY": wish.proxy}
    words = [f"$env:SEATKEEP_{name}={powershell_quoted(value)}" for name, value in given.items() if value]
    address = powershell_quoted(f"{console_url.rstrip('/')}/install/windows.ps1")
    proxy = f" -Proxy {powershell_quoted(wish.proxy)}" if wish.proxy else ""
    fetch = f"irm {address}{proxy} | iex"
    return "; ".join([*words, "[Net.ServicePointManager]::SecurityProtocol=3072", fetch])
