"""Who a simulated device is: everything follows from the fleet's seed and the device's number.

The same seed gives the same keys, names and hardware, so a fleet comes back as itself, also after its folder is lost.
"""

from __future__ import annotations

import hmac
import random
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import nkeys
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from seatkeep_license.encoding import b64url_encode
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.fingerprint import fingerprint_components, fingerprint_digest
from seatkeep_protocol.messages import Disk, Hardware, Inventory, NetworkCard, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily

GIB = 2**30
_OFFICE = ("reception", "accounts", "sales", "workshop", "meeting", "design", "support", "till")
_SERVER = ("files", "mail", "web", "db", "backup", "dc")
_SOFTWARE = (
    "bash",
    "openssl",
    "python3",
    "curl",
    "systemd",
    "firefox",
    "libreoffice",
    "cups",
    "samba",
    "openssh",
    "nginx",
)
_MODELS = {
    "workstation": (("Dell Inc.", "OptiPlex 7010"), ("LENOVO", "ThinkCentre M70q"), ("HP", "EliteDesk 800")),
    "server": (("Dell Inc.", "PowerEdge R650"), ("Supermicro", "SYS-510T"), ("QEMU", "Standard PC")),
}


class Persona(StrEnum):
    """What sort of machine is simulated."""

    WORKSTATION = "workstation"
    SERVER = "server"

    @property
    def product(self) -> str:
        """The product that such a machine runs."""
        return f"endpoint-{self.value}"

    @property
    def kind(self) -> DeviceKind:
        """What the device says it is."""
        return DeviceKind.SERVER if self is Persona.SERVER else DeviceKind.WORKSTATION


@dataclass(frozen=True)
class Identity:
    """One simulated device.

    Attributes:
        seed: The fleet's seed.
        number: Its number in the fleet, from 0.
        persona: What sort of machine it is.
    """

    seed: str
    number: int
    persona: Persona

    @cached_property
    def agent_key(self) -> SigningKey:
        """The agent's key: enrollment and broker JWTs."""
        return SigningKey(self._secret("agent"))

    @cached_property
    def endpoint_key(self) -> SigningKey:
        """The endpoint's device key: seats and leases."""
        return SigningKey(self._secret("endpoint"))

    @cached_property
    def nkey(self) -> Any:
        """The agent's key at the broker."""
        return nkeys.from_seed(nkeys.encode_seed(self._secret("nkey"), nkeys.PREFIX_BYTE_USER))

    @property
    def nkey_public(self) -> str:
        """The public half of `nkey` (U…)."""
        return str(self.nkey.public_key.decode())

    @property
    def sealing_public(self) -> str:
        """The X25519 public key to seal secrets for, base64url."""
        key = X25519PrivateKey.from_private_bytes(self._secret("seal"))
        return b64url_encode(key.public_key().public_bytes_raw()).decode()

    @property
    def hostname(self) -> str:
        """A name as an office has them, unique in the fleet."""
        names = _SERVER if self.persona is Persona.SERVER else _OFFICE
        return f"{self._random('name').choice(names)}-{self.number:05d}"

    @property
    def serial(self) -> str:
        """The serial number of the machine."""
        return self._secret("serial").hex()[:10].upper()

    def fingerprint(self, salt: str) -> dict[str, str]:
        """Return the hashed components, salted for whoever compares."""
        parts = ("machine_id", "board_serial", "system_uuid", "disk_serial", "mac")
        return fingerprint_components({part: self._secret(part).hex() for part in parts}, salt)

    def fingerprint_digest(self, salt: str) -> str:
        """Return the one digest that the hub knows the device by."""
        return fingerprint_digest(self.fingerprint(salt))

    def os(self) -> OsInfo:
        """Return the operating system that it claims."""
        version = self._random("os").choice(("12", "13"))
        return OsInfo(family=OsFamily.LINUX, name="Debian GNU/Linux", version=version, arch="x86_64")

    def inventory(self, salt: str) -> Inventory:
        """Return a full inventory, the same each time."""
        return Inventory(
            hostname=self.hostname,
            kind=self.persona.kind,
            os=self.os(),
            hardware=self._hardware(),
            software=self._software(),
            fp=self.fingerprint(salt),
        )

    def _hardware(self) -> Hardware:
        chance = self._random("hardware")
        manufacturer, model = chance.choice(_MODELS[self.persona.value])
        size = chance.choice((256, 512, 1024)) * GIB
        mac = ":".join(f"{byte:02x}" for byte in b"\x52\x54\x00" + self._secret("mac")[:3])
        return Hardware(
            manufacturer=manufacturer,
            model=model,
            serial=self.serial,
            cpu="Simulated CPU",
            cpu_cores=chance.choice((2, 4, 8)),
            ram_bytes=chance.choice((8, 16, 32)) * GIB,
            disks=[Disk(mount="/", size_bytes=size, free_bytes=size // 3)],
            network=[NetworkCard(name="eth0", mac=mac, addresses=[self.address])],
        )

    @property
    def address(self) -> str:
        """An IPv4 address out of the range for tests (RFC 2544)."""
        return f"198.18.{self.number // 250 % 250}.{self.number % 250 + 1}"

    def _software(self) -> list[Software]:
        chance = self._random("software")
        chosen = chance.sample(_SOFTWARE, k=chance.randint(6, len(_SOFTWARE)))
        return [Software(name=name, version=f"{chance.randint(1, 9)}.{chance.randint(0, 20)}") for name in chosen]

    def _random(self, purpose: str) -> random.Random:
        return random.Random(self._secret(purpose))  # noqa: S311  # A simulation must repeat itself.

    def _secret(self, purpose: str) -> bytes:
        return hmac.digest(self.seed.encode(), f"{self.number}:{purpose}".encode(), "sha256")


def persona_of(seed: str, number: int, server_share: float) -> Persona:
    """Return what device `number` of a fleet is; `server_share` of all are servers (0.0 to 1.0)."""
    draw = int.from_bytes(hmac.digest(seed.encode(), f"{number}:persona".encode(), "sha256")[:4], "big") / 2**32
    return Persona.SERVER if draw < server_share else Persona.WORKSTATION
