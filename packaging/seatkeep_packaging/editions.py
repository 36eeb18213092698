"""What is built: two editions of one product, so that one replaces the other and the machine stays the same device."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WINDOWS = ROOT / "packaging" / "windows"
UPGRADE_CODE = uuid.UUID("b6b0a0c5-3f0c-5d0b-9d0e-5ea7c0de0001")
_NAMES = uuid.UUID("b6b0a0c5-3f0c-5d0b-9d0e-5ea7c0de0002")
_SHARED = (
    "agent/seatkeep_agent",
    "packages/license/seatkeep_license",
    "packages/protocol/seatkeep_protocol",
    "packages/machine/seatkeep_machine",
    "packaging/seatkeep_msi",
)


@dataclass(frozen=True)
class Edition:
    """One package.

    Attributes:
        code: In file names: "agent" or "endpoint".
        title: As Windows lists it.
        lock: The wheels it needs, exact versions and hashes.
        packages: Our own Python packages in it.
    """

    code: str
    title: str
    lock: Path
    packages: tuple[Path, ...]

    @property
    def has_endpoint(self) -> bool:
        """Whether the protection product is in it."""
        return self.code == "endpoint"


AGENT = Edition(
    code="agent",
    title="Seatkeep Agent",
    lock=WINDOWS / "requirements-windows-agent.lock",
    packages=tuple(ROOT / folder for folder in _SHARED),
)
ENDPOINT = Edition(
    code="endpoint",
    title="Seatkeep Agent and Endpoint",
    lock=WINDOWS / "requirements-windows.lock",
    packages=tuple(ROOT / folder for folder in (*_SHARED, "endpoint/seatkeep_endpoint")),
)
EDITIONS = {edition.code: edition for edition in (AGENT, ENDPOINT)}


def component_code(installed_path: str) -> str:
    """The GUID of what is installed at a path; the same in every version, as Windows Installer's rules want it."""
    return str(uuid.uuid5(_NAMES, f"component:{installed_path.lower()}")).upper()


def product_code(edition: Edition, version: str, payload_digest: str) -> str:
    """The GUID of one product: another payload is another product, the same payload is the same one."""
    return str(uuid.uuid5(_NAMES, f"product:{edition.code}:{version}:{payload_digest}")).upper()


def package_code(product: str) -> str:
    """The GUID of one package file of a product."""
    return str(uuid.uuid5(_NAMES, f"package:{product}")).upper()
