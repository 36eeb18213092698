"""What a table can be narrowed by; every choice is in the address, so that it can be shared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from seatkeep_webkit.errors import Text

_M = TypeVar("_M", bound=Model)


class Filter(Protocol):
    """A named filter with options; several chosen options mean "or"."""

    @property
    def name(self) -> str:
        """Its name in the address."""

    @property
    def label(self) -> Text:
        """Its heading."""

    def options(self) -> Sequence[tuple[str, Text]]:
        """Return value and words of each option."""

    def condition(self, values: Sequence[str]) -> Q:
        """Return the condition of chosen values, all of them from `options`."""


@dataclass(frozen=True)
class ChoiceFilter:
    """Narrows by the values of a column, such as `LicenseState.choices`."""

    name: str
    label: Text
    choices: Iterable[tuple[object, Text]]
    lookup: str | None = None

    def options(self) -> Sequence[tuple[str, Text]]:
        """Return the choices."""
        return [(str(value), words) for value, words in self.choices]

    def condition(self, values: Sequence[str]) -> Q:
        """Return "is one of"."""
        return Q(**{f"{self.lookup or self.name}__in": list(values)})


@dataclass(frozen=True)
class BoolFilter:
    """Narrows by yes or no."""

    name: str
    label: Text
    lookup: str | None = None

    def options(self) -> Sequence[tuple[str, Text]]:
        """Return yes and no."""
        return [("1", _("Yes")), ("0", _("No"))]

    def condition(self, values: Sequence[str]) -> Q:
        """Return "is"; both chosen is no condition."""
        return Q(**{f"{self.lookup or self.name}__in": [value == "1" for value in values]})


@dataclass(frozen=True)
class QueryFilter:
    """Narrows by free conditions: `{"late": (_("Silent 14 days"), Q(...))}`."""

    name: str
    label: Text
    queries: Mapping[str, tuple[Text, Q]]

    def options(self) -> Sequence[tuple[str, Text]]:
        """Return the named conditions."""
        return [(value, words) for value, (words, _condition) in self.queries.items()]

    def condition(self, values: Sequence[str]) -> Q:
        """Return the chosen conditions, joined by "or"."""
        joined = Q()
        for value in values:
            joined |= self.queries[value][1]
        return joined


def narrow(queryset: QuerySet[_M], filters: Iterable[Filter], chosen: Mapping[str, Sequence[str]]) -> QuerySet[_M]:
    """Apply the chosen options; "or" within a filter, "and" between filters."""
    for one in filters:
        values = chosen.get(one.name)
        if values:
            queryset = queryset.filter(one.condition(values))
    return queryset
