"""Requests made from a site's own OpenAPI document: half of what they say fits, half is garbage."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

METHODS = ("get", "post", "put", "patch", "delete")
TEXTS = [
    "",
    " ",
    "x",
    "\x00",
    "é\u202e",
    "'; DROP TABLE device; --",
    "../../etc/passwd",
    "9" * 400,
    "x" * 70_000,
    "\ud7ff",
]
NUMBERS = [0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 1.5, float("1e308")]
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, [], {}, [[]], {"": None}, *TEXTS, *NUMBERS]),
    st.recursive(st.text(max_size=8) | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=6),
)


class Operation(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    description: dict[str, Any]
    schemas: dict[str, Any]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Every operation of an OpenAPI document."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield Operation(method.upper(), path, methods[method], schemas)


def requests(operation: Operation) -> st.SearchStrategy[tuple[str, dict[str, str], bytes]]:
    """Address, query and body for an operation."""
    named = {one["name"]: one.get("schema", {}) for one in operation.description.get("parameters", [])}
    inside = set(re.findall(r"{(\w+)}", operation.path))
    words = st.fixed_dictionaries({name: path_words() for name in sorted(inside)})
    query = st.fixed_dictionaries(
        {}, optional={name: value(schema, operation.schemas) for name, schema in named.items() if name not in inside}
    )
    return st.builds(_request, st.just(operation.path), words, query, body(operation))


def path_words() -> st.SearchStrategy[str]:
    """What stands for an id in an address."""
    return st.one_of(st.just(str(uuid.uuid4())), st.sampled_from(["0", "x", "%00", "%C3%A9", "-1", "a%2Fb", "9" * 300]))


def body(operation: Operation) -> st.SearchStrategy[bytes]:
    """A body that fits more or less, or no JSON at all."""
    content = operation.description.get("requestBody", {}).get("content", {})
    schema = next((one["schema"] for one in content.values()), {})
    good = value(schema, operation.schemas).map(encode)
    return st.one_of(good, good, st.sampled_from([b"", b"{", b"[" * 50_000, b"\xff\xfe", b'{"a":' * 2_000, b"null"]))


def encode(what: Any) -> bytes:
    """JSON, also of what JSON should not hold."""
    return json.dumps(what).encode("utf-8", "surrogatepass")


def value(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """A value that fits a schema two times out of three."""
    if "$ref" in schema:
        schema = schemas.get(schema["$ref"].rsplit("/", 1)[-1], {})
    if depth > 4:
        return ODD
    fitting = _fitting(schema, schemas, depth)
    return st.one_of(fitting, fitting, ODD)


def _fitting(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    for word in ("anyOf", "allOf", "oneOf"):
        if word in schema:
            return st.one_of([value(one, schemas, depth + 1) for one in schema[word]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        known = {name: value(one, schemas, depth + 1) for name, one in schema.get("properties", {}).items()}
        needed = set(schema.get("required", []))
        return st.fixed_dictionaries(
            {name: one for name, one in known.items() if name in needed},
            optional={name: one for name, one in known.items() if name not in needed} | {"foreign": ODD},
        )
    if kind == "array":
        return st.lists(value(schema.get("items", {}), schemas, depth + 1), max_size=3)
    return _scalar(str(kind), str(schema.get("format", "")))


def _scalar(kind: str, form: str) -> st.SearchStrategy[Any]:
    if form == "uuid":
        return st.uuids().map(str)
    if form in ("date", "date-time"):
        return st.sampled_from(
            ["2026-11-22", "2026-11-22T00:00:00Z", "0001-01-01", "9999-12-31T23:59:59Z", "2026-02-30"]
        )
    by_kind: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(-(2**70), 2**70),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return by_kind.get(kind, st.one_of(st.text(max_size=20), st.sampled_from(TEXTS)))


def _request(
    path: str, words: dict[str, str], query: dict[str, Any], content: bytes
) -> tuple[str, dict[str, str], bytes]:
    for name, word in words.items():
        path = path.replace(f"{{{name}}}", word)
    return path, {name: str(one)[:2_000] for name, one in query.items()}, content
