"""The cast: a vendor, a distributor, an MSP with two customers, and people.

Django is imported inside the fixtures: this file is read before PostgreSQL and the settings exist.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from seatkeep_webkit.actors import Actor

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACTOR = Actor.system("tests")


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def actor() -> Actor:
    return ACTOR


@pytest.fixture
def make(db: None) -> Any:
    from seatkeep_hub.companies.services import company_create

    def create(kind: str, parent: Any, name: str | None = None) -> Any:
        return company_create(actor=ACTOR, kind=kind, name=name or kind.title(), parent=parent, now=NOW)

    return create


@pytest.fixture
def vendor(make: Any) -> Any:
    return make("VENDOR", None)


@pytest.fixture
def distributor(make: Any, vendor: Any) -> Any:
    return make("DISTRIBUTOR", vendor)


@pytest.fixture
def msp(make: Any, distributor: Any) -> Any:
    return make("MSP", distributor)


@pytest.fixture
def customer(make: Any, msp: Any) -> Any:
    return make("CUSTOMER", msp, "Contoso")


@pytest.fixture
def sibling(make: Any, msp: Any) -> Any:
    return make("CUSTOMER", msp, "Fabrikam")


@pytest.fixture
def person() -> Any:
    from seatkeep_hub.companies.people import access_set, user_create

    def create(company: Any, email: str, **levels: Any) -> Any:
        user = user_create(actor=ACTOR, company=company, email=email, name=email, now=NOW)
        for level, on in levels.items():
            access_set(actor=ACTOR, user=user, company=on, level=level, now=NOW)
        return user

    return create
