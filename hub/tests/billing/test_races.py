"""No month closes twice, and no correction slips into a month that is being closed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from seatkeep_hub.billing.corrections import correction_add
from seatkeep_hub.billing.models import Statement
from seatkeep_hub.billing.services import statement_close
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.errors import AppError

MARCH = date(2027, 3, 1)
AFTER = datetime(2027, 4, 1, 8, tzinfo=UTC)
MAY = datetime(2027, 5, 1, 8, tzinfo=UTC)
ACTOR = Actor.system("tests")


def together(*acts):
    """Run acts at the same time, each on a connection of its own; refusals are returned."""

    def run(act):
        try:
            return act()
        except AppError as error:
            return error.error_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def march(shop):
    shop.price("310")
    shop.agree(shop.customer)
    shop.activate(shop.customer, "a", at=datetime(2027, 3, 1, 12, tzinfo=UTC))
    return shop.draft(MARCH, now=AFTER)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_eight_people_close_a_month_once(march):
    def close():
        return statement_close(actor=ACTOR, statement=march, total_minor=march.total_minor, now=AFTER).state

    assert together(*[close] * 8) == ["CLOSED"] * 8
    assert AuditEntry.objects.filter(action="statement:close").count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_correction_beside_a_closing_lands_in_an_open_month_or_before_it(shop, march):
    closed = statement_close(actor=ACTOR, statement=march, total_minor=march.total_minor, now=AFTER)
    april = shop.draft(date(2027, 4, 1), now=MAY)
    line = closed.lines.get()
    together(
        *[lambda: correction_add(actor=ACTOR, line=line, amount_minor=-1, reason="x", now=MAY)] * 4,
        lambda: statement_close(actor=ACTOR, statement=april, total_minor=april.total_minor, now=MAY),
    )
    for one in Statement.objects.all():
        assert one.total_minor == sum(line.amount_minor for line in one.lines.all())
    assert sum(one.lines.filter(kind="CORRECTION").count() for one in Statement.objects.all()) <= 4
