"""`/bundles/{code}`, `/terms`: the vendor edits the catalogue and publishes terms of use."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.license_schemas import BundleOut
from seatkeep_hub.api.routes.ordering import TermsOut
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind
from seatkeep_hub.companies.errors import CompanyNotFoundError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.bundles import bundle_set
from seatkeep_hub.licensing.models import Bundle
from seatkeep_hub.ordering.models import TermsText
from seatkeep_hub.ordering.terms import terms_publish

router = Router(tags=["Catalogue"])
Ratio = Annotated[Decimal, Field(gt=0, le=1000, decimal_places=4)]


class BundleIn(Schema):
    """What is sold: seats per ordered unit, by product code."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    category: Annotated[str, Field(min_length=1, max_length=60)]
    tier: Annotated[int, Field(ge=1, le=99)] = 1
    products: Annotated[dict[str, Ratio], Field(min_length=1, max_length=100)]
    is_offered: bool = True


class TermsIn(Schema):
    """Terms of use, of one product or of everything."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    product: Annotated[str, Field(max_length=60)] = ""


@router.put("/bundles/{code}", response=BundleOut, summary="Make or change a bundle")
def bundle_put(request: HttpRequest, code: str, body: BundleIn) -> Bundle:
    """For the vendor. What a bundle holds is fixed once a license has it; name, tier and offer can change."""
    _vendor_check(request)
    return bundle_set(actor=actor_from_request(request), code=code[:60], now=read_clock(), **body.dict())


@router.post("/terms", response={201: TermsOut}, summary="Publish terms of use")
@idempotent
def terms_new(request: HttpRequest, body: TermsIn) -> Status[TermsText]:
    """For the vendor: the next version of a text. Who accepted the former one is asked again with the next order."""
    _vendor_check(request)
    made = terms_publish(
        actor=actor_from_request(request), title=body.title, text=body.text, product_code=body.product, now=read_clock()
    )
    return Status(201, made)


def _vendor_check(request: HttpRequest) -> None:
    """See that the caller may change the vendor's things; to all others there is no such address."""
    viewer = viewer_of(request)
    vendor = Company.objects.filter(kind=CompanyKind.VENDOR).first()
    if vendor is None:
        raise CompanyNotFoundError
    company_get(viewer, vendor.uid, level=AccessLevel.WRITE)
