"""Numbers of usage as charts, and the periods that a click chooses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from seatkeep_hub.agreements.usage import UsageSlice

Chart = dict[str, object]


def by_product(slices: Sequence[UsageSlice], *, first: date, last: date) -> Chart:
    """Seats in use per day, one colored part per product; days that were not counted are empty."""
    days = _days(first, last)
    used = {(one.day, one.product): one.in_use for one in slices}
    products = sorted({one.product for one in slices})
    return {
        "labels": [_label(day) for day in days],
        "series": [{"name": name, "values": [used.get((day, name)) for day in days]} for name in products],
        "stacked": True,
    }


def agreed_and_used(slices: Sequence[UsageSlice], *, first: date, last: date) -> Chart:
    """What was agreed beside what was in use, per day, all products together."""
    days = _days(first, last)
    counted = {one.day for one in slices}
    sums = {day: (sum(s.agreed for s in slices if s.day == day), sum(s.in_use for s in slices if s.day == day))
            for day in counted}  # fmt: skip
    return {
        "labels": [_label(day) for day in days],
        "series": [
            {"name": _("Agreed"), "values": [sums[day][0] if day in sums else None for day in days], "tone": "off"},
            {"name": _("In use"), "values": [sums[day][1] if day in sums else None for day in days], "tone": "info"},
        ],
    }


def month_of(today: date) -> tuple[date, date]:
    """The first and the last day of a day's month."""
    first = today.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def periods(today: date, *, first: date, last: date) -> list[dict[str, object]]:
    """The periods to choose by one click; the one that is shown is marked."""
    this, previous = month_of(today), month_of(today.replace(day=1) - timedelta(days=1))
    named = [
        (_("This month"), (this[0], today)),
        (_("Last month"), previous),
        (_("30 days"), (today - timedelta(days=29), today)),
        (_("A year"), (today - timedelta(days=364), today)),
    ]
    return [
        {
            "label": label,
            "url": "?" + urlencode({"first": begin.isoformat(), "last": end.isoformat()}),
            "is_current": (begin, end) == (first, last),
        }
        for label, (begin, end) in named
    ]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _label(day: date) -> str:
    return date_format(day, "j M")
