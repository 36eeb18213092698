"""The vendor edits the catalogue: what can be ordered, what it holds, and in which tier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.licensing.errors import BundleFieldError, BundleInUseError
from seatkeep_hub.licensing.models import Bundle, BundleProduct, Product

MAX_RATIO = Decimal(1000)
MAX_TIER = 99


@transaction.atomic
def bundle_set(
    *,
    actor: Actor,
    code: str,
    name: str,
    category: str,
    tier: int,
    products: Mapping[str, Decimal],
    now: datetime,
    is_offered: bool = True,
) -> Bundle:
    """Make a bundle, or change one. The same values change nothing.

    What a bundle holds, and its category, are fixed once a license has it: whoever ordered it keeps what was ordered.
    Make another bundle in another tier, and let licenses move there.

    Args:
        actor: Who edits; that it is the vendor is the caller's look-up.
        code: Its code, which never changes.
        name: What people read.
        category: Seats of one category count for one price, and licenses move within it.
        tier: 1 to 99; a higher one is an upgrade.
        products: Seats per ordered unit, above 0 and at most 1,000, by product code; at least one product.
        now: Current time, aware UTC.
        is_offered: Whether it can be ordered and moved to.

    Raises:
        BundleFieldError: A field is empty or out of range, or a product is unknown; `fields` names it.
        BundleInUseError: A license has it, and what it holds or its category would change.
    """
    rows = _rows(name, category, tier, products)
    bundle = Bundle.objects.select_for_update().filter(code=code).first() or Bundle(code=code)
    held = dict(bundle.lines.values_list("product__code", "ratio")) if bundle.pk else {}
    is_other = held != dict(products) or bundle.category != category
    if bundle.pk and is_other and bundle.licenses.exists():
        raise BundleInUseError
    wanted = {"name": name.strip(), "category": category, "tier": tier, "is_offered": is_offered}
    if bundle.pk and not is_other and all(getattr(bundle, field) == value for field, value in wanted.items()):
        return bundle
    for field, value in wanted.items():
        setattr(bundle, field, value)
    bundle.save()
    if held != dict(products):
        bundle.lines.all().delete()
        lines = [BundleProduct(bundle=bundle, product=one, ratio=ratio) for one, ratio in rows]
        BundleProduct.objects.bulk_create(lines)
    audit_record(
        actor=actor,
        action="bundle:set",
        subject_type="bundle",
        subject_id=str(bundle.uid),
        company_uid=None,
        details={"bundle": code, "name": bundle.name, "tier": tier, "is_offered": is_offered},
        now=now,
    )
    return bundle


def _rows(name: str, category: str, tier: int, products: Mapping[str, Decimal]) -> list[tuple[Product, Decimal]]:
    faults: dict[str, list[str]] = {}
    if not name.strip() or not name.isprintable():
        faults["name"] = ["A name is needed."]
    if not category:
        faults["category"] = ["A category is needed."]
    if not 1 <= tier <= MAX_TIER:
        faults["tier"] = [f"Between 1 and {MAX_TIER}."]
    known = {one.code: one for one in Product.objects.filter(code__in=products)}
    unknown = sorted(set(products) - set(known))
    if unknown or not products:
        faults["products"] = [f"Unknown: {', '.join(unknown)}." if unknown else "At least one product."]
    if not all(ratio.is_finite() and 0 < ratio <= MAX_RATIO for ratio in products.values()):
        faults["products"] = [f"Seats per unit: above 0 and at most {MAX_RATIO}."]
    if faults:
        raise BundleFieldError(fields=faults)
    return [(known[code], ratio) for code, ratio in sorted(products.items())]
