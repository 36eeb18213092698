"""`/catalog/…`: the vendor edits products and bundles, and publishes terms of use."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.routes.ordering import TermsOut
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.licensing.bundles import bundle_set
from seatkeep_hub.licensing.enums import Platform
from seatkeep_hub.licensing.models import Bundle, Product
from seatkeep_hub.licensing.products import MAX_CATEGORY, MAX_CODE, MAX_NAME, catalog_check, product_set
from seatkeep_hub.licensing.selectors import bundle_catalog, product_list
from seatkeep_hub.ordering.models import TermsText
from seatkeep_hub.ordering.terms import terms_get, terms_list, terms_publish

router = Router(tags=["Catalog"])
Ratio = Annotated[Decimal, Field(gt=0, le=1000, decimal_places=4)]
Code = Annotated[str, Field(max_length=MAX_CODE)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Category = Annotated[str, Field(min_length=1, max_length=MAX_CATEGORY)]


class ProductIn(Schema):
    """Something that a device activates."""

    name: Name
    category: Category
    platform: Platform
    is_retired: bool = False


class ProductOut(ProductIn):
    """A product of the catalog."""

    code: str


class BundleIn(Schema):
    """What is sold: seats per ordered unit, by product code."""

    name: Name
    category: Category
    tier: Annotated[int, Field(ge=1, le=99)] = 1
    products: Annotated[dict[str, Ratio], Field(min_length=1, max_length=100)]
    is_offered: bool = True
    successor: Code = ""


class BundleEditOut(Schema):
    """A bundle as the vendor sees it."""

    code: str
    name: str
    category: str
    tier: int
    products: dict[str, Decimal]
    is_offered: bool
    successor: str | None
    license_count: int

    @staticmethod
    def resolve_products(bundle: Bundle) -> dict[str, Decimal]:
        """Seats per unit by product code."""
        return {line.product.code: line.ratio for line in bundle.lines.all()}

    @staticmethod
    def resolve_successor(bundle: Bundle) -> str | None:
        """Its code."""
        return bundle.successor.code if bundle.successor else None


class TermsIn(Schema):
    """Terms of use, of one product or of everything."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    product: Code = ""


class TermsEditOut(TermsOut):
    """One version of a text, and how many companies accepted it."""

    published_at: datetime
    accepted_count: int


@router.get("/catalog/products", response=list[ProductOut], summary="List products")
def product_index(request: HttpRequest) -> list[Product]:
    """Retired ones, too."""
    catalog_check(viewer_of(request))
    return list(product_list())


@router.put("/catalog/products/{code}", response=ProductOut, summary="Make or change a product")
def product_put(request: HttpRequest, code: str, body: ProductIn) -> Product:
    """Category and platform are fixed once a license has the product. A retired one is in no bundle that is sold."""
    catalog_check(viewer_of(request))
    return product_set(actor=actor_from_request(request), code=code, now=read_clock(), **body.dict())


@router.get("/catalog/bundles", response=list[BundleEditOut], summary="List bundles with what they hold")
def bundle_index(request: HttpRequest) -> list[Bundle]:
    """Those that are no longer sold, too."""
    catalog_check(viewer_of(request))
    return list(bundle_catalog())


@router.put("/catalog/bundles/{code}", response=BundleEditOut, summary="Make or change a bundle")
def bundle_put(request: HttpRequest, code: str, body: BundleIn) -> Bundle:
    """What a bundle holds is fixed once a license has it; name, tier, offer and successor can change."""
    catalog_check(viewer_of(request))
    made = bundle_set(actor=actor_from_request(request), code=code, now=read_clock(), **body.dict())
    return bundle_catalog().get(pk=made.pk)


@router.get("/catalog/terms", response=PageOut[TermsEditOut], summary="List published terms of use")
def terms_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[TermsText]:
    """Every version, the newest first."""
    catalog_check(viewer_of(request))
    return paginate(terms_list(), order=("-published_at", "-id"), cursor=cursor, limit=limit)


@router.post("/catalog/terms", response={201: TermsEditOut}, summary="Publish terms of use")
@idempotent
def terms_new(request: HttpRequest, body: TermsIn) -> Status[Any]:
    """The next version of a text. Who accepted the former one is asked again with the next order."""
    catalog_check(viewer_of(request))
    made = terms_publish(
        actor=actor_from_request(request), title=body.title, text=body.text, product_code=body.product, now=read_clock()
    )
    return Status(201, terms_list().get(pk=made.pk))


@router.get("/catalog/terms/{terms_id}", response=TermsEditOut, summary="Show published terms of use")
def terms_show(request: HttpRequest, terms_id: UUID) -> TermsText:
    """One version."""
    catalog_check(viewer_of(request))
    return terms_get(terms_id)
