"""The state of many licenses, judged by the database: the precedence is that of `rules.license_state`."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Floor

from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.enums import LicenseKind, LicenseState, NodeKind
from seatkeep_hub.licensing.models import License, PoolNode


def license_in_state(licenses: QuerySet[License], state: str, *, now: datetime) -> QuerySet[License]:
    """Those that are in one state at `now`; none for a word that is no state."""
    return licenses.filter(state_conditions(now=now).get(state, Q(pk__in=[])))


def state_conditions(*, now: datetime) -> dict[str, Q]:
    """What is true of the licenses in each state at `now`, and of no others."""
    conditions, before = {}, Q()
    for state, reason in _reasons(now):
        conditions[state] = reason & before
        before &= ~reason
    return conditions


def with_state(licenses: QuerySet[License], *, now: datetime) -> QuerySet[License]:
    """Note each license's state at `now` as `state_now`, for a list that is sorted by it."""
    cases = [When(reason, then=Value(state)) for state, reason in _reasons(now)[:-1]]
    return licenses.annotate(state_now=Case(*cases, default=Value(LicenseState.OK.value)))


def _reasons(now: datetime) -> list[tuple[str, Q]]:
    """Each state and why a license is in it; the first that applies wins."""
    is_over = Q(expires_at__isnull=False, expires_at__lte=now)
    is_ending = Q(expires_at__isnull=False, expires_at__lt=now + rules.CLOSE_TO_EXPIRY)
    return [
        ("CANCELLED", Q(cancelled_at__isnull=False)),
        ("SUSPENDED", Q(suspended_at__isnull=False)),
        ("TRIAL_EXPIRED", is_over & Q(kind=LicenseKind.TRIAL)),
        ("EXPIRED", is_over),
        ("ERROR", _has_a_root(Q(used__gt=F("ordered")))),
        ("WARNING", _has_a_root(Q(ordered__gt=0, used__gte=F("ordered") * rules.CLOSE_TO_OVERUSE)) | is_ending),
        ("OK", Q()),
    ]


def _has_a_root(condition: Q) -> Q:
    """Licenses with a product of which `condition` is true, `ordered` being its seats: found all at once."""
    roots = PoolNode.objects.filter(kind=NodeKind.ROOT, license__bundle__lines__product=F("product"))
    counted = roots.annotate(ordered=Floor(F("license__quantity") * F("license__bundle__lines__ratio")))
    return Q(pk__in=counted.filter(condition).values("license_id"))
