"""The two databases: roles and databases on the embedded server, databases on one of your own."""

from __future__ import annotations

import psycopg
from psycopg import sql

from seatkeep_launcher.home import Secrets
from seatkeep_launcher.plan import Installation

OLDEST_POSTGRES = 15
PROGRAMS = ("hub", "manager")


class DatabaseError(Exception):
    """A database could not be made ready."""


def databases_ensure(installation: Installation) -> None:
    """Make roles and databases where missing. Idempotent.

    Raises:
        DatabaseError: The server does not answer, is too old, or forbids it.
    """
    try:
        if installation.settings.database_url is None:
            _embedded(installation.postgres.url(), installation.home.secrets())
        else:
            _external(installation)
    except psycopg.Error as error:
        raise DatabaseError(f"PostgreSQL: {str(error).strip()}") from error


def _embedded(superuser_url: str, secrets: Secrets) -> None:
    """Each program owns its database and cannot enter the other; `readonly` reads both."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        _role(connection, "readonly", secrets.readonly_password)
        connection.execute("GRANT pg_read_all_data TO readonly")
        for program, password in (("hub", secrets.hub_password), ("manager", secrets.manager_password)):
            _role(connection, program, password)
            _database(connection, program, owner=program)
            name = sql.Identifier(program)
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO readonly").format(name))


def _external(installation: Installation) -> None:
    for program in PROGRAMS:
        try:
            with psycopg.connect(installation.database_url(program), connect_timeout=5) as connection:
                _refuse_old(connection)
        except psycopg.OperationalError:
            _make_external(installation, program)


def _make_external(installation: Installation, program: str) -> None:
    with psycopg.connect(installation.settings.database_url or "", autocommit=True, connect_timeout=5) as connection:
        _refuse_old(connection)
        _database(connection, f"seatkeep_{program}", owner=connection.info.user)


def _refuse_old(connection: psycopg.Connection) -> None:
    major = connection.info.server_version // 10_000
    if major < OLDEST_POSTGRES:
        raise DatabaseError(f"PostgreSQL {major} is too old: Seatkeep needs {OLDEST_POSTGRES} or newer")


def _role(connection: psycopg.Connection, name: str, password: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = "ALTER" if exists else "CREATE"
    statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Literal(password)))


def _database(connection: psycopg.Connection, name: str, *, owner: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))
