"""The vendor edits the catalog: what can be ordered, what it holds, and in which tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.licensing.errors import BundleFieldError, BundleInUseError
from seatkeep_hub.licensing.models import Bundle, BundleProduct, Product
from seatkeep_hub.licensing.products import CODE, MAX_CODE

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
    successor: str = "",
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
        successor: Code of the bundle that its licenses should move to: of the same category, in another tier; or empty.

    Raises:
        BundleFieldError: A field is empty or out of range, a product is unknown or retired, or the successor is none;
            `fields` names it.
        BundleInUseError: A license has it, and what it holds or its category would change.
    """
    bundle = Bundle.objects.select_for_update().filter(code=code).first() or Bundle(code=code)
    held = dict(bundle.lines.values_list("product__code", "ratio")) if bundle.pk else {}
    after = Bundle.objects.filter(code=successor, category=category).exclude(tier=tier).exclude(code=code).first()
    rows = _rows(code, name, category, tier, products)
    _offer_check(rows, held, is_offered=is_offered, has_successor=not successor or after is not None)
    is_other = held != dict(products) or bundle.category != category
    if bundle.pk and is_other and bundle.licenses.exists():
        raise BundleInUseError
    wanted = {"name": name.strip(), "category": category, "tier": tier, "is_offered": is_offered, "successor": after}
    if bundle.pk and not is_other and all(getattr(bundle, field) == value for field, value in wanted.items()):
        return bundle
    for field, value in wanted.items():
        setattr(bundle, field, value)
    bundle.save()
    if held != dict(products):
        _hold(bundle, rows)
    audit_record(
        actor=actor,
        action="bundle:set",
        subject_type="bundle",
        subject_id=str(bundle.uid),
        company_uid=None,
        details={"bundle": code, "name": bundle.name, "tier": tier, "is_offered": is_offered, "successor": successor},
        now=now,
    )
    return bundle


def _hold(bundle: Bundle, rows: Sequence[tuple[Product, Decimal]]) -> None:
    bundle.lines.all().delete()
    BundleProduct.objects.bulk_create([BundleProduct(bundle=bundle, product=one, ratio=ratio) for one, ratio in rows])


def _offer_check(
    rows: Sequence[tuple[Product, Decimal]], held: Mapping[str, Decimal], *, is_offered: bool, has_successor: bool
) -> None:
    retired = sorted(one.code for one, _ratio in rows if one.is_retired and (is_offered or one.code not in held))
    if retired:
        raise BundleFieldError(fields={"products": [f"Retired: {', '.join(retired)}."]})
    if not has_successor:
        raise BundleFieldError(fields={"successor": ["A bundle of the same category in another tier."]})


def _rows(
    code: str, name: str, category: str, tier: int, products: Mapping[str, Decimal]
) -> list[tuple[Product, Decimal]]:
    faults: dict[str, list[str]] = {}
    if len(code) > MAX_CODE or not CODE.fullmatch(code):
        faults["code"] = ["Small letters, digits and single hyphens, such as mail-security."]
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
