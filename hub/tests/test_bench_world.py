"""The benches' data maker fills a hub as the hub itself would have: it runs, is in order, and speaks our formats."""

from __future__ import annotations

import pytest
from psycopg.conninfo import make_conninfo
from seatkeep_bench.hub.ring import Ring, license_key_new
from seatkeep_bench.hub.sizes import TINY
from seatkeep_bench.hub.world import World, now_utc
from seatkeep_webkit.keyring import keyring
from seatkeep_webkit.search import trigrams


@pytest.fixture
def ring() -> Ring:
    own = keyring()
    return Ring(own.current, own.keys[own.current], own.pepper)


@pytest.fixture
def world(transactional_db, ring):
    from django.db import connection
    from seatkeep_hub.companies.services import company_create
    from seatkeep_hub.licensing.catalogue import catalogue_ensure
    from seatkeep_webkit.actors import Actor

    catalogue_ensure()
    actor, now = Actor.system("tests"), now_utc()
    vendor = company_create(actor=actor, kind="VENDOR", name="Vendor", parent=None, now=now)
    company_create(actor=actor, kind="DISTRIBUTOR", name="Distributor", parent=vendor, now=now)
    wanted = ("dbname", "user", "password", "host", "port")
    found = connection.get_connection_params()
    made = World(make_conninfo(**{name: found[name] for name in wanted if name in found}), ring, now)
    yield made
    made.close()


def test_a_region_is_in_order_and_its_names_are_found(world):
    from seatkeep_hub.companies.models import Company
    from seatkeep_hub.licensing.models import License

    world.region("North", TINY.base)
    world.region("South", TINY.few_shares)
    assert world.faults() == []
    for one in Company.objects.filter(kind__in=["MSP", "CUSTOMER"]):
        assert one.search == trigrams(f"{one.name} {one.custom_identifier}")
    assert License.objects.count() == 4 + 2


def test_its_license_keys_are_ours(world):
    from seatkeep_hub.licensing.lookups import key_lookup
    from seatkeep_hub.licensing.models import License

    key = world.keys(world.region("North", TINY.tenth), 1)[0]
    assert License.objects.get(key_lookup=key_lookup(key)).key_encrypted == key
    assert license_key_new() != key


def test_a_month_of_its_msp_closes(world):
    from seatkeep_hub.billing.drafting import month_draft
    from seatkeep_hub.billing.rules import month_of
    from seatkeep_hub.companies.models import Company

    first = world.since.date().replace(year=world.since.year - 1, month=10, day=1)
    seller = world.month(world.region("Closing", TINY.closing), first)
    drafts = month_draft(seller=Company.objects.get(uid=seller), month=month_of(first), now=world.now)
    assert len(drafts) == TINY.closing.customers
    assert sum(one.total_minor for one in drafts) > 0
