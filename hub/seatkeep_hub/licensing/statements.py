"""Named SQL and the way both Django and the fast path run it.

A transaction is written once, as a generator that yields statements and is sent their rows. `run` drives it over
Django's connection, `run_async` over a raw psycopg one; neither decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

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


async def run_async(connection: AsyncConnection[Row], script: Script[T]) -> T:
    """Run a script over a raw connection, within the caller's transaction."""
    try:
        statement = next(script)
        while True:
            cursor = await connection.execute(sql_text(statement.name), statement.parameters, prepare=True)
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
