"""Who answers this machine's questions for names, and the addresses behind the URLs of its servers."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from seatkeep_license.localhost import is_localhost_name

from seatkeep_machine.firewall.base import Address

RESOLVER_FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
PORTS = {"https": 443, "http": 80, "wss": 443, "ws": 80, "tls": 4222, "nats": 4222}


def resolvers() -> frozenset[Address]:
    """The name servers that this machine asks."""
    if sys.platform == "win32":
        from seatkeep_machine.windows.names import name_servers

        found = name_servers()
    else:
        found = _resolv_conf(RESOLVER_FILES)
    return frozenset(address for address in map(_address, found) if address is not None)


def server_addresses(urls: Iterable[str]) -> frozenset[tuple[Address, int]]:
    """The addresses and ports behind URLs; what has no address now is left out. Asks name servers, and blocks."""
    found: set[tuple[Address, int]] = set()
    for url in urls:
        with suppress(ValueError, OSError, UnicodeError):
            parts = urlsplit(url)
            port = parts.port or PORTS[parts.scheme]
            if parts.hostname and not is_localhost_name(parts.hostname):
                known = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
                found |= {(address, port) for one in known if (address := _address(str(one[4][0]))) is not None}
    return frozenset(found)


def _resolv_conf(paths: Iterable[Path]) -> list[str]:
    words: list[str] = []
    for path in paths:
        with suppress(OSError):
            lines = (line.split() for line in path.read_text(errors="replace").splitlines())
            words += [line[1] for line in lines if len(line) > 1 and line[0] == "nameserver"]
    return words


def _address(text: str) -> Address | None:
    """An address without its zone; None when it is none, or loopback, which is open anyhow."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return None if found.is_loopback else found
