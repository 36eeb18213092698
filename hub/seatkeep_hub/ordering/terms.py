"""Terms of use: versioned texts, and who accepted which of them for which company, and when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.errors import ProductNotInLicenseError
from seatkeep_hub.licensing.models import Product
from seatkeep_hub.ordering.errors import TermsFieldError, TermsNotAcceptedError, TermsNotFoundError
from seatkeep_hub.ordering.models import TermsAcceptance, TermsText


@transaction.atomic
def terms_publish(*, actor: Actor, title: str, text: str, now: datetime, product_code: str = "") -> TermsText:
    """Publish terms in their next version: of one product, or of the vendor for everything.

    Whoever accepted the version before is asked again with the next order.

    Raises:
        ProductNotInLicenseError: There is no such product.
        TermsFieldError: Title or text holds characters that cannot be shown, or the title nothing at all.
    """
    title = title.strip()
    _fields_check(title, text)
    product = Product.objects.filter(code=product_code).first()
    if product_code and product is None:
        raise ProductNotInLicenseError
    # Two who publish at once would count the same version; the unique constraint lets one of them through.
    last = TermsText.objects.filter(product=product).aggregate(last=Max("version"))["last"] or 0
    made = TermsText.objects.create(product=product, version=last + 1, title=title[:200], text=text, published_at=now)
    audit_record(
        actor=actor,
        action="terms:publish",
        subject_type="terms",
        subject_id=str(made.uid),
        company_uid=None,
        details={"title": made.title, "version": made.version, "product": product_code},
        now=now,
    )
    return made


def _fields_check(title: str, text: str) -> None:
    faults = {}
    if not title or not title.isprintable():
        faults["title"] = ["1 to 200 characters that can be shown."]
    if not all(sign.isprintable() or sign in "\r\n\t" for sign in text):
        faults["text"] = ["It holds characters that cannot be shown."]
    if faults:
        raise TermsFieldError(fields=faults)


def terms_list() -> QuerySet[TermsText]:
    """Every version of every text, the newest first, with how many companies accepted it."""
    found = TermsText.objects.select_related("product").annotate(accepted_count=Count("acceptances"))
    return found.order_by("-published_at", "-id")


def terms_current(product_ids: Collection[int]) -> list[TermsText]:
    """The version in force of each text that concerns these products, the vendor's first."""
    found = TermsText.objects.filter(Q(product=None) | Q(product__in=product_ids)).select_related("product")
    newest: dict[int | None, TermsText] = {}
    for one in found.order_by("version"):
        newest[one.product_id] = one
    return sorted(newest.values(), key=lambda one: (one.product_id is not None, one.product_id or 0))


def terms_get(uid: UUID) -> TermsText:
    """One text, in force or not: everybody may read what they accept.

    Raises:
        TermsNotFoundError: There is none.
    """
    found = terms_list().filter(uid=uid).first()
    if found is None:
        raise TermsNotFoundError
    return found


def terms_needed(company: Company, product_ids: Collection[int]) -> list[TermsText]:
    """Texts in force that were not accepted for the company yet."""
    current = terms_current(product_ids)
    accepted = set(
        TermsAcceptance.objects.filter(company=company, terms__in=current).values_list("terms_id", flat=True)
    )
    return [one for one in current if one.pk not in accepted]


@transaction.atomic
def terms_accept(*, actor: Actor, company: Company, terms_uids: Collection[UUID], now: datetime) -> int:
    """Accept texts for a company; who and when is kept. Idempotent; whether the actor may is the caller's look-up.

    Returns:
        How many were accepted anew.

    Raises:
        TermsNotFoundError: One of them does not exist.
    """
    found = list(TermsText.objects.filter(uid__in=terms_uids))
    if len(found) != len(set(terms_uids)):
        raise TermsNotFoundError
    made = 0
    for one in found:
        _, is_new = TermsAcceptance.objects.get_or_create(
            terms=one, company=company, defaults={"actor": actor.label[:200], "at": now}
        )
        made += is_new
        if is_new:
            _accept_audit(actor, company, one, now)
    return made


def terms_check(company: Company, product_ids: Collection[int]) -> None:
    """See that all terms of these products are accepted for a company.

    Raises:
        TermsNotAcceptedError: Some are not; `terms` lists them with id, title and version.
    """
    needed = terms_needed(company, product_ids)
    if needed:
        told = [{"id": str(one.uid), "title": one.title, "version": one.version} for one in needed]
        raise TermsNotAcceptedError(terms=told)


def _accept_audit(actor: Actor, company: Company, one: TermsText, now: datetime) -> None:
    audit_record(
        actor=actor,
        action="terms:accept",
        subject_type="terms",
        subject_id=str(one.uid),
        company_uid=company.uid,
        details={"title": one.title, "version": one.version},
        now=now,
    )
