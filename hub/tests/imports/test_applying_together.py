"""Rows that are applied together do what they do one by one."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hub_cast import Cast
from seatkeep_hub.agreements.models import AgreementEntry
from seatkeep_hub.companies.models import Company, FeedEntry
from seatkeep_hub.imports import applying
from seatkeep_hub.imports.models import ImportRow
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.outbox.models import OutboxEvent

HEADER = "custom_identifier,name,tags,city,product,seats\n"
PRODUCTS = ("endpoint-workstation", "endpoint-server")


def table(dice: random.Random, customers: int) -> str:
    """Rows of customers, some with one or two agreements; a customer's own fields stand in its first row."""
    lines = []
    for number in dice.sample(range(customers * 2), customers):
        name = f"Customer {number}{dice.choice(('', ' & Sons'))}"
        own = f"K-{number},{name},{dice.choice(('gold', 'shop', ''))},{dice.choice(('Ghent', 'Lyon'))}"
        chosen = dice.sample(PRODUCTS, dice.randint(0, 2)) or [""]
        for place, product in enumerate(chosen):
            seats = str(dice.randint(1, 9)) if product else ""
            lines.append(f"{own if place == 0 else f'K-{number},,,'},{product},{seats}")
    return HEADER + "\n".join(lines) + "\n"


def world(cast: Cast) -> dict[str, Any]:
    """What an import can change, by what a person reads; ids and instants aside."""
    below = Company.objects.filter(path__contains=[cast.msp_a.pk])
    nodes = PoolNode.objects.filter(license=cast.license)
    keys = {str(one.uid): one.custom_identifier for one in below}
    agreements = {
        str(one.agreement.uid): f"{one.agreement.company.custom_identifier} {one.agreement.product.code}"
        for one in AgreementEntry.objects.select_related("agreement__company", "agreement__product")
    }
    named = keys | agreements
    audited = AuditEntry.objects.filter(subject_type__in=("company", "agreement"))
    told = OutboxEvent.objects.filter(topic__regex="^(company|agreement)")
    return {
        "companies": sorted(below.values_list("custom_identifier", "name", "tags", "city", "search", "status")),
        "shares": sorted(
            nodes.values_list("company__custom_identifier", "product__code", "reserved", "outstanding", "hard_limit")
        ),
        "ledger": sorted(
            (agreements[str(one.agreement.uid)], one.number, one.mode, one.quantity, one.is_closed, one.actor)
            for one in AgreementEntry.objects.select_related("agreement")
        ),
        "quantity": License.objects.get(pk=cast.license.pk).quantity,
        "audit": sorted(
            (one.action, named[one.subject_id], sorted((k, str(v)) for k, v in one.details.items() if k != "public_id"))
            for one in audited.filter(subject_id__in=named)
        ),
        "outbox": sorted(
            (one.topic, named[found])
            for one in told
            if (found := one.payload.get("company") or one.payload.get("agreement")) in named
        ),
        "feed": {(one.kind, named.get(str(one.uid), "share")) for one in FeedEntry.objects.exclude(kind="license")},
    }


@pytest.mark.parametrize("seed", range(2))
def test_any_table_gives_the_same_together_as_row_by_row(
    cast: Cast, upload: Any, apply: Any, monkeypatch: Any, seed: int
) -> None:
    found = []
    for at_once in (1, 100):
        monkeypatch.setattr(applying, "COMPANIES_AT_ONCE", at_once)
        monkeypatch.setattr(applying, "AGREEMENTS_AT_ONCE", at_once)
        dice = random.Random(seed)
        with transaction.atomic():
            for customers in (6, 9):
                run = apply(upload(table(dice, customers)))
                did = ImportRow.objects.filter(run=run).exclude(trace={}).count()
                assert (run.state, run.done) == ("APPLIED", did)
            traces = [sorted(trace) for trace in ImportRow.objects.order_by("pk").values_list("trace", flat=True)]
            found.append((world(cast), traces))
            transaction.set_rollback(True)
    assert found[0] == found[1]


def test_ten_times_the_rows_take_as_many_statements(cast: Cast, upload: Any, apply: Any) -> None:
    counts = []
    for first, customers in ((0, 5), (100, 50)):
        numbers = range(first, first + customers)
        run = upload(HEADER + "".join(f"N-{n},New {n},,Ghent,endpoint-workstation,3\n" for n in numbers))
        with CaptureQueriesContext(connection) as seen:
            assert apply(run).state == "APPLIED"
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 3
