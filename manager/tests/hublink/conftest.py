"""Fixtures of the hub link; models are imported inside, because pytest reads this file before Django starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode does not put test folders on the path.

from fake_hub import FakeHub, serve

if TYPE_CHECKING:
    from seatkeep_manager.hublink.adapters.hub import HubClient
    from seatkeep_manager.hublink.models import HubLink


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def hub(settings: Any) -> Iterator[FakeHub]:
    with serve(FakeHub()) as fake:
        settings.LICENSING_URL = fake.url
        yield fake


@pytest.fixture
def link(db: None, now: datetime) -> HubLink:
    from seatkeep_manager.hublink.enums import LinkState
    from seatkeep_manager.hublink.models import HubLink

    return HubLink.objects.create(
        state=LinkState.LINKED, instance_id=uuid4(), company_id=uuid4(), company_name="Northwind", linked_at=now
    )


@pytest.fixture
def client(hub: FakeHub, link: HubLink, now: datetime) -> Iterator[HubClient]:
    from seatkeep_manager.hublink.adapters.hub import HubClient, InstanceIdentity
    from seatkeep_manager.hublink.services import instance_key

    assert link.instance_id
    made = HubClient(hub.url, InstanceIdentity(link.instance_id, instance_key(now=now)), timeout_seconds=0.5)
    yield made
    made.close()
