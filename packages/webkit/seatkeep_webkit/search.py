"""Search in words' parts without an extension: a column of trigrams with PostgreSQL's built-in GIN index."""

from __future__ import annotations

import unicodedata
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import QuerySet

_M = TypeVar("_M", bound=models.Model)
MAX_QUERY = 100


def fold(text: str) -> str:
    """Return the text without case and accents, so that `Müller` is found by `muller`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def trigrams(text: str) -> list[str]:
    """Return the sorted trigrams of every word; word starts are marked, so that one or two letters are found there.

    `"Acme"` gives `[" ac", " a", "acm", "cme"]` in sorted order.
    """
    grams: set[str] = set()
    for word in fold(text).replace("\0", " ").split():
        grams.update({" " + word[:1], " " + word[:2]})
        grams.update(word[at : at + 3] for at in range(len(word) - 2))
    return sorted(gram for gram in grams if len(gram) > 1)


def query_trigrams(text: str) -> list[str]:
    """Return the trigrams that a row must have: all inner ones of long words, the word start of short ones."""
    grams: set[str] = set()
    for word in fold(text[:MAX_QUERY]).replace("\0", " ").split():
        grams.update({word[at : at + 3] for at in range(len(word) - 2)} if len(word) > 2 else {" " + word})
    return sorted(grams)


def search_filter(queryset: QuerySet[_M], field: str, text: str) -> QuerySet[_M]:
    """Keep the rows whose trigram column has every part of the text; an empty text keeps all."""
    grams = query_trigrams(text)
    return queryset.filter(**{f"{field}__contains": grams}) if grams else queryset


def SearchField(**kwargs: Any) -> ArrayField[Any, Any]:  # noqa: N802 - stands where a field class stands
    """Return the column; services fill it with `trigrams(…)` of what should be found."""
    return ArrayField(models.CharField(max_length=12), default=list, editable=False, **kwargs)


def search_index(field: str, *, name: str) -> GinIndex:
    """Return the index for Meta.indexes."""
    return GinIndex(fields=[field], name=name)
