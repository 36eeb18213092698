"""Statements: drafted, looked at, closed by a person, never changed, corrected in the open month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from seatkeep_hub.billing.corrections import correction_add
from seatkeep_hub.billing.drafting import drafts_recount, statement_differences, statements_draft
from seatkeep_hub.billing.errors import (
    CorrectionFieldError,
    PriceListFieldError,
    PriceListUsedError,
    StatementChangedError,
    StatementClosedError,
    StatementCurrencyError,
    StatementEarlyError,
    StatementOpenError,
    StatementUnpricedError,
)
from seatkeep_hub.billing.models import Statement, StatementLine
from seatkeep_hub.billing.rules import Tier
from seatkeep_hub.billing.seat_record import record_of, seats_of, terms_changes
from seatkeep_hub.billing.selectors import statement_list
from seatkeep_hub.billing.services import statement_close, statement_recount, statements_close
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.companies.services import company_update
from seatkeep_webkit.actors import Actor

pytestmark = pytest.mark.django_db

ACTOR = Actor.system("tests")
MARCH, APRIL = date(2027, 3, 1), date(2027, 4, 1)
AFTER = datetime(2027, 4, 1, 8, tzinfo=UTC)


def at(day, hour=12, month=3):
    return datetime(2027, month, day, hour, tzinfo=UTC)


@pytest.fixture
def march(shop):
    """Contoso: device a from the 1st, b from the 11th to the 20th; 3.10 a month."""
    shop.price("310")
    shop.agree(shop.customer)
    shop.activate(shop.customer, "a", at=at(1))
    shop.activate(shop.customer, "b", at=at(11))
    shop.stop("b", at=at(20))
    return shop.draft(MARCH, now=AFTER)


def close(statement, now=AFTER):
    return statement_close(actor=ACTOR, statement=statement, total_minor=statement.total_minor, now=now)


def test_a_draft_prices_the_device_days(march):
    line = march.lines.get()
    assert (line.device_days, line.seat_days, line.price_minor, line.amount_minor) == (41, 41, Decimal(310), 410)
    assert (march.total_minor, march.currency, march.state) == (410, "EUR", "DRAFT")


def test_a_line_opens_the_days_of_each_device(march):
    line = march.lines.get()
    record = {one.seat.device_name: one for one in record_of(line, seats_of(line))}
    assert {name: len(one.days) for name, one in record.items()} == {"a": 31, "b": 10}
    b = record["b"]
    assert (b.first_on, b.last_on, [event.kind for event in b.events]) == (
        date(2027, 3, 11),
        date(2027, 3, 20),
        ["TAKEN", "DEACTIVATED"],
    )
    assert {event.actor for event in b.events} == {"tests"}


def test_a_whole_license_is_sold_on_above_with_all_its_devices(shop, march):
    shop.price("100", seller=shop.vendor, basis="ORDERED")
    whole = shop.draft(MARCH, now=AFTER, seller=shop.vendor, buyer=shop.msp)
    line = whole.lines.get(product__code="endpoint-workstation")
    assert (line.ordered, line.seat_days, line.amount_minor) == (310, 310, 1000)
    assert {one.seat.device_name: len(one.days) for one in record_of(line, seats_of(line))} == {"a": 31, "b": 10}


def test_who_changed_what_was_agreed_and_why_stands_beside_the_devices(shop):
    shop.price()
    shop.agree(shop.customer, "FIXED", quantity=3, at=at(5), note="new branch")
    line = shop.draft(MARCH, now=AFTER).lines.get()
    assert [(one.quantity, one.note, one.actor) for one in terms_changes(line)] == [(3, "new branch", "tests")]


def test_a_fixed_agreement_bills_its_number_by_the_day(shop):
    shop.price("310", basis="AGREED")
    shop.agree(shop.customer, "FIXED", quantity=3, at=at(22))
    assert shop.draft(MARCH, now=AFTER).total_minor == 300


def test_the_customers_own_list_comes_before_the_one_for_all(shop, march):
    shop.price("620", buyer=shop.customer)
    assert statement_recount(statement=march, now=AFTER).total_minor == 820


def test_prices_hold_from_their_month_on(shop, march):
    shop.price("620", valid_from_on=APRIL)
    assert statement_recount(statement=march, now=AFTER).total_minor == 410
    assert shop.draft(APRIL, now=datetime(2027, 5, 1, 8, tzinfo=UTC)).total_minor == 620


def test_the_minimum_is_a_line_of_its_own(shop, march):
    shop.price("310", minimum_minor=500)
    counted = statement_recount(statement=march, now=AFTER)
    assert [(line.kind, line.amount_minor) for line in counted.lines.order_by("id")] == [
        ("USAGE", 410),
        ("MINIMUM", 90),
    ]


def test_products_of_a_category_reach_the_tier_together(shop):
    shop.price(tiers={code: [Tier(1, Decimal(310)), Tier(2, Decimal(155))] for code in
                      ("endpoint-workstation", "endpoint-server")})  # fmt: skip
    for product in ("endpoint-workstation", "endpoint-server"):
        shop.agree(shop.customer, product=product)
        shop.activate(shop.customer, f"on-{product}", at=at(1, 0), product=product)
    assert [line.amount_minor for line in shop.draft(MARCH, now=AFTER).lines.all()] == [155, 155]


def test_without_a_price_it_can_be_looked_at_but_not_closed(shop):
    shop.agree(shop.customer)
    shop.activate(shop.customer, "a", at=at(1))
    draft = shop.draft(MARCH, now=AFTER)
    assert (draft.lines.get().flags, draft.flag_count) == (["NO_PRICE"], 1)
    with pytest.raises(StatementUnpricedError):
        close(draft)


def test_a_month_that_goes_on_cannot_be_closed(shop, march):
    with pytest.raises(StatementEarlyError):
        close(march, now=at(31, 23))


def test_the_month_ends_at_the_sellers_midnight(shop, march):
    company_update(actor=ACTOR, company=shop.msp, now=AFTER, time_zone="Pacific/Pago_Pago")
    with pytest.raises(StatementEarlyError):
        close(march, now=datetime(2027, 4, 1, 10, 59, tzinfo=UTC))


def test_closing_what_changed_since_it_was_looked_at_is_refused(shop, march):
    shop.price("620")
    with pytest.raises(StatementChangedError):
        close(march)
    assert Statement.objects.get().state == "DRAFT"


def test_a_closed_month_never_changes(shop, march):
    closed = close(march)
    assert (close(closed).closed_by, closed.state) == ("tests", "CLOSED")
    with pytest.raises(StatementClosedError):
        statement_recount(statement=closed, now=AFTER)
    for change in (
        lambda: Statement.objects.update(total_minor=1),
        lambda: StatementLine.objects.update(amount_minor=1),
        lambda: StatementLine.objects.all().delete(),
        lambda: StatementLine.objects.create(statement=closed, kind="MINIMUM", amount_minor=1, created_at=AFTER),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_prices_of_a_closed_month_stay(shop, march):
    close(march)
    with pytest.raises(PriceListUsedError):
        shop.price("620")


def test_a_correction_is_a_signed_line_in_the_open_month(shop, march):
    closed = close(march)
    made = correction_add(actor=ACTOR, line=closed.lines.get(), amount_minor=-110, reason="b was ours", now=AFTER)
    assert (made.statement.month_on, made.reason, made.approver) == (APRIL, "b was ours", "tests")
    may = datetime(2027, 5, 1, 8, tzinfo=UTC)
    april = shop.draft(APRIL, now=may)
    assert sorted(line.amount_minor for line in april.lines.all()) == [-110, 310]
    closed.refresh_from_db()
    assert (april.total_minor, closed.total_minor) == (200, 410)


def test_a_correction_never_mixes_currencies(shop, march):
    closed, may = close(march), datetime(2027, 5, 1, 8, tzinfo=UTC)
    shop.price("310", valid_from_on=APRIL, currency="USD")
    with pytest.raises(StatementCurrencyError):
        correction_add(actor=ACTOR, line=closed.lines.get(), amount_minor=-1, reason="x", now=AFTER)
    shop.price("310", valid_from_on=APRIL)
    correction_add(actor=ACTOR, line=closed.lines.get(), amount_minor=-1, reason="x", now=AFTER)
    shop.price("310", valid_from_on=APRIL, currency="USD")
    with pytest.raises(StatementCurrencyError):
        close(shop.draft(APRIL, now=may), now=may)


def test_a_correction_goes_past_months_that_are_closed(shop, march):
    closed, may = close(march), datetime(2027, 5, 1, 8, tzinfo=UTC)
    close(shop.draft(APRIL, now=may), now=may)
    made = correction_add(actor=ACTOR, line=closed.lines.get(), amount_minor=-1, reason="late", now=may)
    assert made.statement.month_on == date(2027, 5, 1)


def test_a_correction_needs_a_closed_line_an_amount_and_a_reason(march):
    with pytest.raises(StatementOpenError):
        correction_add(actor=ACTOR, line=march.lines.get(), amount_minor=5, reason="x", now=AFTER)
    closed = close(march)
    for amount, reason in ((0, "x"), (5, "  "), (10**13, "x")):
        with pytest.raises(CorrectionFieldError):
            correction_add(actor=ACTOR, line=closed.lines.get(), amount_minor=amount, reason=reason, now=AFTER)


def test_a_closed_month_comes_out_the_same_from_the_ledgers(shop, march):
    closed = close(march)
    shop.activate(shop.customer, "later", at=at(2, month=4))
    shop.price("999", valid_from_on=APRIL)
    assert statement_differences(closed, now=at(5, month=4)) == []


def test_what_the_ledgers_do_not_say_is_found(shop, march):
    from seatkeep_hub.agreements.models import UsageDay

    UsageDay.objects.filter(buyer=shop.customer, day=date(2027, 3, 12)).update(device_days=9)
    wrong = close(statement_recount(statement=march, now=AFTER))
    assert len(statement_differences(wrong, now=AFTER)) == 1


@pytest.mark.parametrize(("now", "made"), [(at(31, 23), set()), (AFTER, {"Contoso", "Alice IT"})])
def test_drafts_are_made_when_the_month_is_over(shop, now, made):
    shop.agree(shop.customer)
    shop.activate(shop.customer, "a", at=at(1))
    shop.count(MARCH, min(now.date(), date(2027, 3, 31)), now=now)
    statements_draft(now=now)
    assert {one.buyer.name for one in Statement.objects.filter(month_on=MARCH)} == made


def test_the_job_counts_once_what_was_begun_before_the_month_was_over(shop, march):
    assert len(statements_draft(now=AFTER)) == 1  # Alice IT; Contoso has its draft
    assert statements_draft(now=AFTER) == []


def test_new_prices_reach_the_drafts(shop, march):
    shop.price("620")
    assert drafts_recount(seller=shop.msp, first=MARCH, now=AFTER) == 1
    assert Statement.objects.get().total_minor == 820


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_from_on": date(2027, 3, 2)}, "valid_from_on"),
        ({"currency": "eur"}, "currency"),
        ({"minimum_minor": -1}, "minimum_minor"),
        ({"tiers": {"unknown": [Tier(1, Decimal(1))]}}, "tiers"),
        ({"tiers": {"endpoint-server": [Tier(2, Decimal(1))]}}, "tiers"),
    ],
)
def test_a_wrong_price_list_names_the_field_and_writes_nothing(shop, changes, field):
    with pytest.raises(PriceListFieldError) as refused:
        shop.price(**changes)
    assert list(refused.value.fields) == [field]


def test_a_buyer_sees_what_is_closed_and_a_sibling_nothing(shop, march):
    def person(name, company):
        user = user_create(actor=ACTOR, company=company, email=f"{name}@example.com", name=name, now=AFTER)
        access_set(actor=ACTOR, user=user, company=company, level="READ", role="BILLING", now=AFTER)
        return user

    erin, frank, alice = person("erin", shop.customer), person("frank", shop.other), person("alice", shop.msp)
    assert [statement_list(one).count() for one in (alice, erin, frank)] == [1, 0, 0]
    close(march)
    assert [statement_list(one).count() for one in (alice, erin, frank)] == [1, 1, 0]


def test_a_line_keeps_its_id_when_it_is_counted_again(shop, march):
    before = march.lines.get().uid
    assert close(march).lines.get().uid == before


def test_many_close_at_once_and_one_that_changed_stops_no_other(shop, march):
    shop.agree(shop.other)
    shop.activate(shop.other, "c", at=at(3))
    second = shop.draft(MARCH, now=AFTER, buyer=shop.other)
    totals = {march.pk: march.total_minor, second.pk: second.total_minor + 1}
    results = {one.statement.pk: one.error for one in statements_close(actor=ACTOR, totals=totals, now=AFTER)}
    assert results[march.pk] is None
    assert isinstance(results[second.pk], StatementChangedError)
    states = dict(Statement.objects.values_list("pk", "state"))
    assert states == {march.pk: "CLOSED", second.pk: "DRAFT"}


def test_counting_again_without_a_change_writes_no_line(march):
    before = list(march.lines.values_list("pk", flat=True))
    statement_recount(statement=march, now=AFTER)
    assert list(march.lines.values_list("pk", flat=True)) == before
