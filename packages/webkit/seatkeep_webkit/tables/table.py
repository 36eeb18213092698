"""The table itself: reads the address, asks the database for one page, and answers page, part or file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from seatkeep_webkit import clock
from seatkeep_webkit.errors import Text
from seatkeep_webkit.paging import Page, paginate
from seatkeep_webkit.tables.columns import Column
from seatkeep_webkit.tables.exports import csv_response, xlsx_response
from seatkeep_webkit.tables.filters import Filter, narrow

_M = TypeVar("_M", bound=Model)
COUNT_LIMIT = 10_000
MAX_SEARCH = 100
EXPORT_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class BulkAction:
    """Something to do with the selected rows; `url_name` gets a POST and asks `table.selected()`."""

    name: str
    label: Text
    url_name: str
    icon: str = ""
    is_danger: bool = False
    url_args: tuple[object, ...] = ()

    @property
    def url(self) -> str:
        """Where the selection is posted."""
        return reverse(self.url_name, args=self.url_args)


@dataclass(frozen=True, slots=True)
class Empty:
    """What a table says when there is nothing yet: the fact and the next step."""

    title: Text = ""
    text: Text = ""
    icon: str = "inbox"
    url: Text = ""
    label: Text = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter, with the address without it."""

    name: str
    value: str
    label: Text
    words: Text
    remove_url: str


