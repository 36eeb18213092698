"""Named SQL and the way both Django and the fast path run it.

A transaction is written once, as a generator that yields statements and is sent their rows. `run` drives it over
Django's connection, `run_async` over a raw psycopg one; neither decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast
from uuid import UUID

from psycopg import AsyncConnection

Row: TypeAlias = tuple[Any, ...]
T = TypeVar("T")


class Statement(NamedTuple):
    """One named query and its parameters."""

    name: str
    parameters: Mapping[str, Any]


Script: TypeAlias = Generator[Statement, list[Row], T]
"""A transaction: yields statements, is sent their rows, returns its result."""


@cache
def sql_text(name: str, package: str = "seatkeep_hub.licensing") -> str:
    """Text of `sql/<name>.sql` of a package."""
    return (files(package) / "sql" / f"{name}.sql").read_text()


def run(script: Script[T]) -> T:
    """Run a script over Django's connection, within the caller's transaction."""
    from django.db import connection  # The fast path imports this module and has no Django.

    with connection.cursor() as cursor:

        def execute(statement: Statement) -> list[Row]:
            cursor.execute(sql_text(statement.name), dict(statement.parameters))
            return cursor.fetchall() if cursor.description else []

        return _drive(script, execute)


def with_array_texts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with every list as the text of a PostgreSQL array, whose type the statement decides.

    psycopg adapts element by element and guesses a type for each array: 33 µs for a new seat's fifteen columns, this 2.
    """
    return {name: array_text(value) if isinstance(value, list) else value for name, value in parameters.items()}


def array_text(values: Sequence[object]) -> str:
    """Text of a one-dimensional PostgreSQL array of numbers, texts, bytes, UUIDs, instants and nulls."""
    return "{" + ",".join([_ELEMENTS.get(type(value), _quoted)(value) for value in values]) + "}"


def _quoted(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


_ELEMENTS: Mapping[type, Callable[[Any], str]] = {
    int: str,
    UUID: lambda value: value.hex,
    bytes: lambda value: f'"\\\\x{value.hex()}"',
    type(None): lambda _: "NULL",
}
"""How an element is written; any other as quoted text."""


async def run_async(connection: AsyncConnection[Row], script: Script[T]) -> T:
    """Run a script over a raw connection, within the caller's transaction."""
    try:
        statement = next(script)
        while True:
            cursor = await connection.execute(
                sql_text(statement.name), with_array_texts(statement.parameters), prepare=True
            )
            statement = script.send(await cursor.fetchall() if cursor.description else [])
    except StopIteration as end:
        return cast("T", end.value)


def _drive(script: Script[T], execute: Callable[[Statement], list[Row]]) -> T:
    try:
        statement = next(script)
        while True:
            statement = script.send(execute(statement))
    except StopIteration as end:
        return cast("T", end.value)
