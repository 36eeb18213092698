"""The vendor edits the catalogue; what a license holds stays as it was ordered."""

from __future__ import annotations

from decimal import Decimal

import pytest
from seatkeep_hub.licensing.bundles import bundle_set
from seatkeep_hub.licensing.errors import BundleFieldError, BundleInUseError, BundleNotFoundError
from seatkeep_hub.licensing.models import Bundle

pytestmark = pytest.mark.django_db
NEW = {"code": "office", "name": "Office", "category": "office", "tier": 1, "products": {"mail-server": Decimal(2)}}


def test_a_bundle_is_made_and_ordered(order, actor, now):
    bundle_set(actor=actor, now=now, **NEW)
    made = order(bundle_code="office", quantity=3)
    assert made.nodes.get().hard_limit == 6


def test_what_a_license_holds_stays(order, actor, now):
    bundle_set(actor=actor, now=now, **NEW)
    order(bundle_code="office")
    for other in ({"products": {"mail-server": Decimal(3)}}, {"category": "mail"}):
        with pytest.raises(BundleInUseError):
            bundle_set(actor=actor, now=now, **{**NEW, **other})
    changed = bundle_set(actor=actor, now=now, **{**NEW, "name": "Office plus", "tier": 2, "is_offered": False})
    assert (changed.name, changed.tier) == ("Office plus", 2)
    with pytest.raises(BundleNotFoundError):
        order(bundle_code="office")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"category": ""},
        {"tier": 0},
        {"products": {}},
        {"products": {"nothing": Decimal(1)}},
        {"products": {"mail-server": Decimal(0)}},
        {"products": {"mail-server": Decimal("NaN")}},
    ],
)
def test_wrong_fields_are_refused_and_nothing_is_written(actor, now, wrong):
    with pytest.raises(BundleFieldError):
        bundle_set(actor=actor, now=now, **{**NEW, **wrong})
    assert not Bundle.objects.filter(code="office").exists()