class Table(Generic[_M]):
    """Subclass it per list; make one per request with a scoped queryset.

    Attributes:
        name: Unique per site; part of element ids and preferences.
        order: Default sort, `-` for descending.
        ties: What orders rows that are alike by the sort, in its direction: fields that tell every row apart.
        search: Lookups that the search box tries, joined by "or"; or override `apply_search`.
        columns: What is shown.
        filters: What can be narrowed by.
        bulk_actions: What can be done with selected rows.
        empty: What is said when there is nothing.
        per_page: Rows per page.
        opens_pages: A row opens a page of its own instead of the drawer.
    """

    name: ClassVar[str]
    order: ClassVar[str] = "-pk"
    ties: ClassVar[tuple[str, ...]] = ("pk",)
    search: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = ()
    filters: ClassVar[tuple[Filter, ...]] = ()
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = ()
    empty: ClassVar[Empty] = Empty(_("Nothing here yet."))
    per_page: ClassVar[int] = 50
    opens_pages: ClassVar[bool] = False

    def __init__(self, request: HttpRequest, queryset: QuerySet[_M], *, scope: Mapping[str, str] | None = None) -> None:
        """Make the table of one request.

        Args:
            request: Its address holds search, filters, sort and page.
            queryset: What the person may see, already narrowed to the scope.
            scope: Where the table stands, such as one group; travels with a selection of all that match, so that
                `selected` can narrow by it again (see `apply_scope`).
        """
        self.request = request
        self.queryset = queryset
        self.params = request.GET
        self.scope = dict(scope or {})

    # What a project overrides

    def row_url(self, row: _M) -> str:
        """Return the address that a row opens; empty for none."""
        return ""

    def apply_search(self, queryset: QuerySet[_M], text: str) -> QuerySet[_M]:
        """Keep the rows that match a search text, which is never empty."""
        condition = Q()
        for lookup in self.search:
            condition |= Q(**{lookup: text})
        return queryset.filter(condition)

    def offered_filters(self) -> Sequence[Filter]:
        """Return the filters of this request; override it to leave out what is not in use."""
        return self.filters

    def offered_empty(self) -> Empty:
        """Return what is said when there is nothing; override it where the next step is not everybody's."""
        return self.empty

    def prepare(self, rows: Sequence[_M]) -> None:
        """Read for all shown rows at once what their cells need; called before they are rendered."""

    def apply_scope(self, queryset: QuerySet[_M], scope: QueryDict) -> QuerySet[_M]:
        """Keep the rows of the place that a posted selection came from; `scope` holds what the page gave as `scope`."""
        return queryset

    # What views call

    def response(self, template: str, context: Mapping[str, object] | None = None) -> HttpResponseBase:
        """Answer the whole page, only the table's part for htmx, or a file for `?export=csv|xlsx`."""
        if self.params.get("export") in ("csv", "xlsx"):
            return self._export(self.params["export"])
        chosen = "webkit/parts/table_part.html" if self.is_part else template
        response = render(self.request, chosen, {**(context or {}), "table": self})
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    def selected(self) -> QuerySet[_M]:
        """Return the rows of a posted selection: the ticked ones, or all that match the posted filters."""
        if self.request.POST.get("all_matching") == "1":
            posted = QueryDict(self.request.POST.get("table_query", ""))
            return self.apply_scope(self._narrowed(posted), posted)
        ids = [int(text) for text in self.request.POST.getlist("selected") if text.isascii() and text.isdigit()]
        return self.queryset.filter(pk__in=ids)

    @property
    def is_part(self) -> bool:
        """Whether htmx asks for the rows alone, so that a view need not read what stands around them."""
        return self.request.headers.get("HX-Target") == self.part_id

    # What templates ask

    @property
    def part_id(self) -> str:
        """Id of the element that htmx replaces."""
        return f"table-{self.name}"

    @cached_property
    def page(self) -> Page[_M]:
        """The rows of this page; a damaged marker raises InvalidError."""
        cursor = self.params.get("cursor") or None
        found = paginate(self.filtered, order=self._order, cursor=cursor, limit=self.per_page)
        self.prepare(found.items)
        return found

    @property
    def _order(self) -> tuple[str, ...]:
        sign = "-" if self.sort.startswith("-") else ""
        return (self.sort, *(sign + tie for tie in self.ties if tie != self.sort.lstrip("-")))

    @cached_property
    def _filters(self) -> Sequence[Filter]:
        return self.offered_filters()

    @cached_property
    def filtered(self) -> QuerySet[_M]:
        """Everything that matches search and filters."""
        return self._narrowed(self.params)

    @cached_property
    def count(self) -> int:
        """How many match, at most one above COUNT_LIMIT: a page must not wait for counting millions."""
        return self.filtered.order_by()[: COUNT_LIMIT + 1].count()

    @property
    def is_count_exact(self) -> bool:
        """Whether `count` is the whole truth."""
        return self.count <= COUNT_LIMIT

    @property
    def count_limit(self) -> int:
        """Up to where rows are counted for the page."""
        return COUNT_LIMIT

    @cached_property
    def sort(self) -> str:
        """The field path that sorts, from the address if a column offers it."""
        asked = self.params.get("sort", "")
        offered = {column.sort for column in self.columns if column.sort}
        return asked if asked.removeprefix("-") in offered else self.order

    @property
    def search_text(self) -> str:
        """What is in the search box."""
        return _search_text(self.params)

    @property
    def has_search(self) -> bool:
        """Whether there is a search box."""
        return bool(self.search) or type(self).apply_search is not Table.apply_search

    @property
    def is_narrowed(self) -> bool:
        """Whether search or filters hide something."""
        return bool(self.search_text or self.chips)

    @cached_property
    def chips(self) -> list[Chip]:
        """The active filters."""
        found = []
        for one in self._filters:
            words = dict(one.options())
            for value in _chosen(self.params, one):
                remaining = [other for other in self.params.getlist(one.name) if other != value]
                address = self.address(**{one.name: remaining, "cursor": None})
                found.append(Chip(one.name, value, one.label, words[value], address))
        return found

    @property
    def filter_menus(self) -> list[tuple[Filter, list[tuple[str, Text, bool]]]]:
        """Each filter with its options and whether they are chosen."""
        menus = []
        for one in self._filters:
            chosen = _chosen(self.params, one)
            menus.append((one, [(value, words, value in chosen) for value, words in one.options()]))
        return menus

    @cached_property
    def shown_columns(self) -> list[Column]:
        """The columns that this person sees; the title column always."""
        chosen = self._preferences.get("columns")
        if not chosen:
            return [column for column in self.columns if not column.is_hidden]
        return [column for column in self.columns if column.name in chosen or column.is_title]

    @property
    def column_choices(self) -> list[tuple[Column, bool]]:
        """Every column and whether it is shown."""
        return [(column, column in self.shown_columns) for column in self.columns]

    @property
    def presets(self) -> list[dict[str, str]]:
        """The person's saved filters: name and query."""
        return list(self._preferences.get("presets", []))

    @property
    def heads(self) -> list[tuple[Column, str, str]]:
        """Each shown column with the address that sorts by it and its present direction."""
        return [(column, self._sort_url(column), self._direction(column)) for column in self.shown_columns]

    @property
    def query(self) -> str:
        """Scope, search and filters as a query string, without sort and page: what a selection of all means."""
        return self._query(sort=None, cursor=None, export=None, **self.scope)

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """What of the address belongs to the page and must survive a new search or filter, such as the group."""
        own = {"q", "sort", "cursor", "export", *(one.name for one in self._filters)}
        return [(name, value) for name, values in self.params.lists() if name not in own for value in values]

    @property
    def next_url(self) -> str:
        """Address of the next page; empty on the last."""
        return self.address(cursor=self.page.next_cursor) if self.page.next_cursor else ""

    @property
    def previous_url(self) -> str:
        """Address of the page before; empty on the first."""
        return self.address(cursor=self.page.previous_cursor) if self.page.previous_cursor else ""

    @property
    def clear_url(self) -> str:
        """Address without search and filters."""
        return self.address(q=None, cursor=None, **{one.name: None for one in self._filters})

    @property
    def csv_url(self) -> str:
        """Address of the filtered rows as CSV."""
        return self.address(export="csv", cursor=None)

    @property
    def xlsx_url(self) -> str:
        """Address of the filtered rows as XLSX."""
        return self.address(export="xlsx", cursor=None)

    def address(self, **changes: object) -> str:
        """Return this page's address with parameters changed; None removes one."""
        query = self._query(**changes)
        return f"{self.request.path}?{query}" if query else self.request.path

    def cell(self, column: Column, row: _M) -> str | SafeString:
        """Return the content of one cell; the title cell links to the row."""
        content = column.render(row)
        url = self.row_url(row) if column.is_title else ""
        if not url:
            return content
        drawer = "" if self.opens_pages else " data-drawer"
        return format_html('<a class="row-link" href="{}"{}>{}</a>', url, drawer, content)

    def _narrowed(self, params: QueryDict) -> QuerySet[_M]:
        chosen = {one.name: _chosen(params, one) for one in self._filters}
        rows = narrow(self.queryset, self._filters, chosen)
        text = _search_text(params)
        return self.apply_search(rows, text) if text and self.has_search else rows

    def _export(self, kind: str) -> HttpResponseBase:
        name = f"{self.name}-{clock.now():%Y-%m-%d}"
        rows = self.filtered.order_by(*self._order).iterator(chunk_size=EXPORT_CHUNK)
        answer = csv_response if kind == "csv" else xlsx_response
        return answer(name, self.shown_columns, self._prepared(rows))

    def _prepared(self, rows: Iterator[_M]) -> Iterator[_M]:
        while chunk := list(islice(rows, EXPORT_CHUNK)):
            self.prepare(chunk)
            yield from chunk

    def _query(self, **changes: object) -> str:
        query = self.params.copy()
        for name, value in changes.items():
            if value is None or value == []:
                query.pop(name, None)
            else:
                query.setlist(name, [str(one) for one in value] if isinstance(value, list) else [str(value)])
        return query.urlencode()

    def _sort_url(self, column: Column) -> str:
        if column.sort is None:
            return ""
        return self.address(sort=f"-{column.sort}" if self.sort == column.sort else column.sort, cursor=None)

    def _direction(self, column: Column) -> str:
        if column.sort is None or self.sort.lstrip("-") != column.sort:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"

    @property
    def _preferences(self) -> dict[str, Any]:
        preferences = getattr(self.request.user, "preferences", None) or {}
        own: dict[str, Any] = preferences.get("tables", {}).get(self.name, {})
        return own


def _chosen(params: QueryDict, one: Filter) -> Sequence[str]:
    known = {value for value, _words in one.options()}
    return [value for value in dict.fromkeys(params.getlist(one.name)) if value in known]


def _search_text(params: QueryDict) -> str:
    return params.get("q", "").replace("\0", "").strip()[:MAX_SEARCH]
