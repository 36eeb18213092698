"""Numbers of usage as charts, and the periods that a click chooses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from seatkeep_hub.agreements.reports import ReportRow
from seatkeep_hub.agreements.usage import UsageSlice
from seatkeep_hub.billing.money import decimal_of
from seatkeep_hub.billing.review import MonthTotal

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


BARS = 12


def by_customer(rows: Sequence[ReportRow]) -> Chart:
    """Seat-days agreed and in use of the customers that use most; the rest together."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        pair = sums.setdefault(row.company, [0, 0])
        pair[0] += row.agreed
        pair[1] += row.in_use
    ranked = sorted(sums.items(), key=lambda one: (-one[1][1], one[0]))
    shown, rest = ranked[:BARS], ranked[BARS:]
    if rest:
        shown.append((_("Others"), [sum(pair[at] for _name, pair in rest) for at in (0, 1)]))
    return {
        "labels": [name for name, _pair in shown],
        "series": [
            {"name": _("Agreed"), "values": [pair[0] for _name, pair in shown], "tone": "off"},
            {"name": _("In use"), "values": [pair[1] for _name, pair in shown], "tone": "info"},
        ],
    }


def totals_by_month(totals: Sequence[MonthTotal]) -> list[dict[str, object]]:
    """Totals of statements per month, a chart for each currency (minor units of one do not add to another's)."""
    charts: list[dict[str, object]] = []
    for currency in sorted({one.currency for one in totals}):
        months = sorted({one.month_on for one in totals if one.currency == currency})
        sums = {(one.month_on, one.state): one.total_minor for one in totals if one.currency == currency}
        series = [
            {"name": label, "tone": tone,
             "values": [decimal_of(sums.get((month, state), 0), currency) for month in months]}
            for state, label, tone in (("CLOSED", _("Closed"), "ok"), ("DRAFT", _("Draft"), "info"))
        ]  # fmt: skip
        labels = [date_format(month, "M Y") for month in months]
        charts.append({"note": currency, "chart": {"labels": labels, "series": series, "stacked": True}})
    return charts


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
