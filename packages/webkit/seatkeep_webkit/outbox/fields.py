"""The column that makes a growing table safe to read by a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Func


class CurrentXact(Func):
    """`pg_current_xact_id()`: the id of the writing transaction."""

    function = "pg_current_xact_id"
    arity = 0


if TYPE_CHECKING:
    _IntField = models.Field[int, int]
else:
    _IntField = models.Field


class XidField(_IntField):
    """The 64-bit id of the transaction that wrote the row (`xid8`); the database fills it in.

    Ids of a sequence are given out before commit, so a reader by id skips a row that commits late. Transaction ids have
    a horizon below which nothing is open any more: below it a cursor on (xid, id) is complete (see `below_horizon`).
    """

    description = "Transaction id"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("db_default", CurrentXact())
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        """Return PostgreSQL's `xid8`."""
        return "xid8"

    def deconstruct(self) -> Any:
        """Leave out of migrations what every column of this kind has."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def from_db_value(self, value: str | int | None, expression: object, connection: object) -> int | None:
        """Return the id as a number; psycopg hands over text."""
        return None if value is None else int(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Send the id as text, which PostgreSQL reads as xid8."""
        return str(value) if isinstance(value, int) else super().get_db_prep_value(value, connection, prepared)
