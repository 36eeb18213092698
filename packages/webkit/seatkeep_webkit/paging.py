"""Keyset paging: every page is as fast as the first, and rows that come or go do not shift the others."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.utils.timezone import is_naive
from django.utils.translation import gettext_lazy as _

from seatkeep_webkit.errors import InvalidError

_M = TypeVar("_M", bound=Model)
MAX_LIMIT = 1000


class CursorInvalidError(InvalidError):
    """The cursor is not one of ours, or belongs to another sort order."""

    code = "cursor_invalid"
    message = _("This page marker is not valid. Please start again from the first page.")


@dataclass(frozen=True, slots=True)
class Page(Generic[_M]):
    """One page; a cursor is None where nothing more lies that way."""

    items: list[_M]
    next_cursor: str | None
    previous_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Key:
    """One field of the order: its path, its direction, and how its values are read back."""

    path: str
    is_descending: bool
    is_nullable: bool
    field: Field[Any, Any] | None

    def order_by(self, *, is_reversed: bool) -> Any:
        is_descending = self.is_descending != is_reversed
        return F(self.path).desc() if is_descending else F(self.path).asc()

    def value_of(self, item: Any) -> Any:
        value = item
        for part in self.path.split(LOOKUP_SEP):
            value = getattr(value, part, None)
        return value

    def parse(self, raw: Any) -> Any:
        if raw is None:
            return None
        if isinstance(raw, str) and "\0" in raw:
            raise CursorInvalidError
        if self.field is None:
            return raw
        value = self.field.to_python(raw)
        if isinstance(value, datetime) and is_naive(value):
            raise CursorInvalidError
        return value

    def equal(self, value: Any) -> Q:
        return Q(**{f"{self.path}__isnull": True}) if value is None else Q(**{self.path: value})

    def beyond(self, value: Any, *, is_reversed: bool) -> Q:
        """Rows strictly after a value; PostgreSQL puts NULL last ascending and first descending."""
        is_descending = self.is_descending != is_reversed
        if value is None:
            return Q(**{f"{self.path}__isnull": False}) if is_descending else Q(pk__in=[])
        after = Q(**{f"{self.path}__{'lt' if is_descending else 'gt'}": value})
        return after | Q(**{f"{self.path}__isnull": True}) if self.is_nullable and not is_descending else after

    def at_or_beyond(self, value: Any, *, is_reversed: bool) -> Q:
        """A plain bound for the index; says nothing that `beyond` and `equal` do not say."""
        if self.is_nullable or value is None:
            return Q()
        is_descending = self.is_descending != is_reversed
        return Q(**{f"{self.path}__{'lte' if is_descending else 'gte'}": value})


def paginate(
    queryset: QuerySet[_M], *, order: tuple[str, ...], cursor: str | None = None, limit: int = 100
) -> Page[_M]:
    """Return one page of a queryset.

    Args:
        queryset: Scoped and filtered; its own order is replaced.
        order: Field paths, `-` for descending; the last must be unique, such as `id`.
        cursor: `next_cursor` or `previous_cursor` of another page; None for the first page.
        limit: Rows per page, 1 to 1000.

    Raises:
        InvalidError: Code `cursor_invalid`, or the limit is out of bounds.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidError(fields={"limit": [_("Must be from 1 to 1000.")]})
    keys = [_key(queryset, path) for path in order]
    is_reversed, values = _read(cursor, keys) if cursor else (False, None)
    rows = queryset.order_by(*(key.order_by(is_reversed=is_reversed) for key in keys))
    if values is not None:
        rows = rows.filter(_after(keys, values, is_reversed=is_reversed))
    found = list(rows[: limit + 1])
    return _page(found, keys, limit=limit, is_reversed=is_reversed, is_first=cursor is None)


def _page(found: list[_M], keys: list[_Key], *, limit: int, is_reversed: bool, is_first: bool) -> Page[_M]:
    has_more, items = len(found) > limit, found[:limit]
    if is_reversed:
        items.reverse()
    has_next, has_previous = (True, has_more) if is_reversed else (has_more, not is_first)
    return Page(
        items=items,
        next_cursor=_write(keys, items[-1], is_reversed=False) if items and has_next else None,
        previous_cursor=_write(keys, items[0], is_reversed=True) if items and has_previous else None,
    )


def _after(keys: list[_Key], values: list[Any], *, is_reversed: bool) -> Q:
    condition = Q()
    for key, value in reversed(list(zip(keys, values, strict=True))):
        beyond = key.beyond(value, is_reversed=is_reversed)
        condition = beyond | (key.equal(value) & condition) if condition else beyond
    return keys[0].at_or_beyond(values[0], is_reversed=is_reversed) & condition


def _key(queryset: QuerySet[Any], spec: str) -> _Key:
    path = spec.lstrip("-")
    is_descending = spec.startswith("-")
    annotation = queryset.query.annotations.get(path)
    if annotation is not None:
        return _Key(path, is_descending, is_nullable=True, field=getattr(annotation, "output_field", None))
    field, is_nullable = _model_field(queryset.model, path)
    return _Key(path, is_descending, is_nullable, field)


def _model_field(model: type[Model], path: str) -> tuple[Field[Any, Any], bool]:
    is_nullable, field = False, None
    for part in path.split(LOOKUP_SEP):
        found = model._meta.pk if part == "pk" else model._meta.get_field(part)
        if not isinstance(found, Field):
            raise TypeError(f"{path} cannot order a page: {part} is not a column")
        field, is_nullable = found, is_nullable or found.null
        model = found.related_model if isinstance(found.related_model, type) else model
    if field is None:
        raise TypeError("an order needs a field")
    return field, is_nullable


def _write(keys: list[_Key], item: Any, *, is_reversed: bool) -> str:
    body = {"o": _signature(keys), "r": is_reversed, "v": [_plain(key.value_of(item)) for key in keys]}
    return base64.urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(cursor: str, keys: list[_Key]) -> tuple[bool, list[Any]]:
    try:
        body = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if body["o"] != _signature(keys) or not isinstance(body["r"], bool) or len(body["v"]) != len(keys):
            raise CursorInvalidError
        return body["r"], [key.parse(raw) for key, raw in zip(keys, body["v"], strict=True)]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, binascii.Error, ValidationError) as error:
        raise CursorInvalidError from error


def _signature(keys: list[_Key]) -> str:
    return ",".join(("-" if key.is_descending else "") + key.path for key in keys)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, (UUID, Decimal)) else value
