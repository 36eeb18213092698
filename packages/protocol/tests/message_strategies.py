"""Messages made from the types themselves: every field of every kind, fitting or odd, also what is added later."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as types
from seatkeep_protocol.ids import HEX_PATTERN
from seatkeep_protocol.messages import BODY_TYPES
from seatkeep_protocol.subjects import Kind

NOW_US = 1_795_316_400_000_000
MANY = 3
TEXTS = ["", " ", "\x00", "é\u202e", "'; DROP TABLE device; --", "../../etc/passwd", "x" * 255, "x" * 4096]
NUMBERS = [-1, 0, 1, 100, 86_400, 2**31, 2**53, 2**62, 2**63 - 1, -(2**63), 1.5, float("inf"), float("nan")]
SCALARS: dict[type[types.Type], st.SearchStrategy[Any]] = {
    types.BoolType: st.booleans(),
    types.FloatType: st.floats(),
    types.NoneType: st.none(),
    types.UUIDType: st.uuids().map(str),
}
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, b"", b"\xff", [], {}, [[[]]], {"": None}, {1: 2}, *TEXTS, *NUMBERS]),
    st.binary(max_size=20),
    st.text(max_size=20),
)


def bodies(kind: Kind, *, is_odd: bool = True) -> st.SearchStrategy[bytes]:
    """The msgpack of a kind's body; every field fits, or one in eight is `is_odd`."""
    return _value(types.type_info(BODY_TYPES[kind]), is_odd=is_odd).map(msgspec.msgpack.encode)


def enveloped(kind: Kind, body: bytes, *, device: str, seq: int = 1) -> bytes:
    """A message of a device around a body that nobody has checked."""
    return msgspec.msgpack.encode({
        "v": 1, "id": str(uuid.uuid4()), "device": device, "spool": str(uuid.UUID(int=1)), "seq": seq,
        "kind": kind.value, "at_us": NOW_US, "body": msgspec.Raw(body),
    })  # fmt: skip


def _value(kind: types.Type, *, is_odd: bool) -> st.SearchStrategy[Any]:
    fitting = st.deferred(lambda: _fitting(kind, is_odd=is_odd))
    return st.one_of(*[fitting] * 7, ODD) if is_odd else fitting


def _fitting(kind: types.Type, *, is_odd: bool) -> st.SearchStrategy[Any]:
    if isinstance(kind, types.Metadata):
        return _fitting(kind.type, is_odd=is_odd)
    if isinstance(kind, types.StructType):
        return _struct(kind, is_odd=is_odd)
    if isinstance(kind, types.ListType | types.VarTupleType):
        return st.lists(_value(kind.item_type, is_odd=is_odd), max_size=MANY)
    if isinstance(kind, types.DictType):
        return st.dictionaries(_text(kind.key_type), _value(kind.value_type, is_odd=is_odd), max_size=MANY)
    if isinstance(kind, types.UnionType):
        return st.one_of([_fitting(one, is_odd=is_odd) for one in kind.types])
    if isinstance(kind, types.EnumType):
        return st.sampled_from([one.value for one in kind.cls])
    if isinstance(kind, types.IntType):
        return _number(kind)
    return _text(kind) if isinstance(kind, types.StrType) else SCALARS.get(type(kind), ODD)


def _struct(kind: types.StructType, *, is_odd: bool) -> st.SearchStrategy[dict[str, Any]]:
    needed = {one.encode_name: _value(one.type, is_odd=is_odd) for one in kind.fields if one.required}
    others = {one.encode_name: _value(one.type, is_odd=is_odd) for one in kind.fields if not one.required}
    return st.fixed_dictionaries(needed, optional=others)


def _number(kind: types.IntType) -> st.SearchStrategy[int]:
    lowest, highest = kind.ge if kind.ge is not None else 0, kind.le if kind.le is not None else 2**62
    return st.one_of(st.integers(lowest, highest), st.sampled_from([lowest, highest]))


def _text(kind: types.Type) -> st.SearchStrategy[str]:
    if not isinstance(kind, types.StrType):
        return st.text(max_size=8)
    if kind.pattern is not None:
        is_id = kind.pattern == HEX_PATTERN
        return st.uuids().map(lambda uid: uid.hex) if is_id else st.sampled_from(["", "0" * 64, "f" * 64])
    longest = 40 if kind.max_length is None else kind.max_length
    fitting = [one for one in TEXTS if len(one) <= longest]
    return st.one_of(st.sampled_from(fitting), st.text(max_size=min(longest, 40)))
