"""What tests of upkeep share: computers of the standing cast."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hub_cast import ACTOR, NOW, Cast

WORKSTATION = "endpoint-workstation"


@pytest.fixture
def activate(cast: Cast) -> Callable[..., list[str]]:
    """Activate computers by a ticket that names a company; returns the codes."""
    from seatkeep_hub.licensing.activation import Device, Wish
    from seatkeep_hub.licensing.seats import seats_activate

    def call(
        company: Any, *names: str, at: datetime = NOW, key: str = "", agent: str = "", serial: str = ""
    ) -> list[str]:
        wishes = [
            Wish(
                device=Device(
                    fingerprint=name,
                    key=b"k" * 32,
                    key_thumbprint=(key or name).ljust(43, "0"),
                    name=name,
                    agent_device=agent,
                    serial=serial,
                ),
                product=WORKSTATION,
                issued_at=at.replace(microsecond=0),
                jti=f"{name}{at}",
                public_id=cast.license.public_id,
                company=company.uid,
            )
            for name in names
        ]
        return [answer.code for answer in seats_activate(wishes=wishes, actor=ACTOR, now=at)]

    return call
