"""What stays open while a machine is cut off the network, and who does the cutting."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Protocol

from seatkeep_machine.errors import FirewallError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
DNS_PORT = 53


@dataclass(frozen=True)
class Openings:
    """What stays open, besides loopback, DHCP and IPv6's neighbour discovery.

    Attributes:
        servers: Address and TCP port of those that the machine may call.
        resolvers: Whom it may ask for names.
        networks: Whoever may call the machine, and be called, on any port.
    """

    servers: frozenset[tuple[Address, int]] = frozenset()
    resolvers: frozenset[Address] = frozenset()
    networks: frozenset[Network] = frozenset()


class Firewall(Protocol):
    """A machine's firewall, as far as isolation needs it. Every method blocks for moments."""

    def cut(self, openings: Openings) -> None:
        """Cut the machine off, connections that are open too; also after it starts anew. Replaces what was open before.

        Raises:
            FirewallError: It could not; what was in force before still is.
        """

    def open(self) -> None:
        """Undo it. Idempotent.

        Raises:
            FirewallError: It could not.
        """

    def is_cut(self) -> bool:
        """Whether `cut` is in force, or would be after a restart."""


def network(text: str) -> Network:
    """Read a network, such as `192.0.2.7` or `2001:db8::/64`.

    Raises:
        FirewallError: It is none.
    """
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise FirewallError(str(error)) from error
