"""Messages of every kind with every field odd in turn: read or refused by name, and nothing worse."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_strategies import bodies, enveloped
from protocol_cast import DEVICE
from seatkeep_protocol.errors import ProtocolError
from seatkeep_protocol.ids import DeviceId
from seatkeep_protocol.messages import BODY_TYPES, body_decode, envelope_decode
from seatkeep_protocol.subjects import Kind, up_subject, up_subject_parse


@pytest.mark.parametrize("kind", Kind)
@given(st.data())
@settings(max_examples=40)
def test_a_body_with_odd_fields_is_read_or_refused(kind: Kind, data: st.DataObject) -> None:
    raw = enveloped(kind, data.draw(bodies(kind)), device=DEVICE)
    with suppress(ProtocolError):
        body = body_decode(envelope_decode(raw, up_subject_parse(up_subject(DeviceId(DEVICE), kind))))
        assert type(body) is BODY_TYPES[kind]


@pytest.mark.parametrize("kind", Kind)
@given(st.data())
@settings(max_examples=15)
def test_what_fits_is_read(kind: Kind, data: st.DataObject) -> None:
    """Else the test above would see refusals only."""
    raw = enveloped(kind, data.draw(bodies(kind, is_odd=False)), device=DEVICE)
    body_decode(envelope_decode(raw, up_subject_parse(up_subject(DeviceId(DEVICE), kind))))
