"""Signed bytes never change by accident: other programs and other versions must verify them for years.

`python packages/license/tests/golden_write.py` writes the files anew, when the wire is changed on purpose.
"""

from __future__ import annotations

import pytest
from golden_write import FOLDER, golden_tokens
from license_cast import ACTIVATE, DEVICE_KEY, HUB, HUB_KEYS, INSTANCE_KEY, LEASE, NOW, RELEASE, RENEW, TICKET
from seatkeep_license.leases import lease_verify
from seatkeep_license.requests import activate_verify, release_verify, renew_verify
from seatkeep_license.tickets import ticket_verify


def golden(name: str) -> str:
    return (FOLDER / f"{name}.jws").read_text().strip()


@pytest.mark.parametrize("name", sorted(golden_tokens()))
def test_signing_gives_the_committed_bytes(name: str) -> None:
    assert golden_tokens()[name] == golden(name)


def test_committed_lease_verifies() -> None:
    assert lease_verify(golden("lease"), HUB_KEYS, issuer=HUB, device_key=DEVICE_KEY.verify_key) == LEASE


def test_committed_ticket_verifies() -> None:
    ticket = ticket_verify(
        golden("ticket"), keys=INSTANCE_KEY.verify_key, audience=HUB, now=NOW, device_key=DEVICE_KEY.verify_key
    )

    assert ticket == TICKET


def test_committed_requests_verify() -> None:
    assert activate_verify(golden("activate"), audience=HUB, now=NOW) == (ACTIVATE, DEVICE_KEY.verify_key)
    assert renew_verify(golden("renew"), audience=HUB, now=NOW) == (RENEW, DEVICE_KEY.verify_key)
    assert release_verify(golden("release"), audience=HUB, now=NOW) == (RELEASE, DEVICE_KEY.verify_key)
