"""Frames between agent and endpoint."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_protocol.errors import FrameError
from seatkeep_protocol.local import (
    ARGS_TYPES,
    EVENT_TYPES,
    FRAME_LIMIT_BYTES,
    Answer,
    Event,
    EventName,
    Failure,
    FrameReader,
    Op,
    Request,
    ScanDone,
    ScanStartArgs,
    body_builtins,
    body_convert,
    frame_encode,
    reply_decode,
    request_decode,
)

RUN = uuid.UUID("019abcde-0000-7000-8000-000000000009")
START = Request(7, Op.SCAN_START, body_builtins(ScanStartArgs(run=RUN, targets=["/srv"])))
DONE = ScanDone(run=RUN, files_scanned=2, bytes_scanned=136, files_skipped=0, threats=1)


def test_request_and_its_arguments_come_back() -> None:
    request = request_decode(FrameReader().feed(frame_encode(START))[0])

    assert request == START
    assert body_convert(request.args, ScanStartArgs).run == RUN


@pytest.mark.parametrize(
    "reply",
    [
        Answer(7, True, {"run": "x"}),
        Answer(7, False, error=Failure("busy", "A scan runs.")),
        Event(EventName.STATUS, {}),
    ],
)
def test_answer_and_event_are_told_apart(reply: Answer | Event) -> None:
    assert reply_decode(FrameReader().feed(frame_encode(reply))[0]) == reply


def test_body_of_an_event_comes_back() -> None:
    event = reply_decode(FrameReader().feed(frame_encode(Event(EventName.SCAN_DONE, DONE)))[0])

    assert isinstance(event, Event)
    assert body_convert(event.body, ScanDone) == DONE


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=5), st.integers(1, 40))
def test_frames_come_back_however_the_socket_cuts_them(ids: list[int], size: int) -> None:
    stream = b"".join(frame_encode(Request(number, Op.STATUS)) for number in ids)
    reader = FrameReader()

    payloads = [payload for at in range(0, len(stream), size) for payload in reader.feed(stream[at : at + size])]

    assert [request_decode(payload).id for payload in payloads] == ids


def test_frame_that_announces_too_much_is_refused_at_once() -> None:
    with pytest.raises(FrameError):
        FrameReader().feed((FRAME_LIMIT_BYTES + 1).to_bytes(4, "big"))


def test_frame_beyond_the_limit_is_not_sent() -> None:
    with pytest.raises(FrameError):
        frame_encode(Event(EventName.STATUS, "x" * FRAME_LIMIT_BYTES))


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_worse(payload: bytes) -> None:
    with pytest.raises(FrameError):
        request_decode(payload)
    with pytest.raises(FrameError):
        reply_decode(payload)


def test_wrong_argument_is_named() -> None:
    with pytest.raises(FrameError, match="run"):
        body_convert({"run": 7}, ScanStartArgs)


def test_every_op_and_event_has_a_shape() -> None:
    assert set(ARGS_TYPES) == set(Op)
    assert set(EVENT_TYPES) == set(EventName)
