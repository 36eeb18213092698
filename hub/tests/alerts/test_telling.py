"""Who is told what, when and once: daily mails, mails at once, what people see, and the link that stops them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.alerts.enums import AlertKind, AlertMode, AlertScope
from seatkeep_hub.alerts.errors import AlertFieldError, AlertLinkError
from seatkeep_hub.alerts.models import AlertDigest, AlertTold
from seatkeep_hub.alerts.rules import digest_day
from seatkeep_hub.alerts.telling import alerts_send, facts_now
from seatkeep_hub.alerts.wishes import alerts_off, alerts_set, off_read, off_token, wishes_of
from seatkeep_hub.billing.branding import settings_set
from seatkeep_hub.billing.models import Statement
from seatkeep_hub.companies.enums import Role
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.imports.models import ImportRun
from seatkeep_hub.licensing.models import License, PoolNode, Seat
from seatkeep_hub.ordering.plans import change_plan
from seatkeep_hub.upkeep.models import SeatQuestion

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
WORKSTATION = "endpoint-workstation"


@pytest.fixture(autouse=True)
def _mail_server(settings: Any) -> None:
    settings.SMTP_IS_SET = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def overuse(cast: Cast, used: int = 12) -> None:
    PoolNode.objects.filter(license=cast.license, kind="ROOT", product__code=WORKSTATION).update(used=used)


def agreed(cast: Cast, used: int, **terms: Any) -> None:
    agreement = agreement_set(
        actor=ACTOR, license=cast.license, product_code=WORKSTATION, company=cast.customer, now=NOW, **terms
    )
    PoolNode.objects.filter(pk=agreement.node_id).update(used=used)


def ends(cast: Cast, days: int, kind: str = "MSP") -> None:
    License.objects.filter(pk=cast.license.pk).update(expires_at=MONDAY + timedelta(days=days), kind=kind)


def question(cast: Cast) -> None:
    agreed(cast, 1, mode="FLEXIBLE")
    node = PoolNode.objects.get(company=cast.customer)
    seat = Seat.objects.create(
        license=cast.license, product=node.product, node=node, fingerprint="x", device_name="till-1", state="ACTIVE",
        activated_at=NOW, decided_at=NOW, last_seen_at=NOW,
    )  # fmt: skip
    SeatQuestion.objects.create(kind="CLONE", seat=seat, asked_at=NOW)


def draft(cast: Cast) -> Statement:
    return Statement.objects.create(
        seller=cast.msp_a, buyer=cast.customer, month_on=date(2026, 10, 1), counted_at=NOW, created_at=NOW, flag_count=1
    )


def imported(cast: Cast) -> None:
    ImportRun.objects.create(
        target=cast.customer, file_name="list.csv", content=b"", header=[], actor={"id": str(cast.alice.uid)},
        actor_label="alice", state="APPLIED", created_at=NOW, finished_at=MONDAY - timedelta(minutes=1),
    )  # fmt: skip


def told(kind: str, cast: Cast) -> list[str]:
    return [one.about for one in facts_now(cast.alice, now=MONDAY) if one.kind == kind]


@pytest.mark.parametrize(
    ("kind", "stand", "about"),
    [
        ("OVERUSED", lambda cast: overuse(cast, 11), "MSP A · {license}"),
        ("OVERUSED", lambda cast: agreed(cast, 4, mode="FIXED", quantity=3), "Bakery"),
        ("NEAR_OVERUSE", lambda cast: overuse(cast, 9), "MSP A · {license}"),
        ("NEAR_OVERUSE", lambda cast: agreed(cast, 4, mode="FLEXIBLE", warn_above=3), "Bakery"),
        ("EXPIRED", lambda cast: ends(cast, 0), "MSP A · {license}"),
        ("NEAR_EXPIRY", lambda cast: ends(cast, 13), "MSP A · {license}"),
        ("TRIAL_ENDING", lambda cast: ends(cast, 13, "TRIAL"), "MSP A · {license}"),
        (
            "SEATS_CHANGE",
            lambda cast: change_plan(actor=ACTOR, license=cast.license, quantity=2, due_on=date(2026, 11, 30), now=NOW),
            "MSP A · {license}",
        ),
        ("SEAT_QUESTION", question, "Bakery · till-1"),
        ("STATEMENT_WAITING", draft, "MSP A"),
        ("IMPORT_FINISHED", imported, "Bakery · list.csv"),
    ],
)
def test_every_kind_stands_when_its_fact_does(kind: str, stand: Any, about: str, cast: Cast) -> None:
    assert told(kind, cast) == []
    stand(cast)
    assert told(kind, cast) == [about.format(license=cast.license.public_id)]


@pytest.mark.parametrize(
    "stand",
    [
        lambda cast: overuse(cast, 8),
        lambda cast: agreed(cast, 3, mode="FIXED", quantity=3),
        lambda cast: ends(cast, 14),
        lambda cast: change_plan(actor=ACTOR, license=cast.license, quantity=2, due_on=date(2026, 12, 1), now=NOW),
    ],
)
def test_what_is_in_order_is_no_alert(stand: Any, cast: Cast) -> None:
    stand(cast)
    assert facts_now(cast.alice, now=MONDAY) == []


def test_one_daily_mail_with_what_is_new_as_text_and_html(cast: Cast) -> None:
    overuse(cast)
    ends(cast, 5)
    assert (alerts_send(now=MONDAY), alerts_send(now=MONDAY + timedelta(minutes=10))) == (1, 0)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["alice@example.com"], "[Seatkeep] 2 things to know")
    html = sent.alternatives[0][0]
    for text in (sent.body, html):
        assert "12 in use, 10 ordered" in text
        assert f"/licenses/{cast.license.uid}/" in text
        assert "/alerts/off/" in text
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert AlertDigest.objects.get(user=cast.alice).count == 2


def test_the_next_day_tells_what_is_new_and_counts_what_stands(cast: Cast) -> None:
    overuse(cast)
    alerts_send(now=MONDAY)
    assert alerts_send(now=MONDAY + timedelta(days=1)) == 0
    ends(cast, 5)
    assert alerts_send(now=MONDAY + timedelta(days=2)) == 1
    text = mail.outbox[-1].body
    assert "12 in use" not in text
    assert "More computers than ordered or agreed: 1" in text


def test_what_went_and_came_back_is_news_only_after_a_day(cast: Cast) -> None:
    overuse(cast)
    alerts_send(now=MONDAY)
    overuse(cast, 1)
    alerts_send(now=MONDAY + timedelta(days=1, hours=1))
    overuse(cast)
    assert alerts_send(now=MONDAY + timedelta(days=2)) == 1


def test_at_once_comes_at_once_and_once(cast: Cast) -> None:
    sunday_night = MONDAY - timedelta(hours=12)
    made = draft(cast)
    assert [alerts_send(now=sunday_night + timedelta(minutes=10 * n)) for n in range(3)] == [1, 0, 0]
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["alice@example.com"], "[Seatkeep] Statements wait to be looked at – MSP A")
    assert "1 has lines to look at" in sent.body
    made.delete()


def test_a_seller_that_wants_no_mail_about_drafts_gets_none(cast: Cast) -> None:
    draft(cast)
    settings_set(
        actor=ACTOR, seller=cast.msp_a, is_second_person_needed=False, is_draft_mail_sent=False, letterhead="", now=NOW
    )
    assert alerts_send(now=MONDAY) == 0


def test_a_technician_hears_nothing_of_statements(cast: Cast) -> None:
    draft(cast)
    access_set(actor=ACTOR, user=cast.alice, company=cast.customer, role=Role.TECHNICIAN, now=NOW)
    access_set(actor=ACTOR, user=cast.bob, company=cast.msp_a, role=Role.TECHNICIAN, now=NOW)
    alerts_send(now=MONDAY)
    assert [one.to for one in mail.outbox] == [["alice@example.com"]]


def test_nothing_goes_to_a_customer_or_a_reader_by_itself(cast: Cast) -> None:
    agreed(cast, 4, mode="FIXED", quantity=3)
    access_set(actor=ACTOR, user=cast.erin, company=cast.customer, role=Role.OWNER, now=NOW)
    alerts_send(now=MONDAY)
    assert {one.to[0] for one in mail.outbox} == {"alice@example.com"}
    alerts_set(actor=ACTOR, user=cast.erin, modes={"OVERUSED": "DIGEST"}, now=NOW)
    alerts_send(now=MONDAY)
    (late,) = [one for one in mail.outbox if one.to == ["erin@example.com"]]
    assert "4 in use, 3 agreed" in late.body


def test_attack_wishes_for_companies_that_one_may_not_see(cast: Cast) -> None:
    overuse(cast)
    with pytest.raises(AlertFieldError):
        alerts_set(actor=ACTOR, user=cast.charlie, scope=AlertScope.CHOSEN, companies=[cast.msp_a], now=NOW)
    alerts_set(actor=ACTOR, user=cast.charlie, scope=AlertScope.BELOW, now=NOW)
    assert facts_now(cast.charlie, now=MONDAY) == []


def test_access_that_was_taken_ends_the_alerts_of_chosen_companies(cast: Cast) -> None:
    overuse(cast)
    alerts_set(actor=ACTOR, user=cast.diana, scope=AlertScope.CHOSEN, companies=[cast.msp_a], now=NOW)
    assert [one.kind for one in facts_now(cast.diana, now=MONDAY)] == ["OVERUSED"]
    access_set(actor=ACTOR, user=cast.diana, company=cast.msp_a, level="NONE", now=NOW)
    assert facts_now(cast.diana, now=MONDAY) == []


def test_a_distributor_hears_of_what_is_below_only_on_wish(cast: Cast) -> None:
    overuse(cast)
    assert facts_now(cast.diana, now=MONDAY) == []
    alerts_set(actor=ACTOR, user=cast.diana, scope=AlertScope.BELOW, now=NOW)
    assert [one.kind for one in facts_now(cast.diana, now=MONDAY)] == ["OVERUSED"]


def test_an_import_concerns_only_who_began_it(cast: Cast) -> None:
    imported(cast)
    alerts_set(actor=ACTOR, user=cast.diana, scope=AlertScope.BELOW, now=NOW)
    assert facts_now(cast.diana, now=MONDAY) == []
    assert [one.kind for one in facts_now(cast.alice, now=MONDAY)] == ["IMPORT_FINISHED"]


def test_a_mail_that_no_server_took_counts_as_untold(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    overuse(cast)
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", _refused)
    assert alerts_send(now=MONDAY) == 0
    monkeypatch.undo()
    assert not AlertTold.objects.exists()
    settings.SMTP_IS_SET = True
    assert alerts_send(now=MONDAY + timedelta(minutes=10)) == 1


def _refused(*_args: Any) -> int:
    raise OSError("mail server away")


@pytest.mark.parametrize(
    ("now", "zone", "hour", "day"),
    [
        (datetime(2026, 11, 23, 7, 59, tzinfo=UTC), "UTC", 8, None),
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), "UTC", 8, date(2026, 11, 23)),
        (datetime(2026, 11, 22, 19, 0, tzinfo=UTC), "Pacific/Apia", 8, date(2026, 11, 23)),
        (datetime(2026, 11, 23, 18, 59, tzinfo=UTC), "Pacific/Pago_Pago", 8, None),
        (datetime(2026, 11, 21, 12, 0, tzinfo=UTC), "UTC", 8, None),
        (datetime(2026, 3, 30, 6, 0, tzinfo=UTC), "Europe/Berlin", 8, date(2026, 3, 30)),
    ],
)
def test_the_daily_mail_is_due_by_the_clock_of_its_reader(
    now: datetime, zone: str, hour: int, day: date | None
) -> None:
    assert digest_day(now=now, zone=zone, hour=hour) == day


@pytest.mark.parametrize(
    "wrong",
    [
        {"modes": {"OVERUSED": "SOMETIMES"}},
        {"modes": {"WEATHER": "OFF"}},
        {"hour": 24},
        {"hour": -1},
        {"scope": "MOON"},
        {"scope": "CHOSEN", "companies": []},
    ],
)
def test_a_wrong_wish_is_refused_and_nothing_is_kept(wrong: dict[str, Any], cast: Cast) -> None:
    with pytest.raises(AlertFieldError):
        alerts_set(actor=ACTOR, user=cast.alice, now=NOW, **wrong)
    assert wishes_of([cast.alice])[cast.alice.pk].hour == 8


def test_the_link_of_a_mail_stops_one_kind_without_sign_in_by_post_only(cast: Cast) -> None:
    client, path = Client(enforce_csrf_checks=True), f"/alerts/off/{off_token(cast.alice, AlertKind.OVERUSED)}/"
    assert b"Stop these mails?" in client.get(path).content
    assert wishes_of([cast.alice])[cast.alice.pk].modes[AlertKind.OVERUSED] == AlertMode.DIGEST
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    modes = wishes_of([cast.alice])[cast.alice.pk].modes
    assert (modes[AlertKind.OVERUSED], modes[AlertKind.EXPIRED]) == (AlertMode.OFF, AlertMode.DIGEST)


def test_attack_a_changed_link_or_one_of_somebody_who_left(cast: Cast) -> None:
    token = off_token(cast.alice, None)
    assert Client().post(f"/alerts/off/{token[:-1]}x/").status_code == 404
    with pytest.raises(AlertLinkError):
        off_read("x")
    cast.alice.is_active = False
    cast.alice.save()
    assert Client().get(f"/alerts/off/{token}/").status_code == 404


def test_all_kinds_are_stopped_by_the_link_of_the_mail_program(cast: Cast) -> None:
    alerts_off(user=cast.alice, kind=None, now=NOW)
    assert set(wishes_of([cast.alice])[cast.alice.pk].modes.values()) == {AlertMode.OFF}


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_the_page_shows_what_stands_and_saves(cast: Cast) -> None:
    overuse(cast)
    client = client_of(cast.alice)
    assert b"12 in use" in client.get("/alerts/").content
    form = {f"kind_{kind}": "OFF" for kind in AlertKind.values} | {"scope": "BELOW", "hour": "6"}
    assert client.post("/alerts/", form).status_code == 302
    wishes = wishes_of([cast.alice])[cast.alice.pk]
    assert (wishes.scope, wishes.hour, set(wishes.modes.values())) == ("BELOW", 6, {"OFF"})
    assert client.post("/alerts/", form | {"scope": "CHOSEN"}).status_code == 422


def test_who_manages_people_sets_ways_but_sees_nothing_of_others(cast: Cast) -> None:
    overuse(cast)
    path = f"/users/{cast.bob.uid}/alerts/"
    assert b"12 in use" not in client_of(cast.alice).get(path).content
    form = {f"kind_{kind}": "INSTANT" for kind in AlertKind.values} | {"scope": "OWN", "hour": "6"}
    assert client_of(cast.alice).post(path, form).status_code == 302
    assert client_of(cast.charlie).post(path, form).status_code == 404
    assert client_of(cast.bob).get(f"/users/{cast.alice.uid}/alerts/").status_code == 403


def test_api_reads_and_sets_ones_own_and_leaves_out_what_is_not_named(cast: Cast) -> None:
    client, path = client_of(cast.bob), f"/api/v1/users/{cast.bob.uid}/alerts"
    assert client.get(path).json()["modes"]["OVERUSED"] == "OFF"
    body = {"modes": {"OVERUSED": "INSTANT"}, "scope": "CHOSEN", "company_ids": [str(cast.customer.uid)], "hour": 7}
    answer = client.put(path, body, content_type="application/json").json()
    assert (answer["modes"]["OVERUSED"], answer["modes"]["EXPIRED"], answer["hour"]) == ("INSTANT", "OFF", 7)
    assert answer["company_ids"] == [str(cast.customer.uid)]
    kept = client.put(path, {"scope": "CHOSEN", "hour": 9}, content_type="application/json").json()
    assert (kept["company_ids"], kept["hour"]) == ([str(cast.customer.uid)], 9)
    for wrong in ({"modes": {"X": "OFF"}}, {"hour": 99}, {"company_ids": [str(cast.msp_b.uid)], "scope": "CHOSEN"}):
        assert client.put(path, wrong, content_type="application/json").status_code in (404, 422)
