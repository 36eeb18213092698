"""The cast of licensing: an MSP with two customers and one license.

Django is imported inside the fixtures: this file is read before PostgreSQL and the settings exist.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from seatkeep_webkit.actors import Actor

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACTOR = Actor.system("tests")
WORKSTATION = "endpoint-workstation"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def actor() -> Actor:
    return ACTOR


@pytest.fixture
def make(db: None) -> Any:
    from seatkeep_hub.companies.services import company_create

    def create(kind: str, parent: Any, name: str) -> Any:
        return company_create(actor=ACTOR, kind=kind, name=name, parent=parent, now=NOW)

    return create


@pytest.fixture
def msp(make: Any) -> Any:
    return make("MSP", make("VENDOR", None, "Vendor"), "Alice IT")


@pytest.fixture
def customer(make: Any, msp: Any) -> Any:
    return make("CUSTOMER", msp, "Contoso")


@pytest.fixture
def other(make: Any, msp: Any) -> Any:
    return make("CUSTOMER", msp, "Fabrikam")


@pytest.fixture
def order(msp: Any) -> Any:
    from seatkeep_hub.licensing.catalogue import catalogue_ensure
    from seatkeep_hub.licensing.services import license_order

    def create(quantity: int = 10, overuse: str = "BLOCK", **more: Any) -> Any:
        catalogue_ensure()
        fields = {"owner": msp, "kind": "MSP", "bundle_code": "endpoint-protection", **more}
        return license_order(actor=ACTOR, quantity=quantity, overuse=overuse, now=NOW, **fields)

    return create


@pytest.fixture
def node() -> Any:
    """The root node of a license's workstation seats, or a customer's, made when missing."""
    from seatkeep_hub.licensing import pool
    from seatkeep_hub.licensing.isolation import read_committed
    from seatkeep_hub.licensing.models import PoolNode, Product

    def get(license: Any, company: Any = None, product: str = WORKSTATION) -> Any:
        if company is None:
            return PoolNode.objects.get(license=license, product__code=product, kind="ROOT")
        with read_committed():
            pool.license_lock(license)
            row = Product.objects.get(code=product)
            return pool.customer_node(license=license, product=row, company=company, now=NOW)

    return get


@pytest.fixture
def take() -> Any:
    """A proven wish for a seat at a node."""
    from seatkeep_hub.licensing.book import Take

    def create(node: Any, device: str, *, key: str = "", at: datetime = NOW, **more: Any) -> Any:
        thumbprint = (key or f"key-of-{device}").ljust(43, "0")[:43]
        return Take(
            license_id=node.license_id,
            product_id=node.product_id,
            node_id=node.pk,
            is_node_explicit=more.pop("explicit", node.kind != "ROOT"),
            fingerprint=device,
            device_key=thumbprint.encode()[:32],
            key_thumbprint=thumbprint,
            device_name=device,
            serial="",
            os="",
            agent_device="",
            issued_at=at,
            jti=more.pop("jti", f"{device}-{at.timestamp()}"),
            **more,
        )

    return create


@pytest.fixture
def apply() -> Any:
    from seatkeep_hub.licensing.seats import seats_apply

    def call(*operations: Any, at: datetime = NOW) -> Any:
        return [answer.code for answer in seats_apply(operations=operations, actor=ACTOR, now=at)]

    return call
