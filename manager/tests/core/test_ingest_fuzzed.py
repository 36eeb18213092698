"""Whatever a device puts into its messages: it is taken in or refused, and its neighbor in the batch is taken in."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pytest
from cast import ACTOR, Tree, wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seatkeep_manager.directory.enums import DeviceKind
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_create
from seatkeep_manager.ingest.decoding import Incoming
from seatkeep_manager.ingest.services import batch_take
from seatkeep_protocol.ids import DeviceId
from seatkeep_protocol.messages import Heartbeat
from seatkeep_protocol.subjects import Kind, up_subject

sys.path.append(str(Path(__file__).parents[3] / "packages/protocol/tests"))
from message_strategies import bodies, enveloped

EXAMPLES = 8
"""Each of several messages."""
FIXTURES_STAY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""One transaction for all examples: what an earlier one left is part of the fuzz."""


@pytest.fixture
def neighbor(tree: Tree, now: datetime) -> Device:
    return device_create(actor=ACTOR, group_id=tree.beta.pk, hostname="calm", kind=DeviceKind.SERVER, now=now)


@pytest.mark.parametrize("is_odd", [False, True], ids=["at-the-edges", "odd"])
@pytest.mark.parametrize("kind", Kind)
@given(data=st.data())
@FIXTURES_STAY
def test_no_message_holds_up_its_neighbors(
    device: Device, neighbor: Device, now: datetime, kind: Kind, is_odd: bool, data: st.DataObject
) -> None:
    neighbor.refresh_from_db()
    seq = neighbor.heartbeat_seq + 1
    made = data.draw(st.lists(bodies(kind, is_odd=is_odd), min_size=1, max_size=6))
    subject = up_subject(DeviceId(device.hex_id), kind)
    batch = [
        Incoming(subject, enveloped(kind, body, device=device.hex_id, seq=data.draw(st.integers(1, 2**62))), now)
        for body in made
    ]
    calm = wire(neighbor, Heartbeat(agent_version="calm", started_at_us=0, interval_seconds=60), seq=seq)

    batch_take([*batch, Incoming(*calm, now)], now=now)

    neighbor.refresh_from_db()
    assert neighbor.heartbeat_seq == seq
