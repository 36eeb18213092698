"""The standing cast and the things they look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from seatkeep_webkit.search import trigrams
from seatkeep_webkit.testing.models import Computer, Person

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The moment that tests pass on."""
    return NOW


@pytest.fixture
def alice(db: None) -> Person:
    """A person who can sign in."""
    person: Person = Person.objects.create_user("alice@example.com", "correct horse battery", name="Alice")
    return person


@pytest.fixture
def page(alice: Person) -> Client:
    """A browser in which Alice is signed in."""
    client = Client()
    client.force_login(alice)
    return client


def make_computers(count: int) -> list[Computer]:
    """Save computers with ties and gaps in every column that sorts."""
    states = list(Computer.State)
    rows = []
    for at in range(count):
        name, customer = f"pc-{at:04}", ["Contoso", "Müller"][at % 2]
        seen_at = None if at % 5 == 0 else NOW - timedelta(hours=at % 7)
        rows.append(
            Computer(
                name=name,
                customer=customer,
                state=states[at % 3],
                seen_at=seen_at,
                search=trigrams(f"{name} {customer}"),
            )
        )
    return Computer.objects.bulk_create(rows)
