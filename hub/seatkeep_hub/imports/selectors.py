"""Reads of imports; the scope comes first."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.imports.errors import ImportNotFoundError
from seatkeep_hub.imports.form import COMPANY_FIELDS, KEY
from seatkeep_hub.imports.models import ImportRow, ImportRun
from seatkeep_hub.imports.world import Numbers, Offer, Place, World
from seatkeep_hub.licensing.models import License

FEW_KEYS = 5_000
"""Up to so many numbers and names are looked up one by one; beyond, everything below the target is read."""


def import_list(viewer: Viewer) -> QuerySet[ImportRun]:
    """Imports into companies that the viewer may change, newest first, without their files."""
    writable = companies_visible(viewer, level=AccessLevel.WRITE).values("pk")
    return ImportRun.objects.filter(target__in=writable).select_related("target").defer("content")


def import_get(viewer: Viewer, uid: UUID) -> ImportRun:
    """One import.

    Raises:
        ImportNotFoundError: There is none, or the viewer may not change the company it goes into.
    """
    found = import_list(viewer).filter(uid=uid).first()
    if found is None:
        raise ImportNotFoundError
    return found


def row_list(run: ImportRun) -> QuerySet[ImportRow]:
    """Rows of an import, in the order of the file."""
    return ImportRow.objects.filter(run=run).order_by("number")


def world_read(*, actor: Actor, target: Company, keys: Collection[str], names: Collection[str]) -> World:
    """What the planner must know of the companies from the target down that a file is about.

    Args:
        actor: Whose access counts.
        target: The company that the import goes into.
        keys: Custom identifiers in the file, of parents too.
        names: Names in the file.
    """
    below = Company.objects.filter(path__contains=[target.pk]).exclude(status=CompanyStatus.REMOVED)
    if len(keys) + len(names) <= FEW_KEYS:
        meant = Q(custom_identifier__in=keys) | Q(uid__in=uids_in(keys))
        meant |= Q(small_name__in=[name.lower() for name in names])
        found = set(below.annotate(small_name=Lower("name")).filter(meant).values_list("pk", "parent_id"))
        below = below.filter(pk__in={one for pair in found for one in pair} | {target.pk})
    writable = set(companies_visible(actor, level=AccessLevel.WRITE).filter(pk__in=below).values_list("pk", flat=True))
    places = {one.pk: _place(one, one.pk in writable) for one in below.defer("search").iterator(chunk_size=2000)}
    return World(places[target.pk], places, _offers(actor, target), _agreed(list(places)))


def uids_in(keys: Collection[str]) -> list[UUID]:
    """Those keys of a file that are ids: what an export gives a company without a number of its own."""
    found = []
    for key in keys:
        with suppress(ValueError):
            found.append(UUID(key))
    return found


def agreements_of(company_ids: Collection[int]) -> QuerySet[Agreement]:
    """Open agreements of these companies."""
    return Agreement.objects.filter(company__in=company_ids, closed_at=None).select_related("product", "license")


def numbers_of(agreement: Agreement) -> Numbers:
    """What is agreed, as the planner compares it."""
    return Numbers(agreement.mode, agreement.quantity, agreement.on_exceed, agreement.warn_above, agreement.stop_above)


def values_of(company: Company) -> dict[str, str]:
    """A company's form fields as texts."""
    plain = {name: str(getattr(company, name)) for name in COMPANY_FIELDS if name != "tags"}
    return {**plain, "tags": "; ".join(company.tags), KEY: company.custom_identifier}


def _place(company: Company, can_write: bool) -> Place:
    return Place(
        id=company.pk,
        key=company.custom_identifier,
        name=company.name,
        kind=company.kind,
        status=company.status,
        parent_id=company.parent_id,
        path=tuple(company.path),
        can_write=can_write,
        values=values_of(company),
        uid=str(company.uid),
    )


def _offers(actor: Actor, target: Company) -> dict[str, Offer]:
    # A license of a company above the target can be shared, as everywhere, only by one who may change its owner.
    owners = companies_visible(actor, level=AccessLevel.WRITE).filter(
        Q(path__contains=[target.pk]) | Q(pk__in=target.path)
    )
    found = License.objects.filter(owner__in=owners.values("pk"), cancelled_at=None, suspended_at=None)
    found = found.select_related("bundle").prefetch_related("bundle__lines__product")
    return {one.public_id: _offer(one) for one in found}


def _offer(license: License) -> Offer:
    products = frozenset(line.product.code for line in license.bundle.lines.all())
    return Offer(license.pk, license.public_id, license.owner_id, license.kind, products)


def _agreed(company_ids: list[int]) -> dict[tuple[int, int, str], Numbers]:
    return {(one.company_id, one.license_id, one.product.code): numbers_of(one) for one in agreements_of(company_ids)}
