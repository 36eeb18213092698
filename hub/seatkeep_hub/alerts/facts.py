"""Reads what stands now, kind by kind; who is told of it is judged by `rules` and the access of each person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from seatkeep_hub.agreements.enums import AgreementMode
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.alerts.enums import AlertKind
from seatkeep_hub.alerts.rules import Fact
from seatkeep_hub.billing.enums import StatementState
from seatkeep_hub.billing.lines import month_words
from seatkeep_hub.billing.models import BillingSettings, Statement
from seatkeep_hub.companies.enums import CompanyStatus, Right
from seatkeep_hub.imports.enums import ImportState
from seatkeep_hub.imports.models import ImportRun
from seatkeep_hub.licensing import rules as licensing_rules
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import ProductUsage, licenses_usage, with_state
from seatkeep_hub.ordering import rules as ordering_rules
from seatkeep_hub.ordering.models import PlannedChange
from seatkeep_hub.ordering.plans import plans_near
from seatkeep_hub.upkeep.enums import QuestionState
from seatkeep_hub.upkeep.models import SeatQuestion

LICENSE_KINDS = frozenset(
    {AlertKind.OVERUSED, AlertKind.NEAR_OVERUSE, AlertKind.EXPIRED, AlertKind.NEAR_EXPIRY, AlertKind.TRIAL_ENDING}
)
AGREEMENT_KINDS = frozenset({AlertKind.OVERUSED, AlertKind.NEAR_OVERUSE})
UNCALM = ("WARNING", "ERROR", "EXPIRED", "TRIAL_EXPIRED")
IMPORTS_KEPT = timedelta(days=3)
"""So long a finished import is news."""
LICENSES_AT_ONCE = 1_000
Companies = Collection[int] | None
"""Ids of the companies that the facts shall concern; None for all."""


def facts_of(kinds: Collection[AlertKind], *, companies: Companies, now: datetime) -> list[Fact]:
    """Everything of some kinds that stands at `now` and concerns some companies, kind by kind.

    Args:
        kinds: Which kinds.
        companies: License owners, customers, sellers; None for all.
        now: Current time, aware UTC.
    """
    found = [one for load in _loaders(kinds) for one in load(companies, now) if one.kind in kinds]
    order = list(AlertKind)
    return sorted(found, key=lambda one: (order.index(one.kind), one.about, one.key))


def _loaders(kinds: Collection[AlertKind]) -> list[Callable[[Companies, datetime], Iterator[Fact]]]:
    wanted = set(kinds)
    return [load for covered, load in _LOADERS if wanted & covered]


def _licenses(companies: Companies, now: datetime) -> Iterator[Fact]:
    found = License.objects.filter(cancelled_at=None, suspended_at=None, owner__status=CompanyStatus.ACTIVE)
    if companies is not None:
        found = found.filter(owner__in=companies)
    uncalm = with_state(found, now=now).filter(Q(state_now__in=UNCALM)).select_related("owner", "bundle")
    some: list[License] = []
    for one in uncalm.defer("key_encrypted", "owner__search").order_by("pk").iterator(chunk_size=LICENSES_AT_ONCE):
        some.append(one)
        if len(some) == LICENSES_AT_ONCE:
            yield from _of_licenses(some, now)
            some = []
    yield from _of_licenses(some, now)


def _of_licenses(licenses: list[License], now: datetime) -> Iterator[Fact]:
    usage = licenses_usage(licenses)
    for one in licenses:
        yield from _of_license(one, usage[one.pk], now)


def _of_license(license: License, usage: list[ProductUsage], now: datetime) -> Iterator[Fact]:
    if license.expires_at is not None:
        kind = _ending(license, now)
        if kind is not None:
            day = _("%(bundle)s, %(seats)s seats: %(day)s") % {
                "bundle": license.bundle, "seats": license.quantity, "day": f"{license.expires_at:%Y-%m-%d}",
            }  # fmt: skip
            yield _license_fact(kind, license, day, f"{license.expires_at:%Y%m%d}")
    over = [line for line in usage if line.used > line.ordered]
    near = [line for line in usage if line.ordered and line.used >= line.ordered * licensing_rules.CLOSE_TO_OVERUSE]
    if over:
        yield _license_fact(AlertKind.OVERUSED, license, _counts(over))
    elif near:
        yield _license_fact(AlertKind.NEAR_OVERUSE, license, _counts(near))


def _ending(license: License, now: datetime) -> AlertKind | None:
    if license.expires_at is None or license.expires_at - now >= licensing_rules.CLOSE_TO_EXPIRY:
        return None
    if now >= license.expires_at:
        return AlertKind.EXPIRED
    return AlertKind.TRIAL_ENDING if license.kind == LicenseKind.TRIAL else AlertKind.NEAR_EXPIRY


def _counts(lines: list[ProductUsage]) -> str:
    word = _("%(product)s: %(used)s in use, %(ordered)s ordered")
    return "; ".join(word % {"product": one.product, "used": one.used, "ordered": one.ordered} for one in lines)


def _license_fact(kind: AlertKind, license: License, what: str, detail: str = "") -> Fact:
    return Fact(
        kind=kind,
        key=f"{kind.value}:{license.uid}:{detail}",
        companies=(license.owner_id,),
        path=license.owner.path,
        about=f"{license.owner} · {license.public_id}",
        what=what,
        link=reverse("portal:license", args=[license.uid]),
    )


def _agreements(companies: Companies, now: datetime) -> Iterator[Fact]:
    over = Q(mode=AgreementMode.FIXED, node__used__gt=F("quantity"))
    warned = Q(mode=AgreementMode.FLEXIBLE, warn_above__isnull=False, node__used__gt=F("warn_above"))
    found = Agreement.objects.filter(over | warned, closed_at=None, license__cancelled_at=None)
    if companies is not None:
        found = found.filter(Q(company__in=companies) | Q(license__owner__in=companies))
    for one in found.select_related("company", "product", "node", "license").defer("license__key_encrypted"):
        yield _agreement_fact(one)


def _agreement_fact(agreement: Agreement) -> Fact:
    is_fixed = agreement.mode == AgreementMode.FIXED
    kind = AlertKind.OVERUSED if is_fixed else AlertKind.NEAR_OVERUSE
    words = _("%(product)s: %(used)s in use, %(agreed)s agreed") if is_fixed else _(
        "%(product)s: %(used)s in use, to be told above %(agreed)s"
    )  # fmt: skip
    agreed = agreement.quantity if is_fixed else agreement.warn_above
    return Fact(
        kind=kind,
        key=f"{kind.value}:{agreement.uid}",
        companies=(agreement.license.owner_id, agreement.company_id),
        path=agreement.company.path,
        about=str(agreement.company),
        what=words % {"product": agreement.product, "used": agreement.node.used, "agreed": agreed},
        link=reverse("portal:company", args=[agreement.company.uid]),
    )


def _plans(companies: Companies, now: datetime) -> Iterator[Fact]:
    found = plans_near(now=now)
    if companies is not None:
        found = found.filter(Q(agreement__company__in=companies) | Q(license__owner__in=companies))
    for one in found:
        if ordering_rules.is_announced(one.due_on, now=now, zone=one.license.owner.time_zone):
            yield _plan_fact(one)


def _plan_fact(plan: PlannedChange) -> Fact:
    agreement = plan.agreement
    company = agreement.company if agreement else plan.license.owner
    before = agreement.quantity if agreement else plan.license.quantity
    words = ngettext(
        "%(day)s: from %(before)s to %(count)s seat", "%(day)s: from %(before)s to %(count)s seats", plan.quantity
    ) % {"day": plan.due_on, "before": before, "count": plan.quantity}
    used = ", " + _("%(used)s in use now") % {"used": agreement.node.used} if agreement else ""
    return Fact(
        kind=AlertKind.SEATS_CHANGE,
        key=f"{AlertKind.SEATS_CHANGE.value}:{plan.uid}",
        companies=(plan.license.owner_id, company.pk),
        path=company.path,
        about=f"{company} · {agreement.product if agreement else plan.license.public_id}",
        what=words + used,
        link=reverse("portal:license", args=[plan.license.uid]),
    )


def _questions(companies: Companies, now: datetime) -> Iterator[Fact]:
    found = SeatQuestion.objects.filter(state=QuestionState.OPEN)
    if companies is not None:
        found = found.filter(Q(seat__node__company__in=companies) | Q(seat__license__owner__in=companies))
    for one in found.select_related("seat__node__company", "seat__license").defer("seat__license__key_encrypted"):
        company = one.seat.node.company
        yield Fact(
            kind=AlertKind.SEAT_QUESTION,
            key=f"{AlertKind.SEAT_QUESTION.value}:{one.uid}",
            companies=(one.seat.license.owner_id, company.pk),
            path=company.path,
            about=f"{company} · {one.seat.shown_name}",
            what=str(one.get_kind_display()),
            link=reverse("portal:seat-questions"),
        )


def _statements(companies: Companies, now: datetime) -> Iterator[Fact]:
    silent = BillingSettings.objects.filter(is_draft_mail_sent=False).values("seller")
    found = Statement.objects.filter(state=StatementState.DRAFT).exclude(seller__in=silent)
    if companies is not None:
        found = found.filter(seller__in=companies)
    months: dict[tuple[int, str], list[Statement]] = defaultdict(list)
    for one in found.select_related("seller").order_by("month_on", "pk"):
        months[one.seller_id, f"{one.month_on:%Y-%m}"].append(one)
    for (_seller, month), drafts in months.items():
        yield _month_fact(month, drafts)


def _month_fact(month: str, drafts: list[Statement]) -> Fact:
    seller, flagged = drafts[0].seller, sum(1 for one in drafts if one.flag_count)
    words = ngettext("%(month)s: %(count)s draft", "%(month)s: %(count)s drafts", len(drafts)) % {
        "month": month_words(drafts[0]), "count": len(drafts),
    }  # fmt: skip
    looked = ", " + ngettext("%(n)s has lines to look at", "%(n)s have lines to look at", flagged) % {"n": flagged}
    return Fact(
        kind=AlertKind.STATEMENT_WAITING,
        key=f"{AlertKind.STATEMENT_WAITING.value}:{seller.uid}:{month}",
        companies=(seller.pk,),
        path=seller.path,
        about=str(seller),
        what=words + (looked if flagged else ""),
        link=f"{reverse('portal:statements')}?state=DRAFT",
        right=Right.BILLING,
    )


def _imports(companies: Companies, now: datetime) -> Iterator[Fact]:
    found = ImportRun.objects.filter(finished_at__gt=now - IMPORTS_KEPT, finished_at__lte=now)
    for one in found.filter(state__in=[ImportState.APPLIED, ImportState.FAILED]).select_related("target"):
        yield Fact(
            kind=AlertKind.IMPORT_FINISHED,
            key=f"{AlertKind.IMPORT_FINISHED.value}:{one.uid}",
            companies=(one.target_id,),
            path=one.target.path,
            about=f"{one.target} · {one.file_name}",
            what=str(one.get_state_display()),
            link=reverse("portal:import", args=[one.uid]),
            only_user=str(one.actor.get("id", "")) or "-",
        )


_LOADERS: list[tuple[frozenset[AlertKind], Callable[[Companies, datetime], Iterator[Fact]]]] = [
    (LICENSE_KINDS, _licenses),
    (AGREEMENT_KINDS, _agreements),
    (frozenset({AlertKind.SEATS_CHANGE}), _plans),
    (frozenset({AlertKind.SEAT_QUESTION}), _questions),
    (frozenset({AlertKind.STATEMENT_WAITING}), _statements),
    (frozenset({AlertKind.IMPORT_FINISHED}), _imports),
]
