"""Write tests/golden anew. Run by hand, and only when the wire is changed on purpose."""

from __future__ import annotations

from pathlib import Path

from license_cast import (
    ACTIVATE,
    CONSOLE_INSTANCE,
    DEVICE_KEY,
    HUB,
    HUB_KEY,
    INSTANCE_KEY,
    LEASE,
    NOW,
    NOW_SECONDS,
    RELEASE,
    RENEW,
    TICKET,
)
from seatkeep_license.key_documents import KeyDocument, key_document_sign
from seatkeep_license.leases import lease_sign
from seatkeep_license.requests import activate_build, instance_token_build, release_build, renew_build
from seatkeep_license.tickets import ticket_sign

FOLDER = Path(__file__).parent / "golden"


def golden_tokens() -> dict[str, str]:
    """Return every token of the golden files, signed now by the fixed keys."""
    keys = KeyDocument(
        iss=HUB,
        version=1,
        iat=NOW_SECONDS,
        current=HUB_KEY.verify_key.jwk,
        next=INSTANCE_KEY.verify_key.jwk,
        retired=[],
    )
    return {
        "lease": lease_sign(LEASE, HUB_KEY),
        "ticket": ticket_sign(TICKET, INSTANCE_KEY),
        "activate": activate_build(ACTIVATE, DEVICE_KEY),
        "renew": renew_build(RENEW, DEVICE_KEY),
        "release": release_build(RELEASE, DEVICE_KEY),
        "keys": key_document_sign(keys, HUB_KEY),
        "instance": instance_token_build(
            INSTANCE_KEY,
            instance=CONSOLE_INSTANCE,
            audience="https://licensing.example.com",
            method="GET",
            target="/api/v1/sync?limit=1000",
            body=b"",
            now=NOW,
            jti="019abcde-0000-7000-8000-000000000014",
        ),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, token in golden_tokens().items():
        (FOLDER / f"{name}.jws").write_text(token + "\n")
