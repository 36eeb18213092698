"""Requests of a managed MSP that is not trusted: asked, approved, rejected, taken back, mailed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core import mail
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.errors import CompanyNameTakenError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_update
from seatkeep_hub.licensing.errors import BundleNotFoundError, LicenseNotFoundError
from seatkeep_hub.licensing.models import License
from seatkeep_hub.msp import requests
from seatkeep_hub.msp.errors import (
    ApprovalNeededError,
    RequestDecidedError,
    RequestNotFoundError,
    RequestNotNeededError,
)
from seatkeep_hub.msp.models import Request
from seatkeep_hub.msp.request_mails import mails_send
from seatkeep_webkit.actors import Actor, ActorKind

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORDER = {"lines": [{"bundle_code": "endpoint-protection", "quantity": 5}]}


@pytest.fixture
def asker(chain, person):
    company_update(actor=Actor.system("tests"), company=chain.a, is_trusted=False, now=NOW)
    chain.a.refresh_from_db()
    return person(chain.a, "ask@partner.example")


@pytest.fixture
def decider(chain, person):
    return person(chain.manager, "boss@manager.example")


def actor_of(user):
    return Actor(kind=ActorKind.USER, id=str(user.uid), label=user.email)


@pytest.fixture
def ask(chain, asker):
    def call(kind="ORDER", about=None, command=ORDER, **more):
        return requests.request_make(
            viewer=asker, actor=actor_of(asker), kind=kind, about=about or chain.a, command=command, now=NOW, **more
        )

    return call


def test_who_is_not_trusted_must_ask_and_the_manager_need_not(chain, asker, decider):
    with pytest.raises(ApprovalNeededError):
        requests.approval_check(asker, chain.customer)
    requests.approval_check(decider, chain.customer)


def test_who_is_trusted_need_not_ask(chain, person):
    with pytest.raises(RequestNotNeededError):
        requests.request_make(
            viewer=person(chain.b, "b@example.com"),
            actor=Actor.system("b"),
            kind="ORDER",
            about=chain.b,
            command=ORDER,
            now=NOW,
        )


def test_attack_a_token_of_the_msp_must_ask_too(chain, asker):
    token = Actor(kind=ActorKind.INSTANCE, id="t", label="token", company_uid=chain.a.uid)
    with pytest.raises(ApprovalNeededError):
        requests.approval_check(token, chain.a)


def test_asking_does_nothing_yet(ask):
    before = License.objects.count()
    assert ask().state == "PENDING"
    assert License.objects.count() == before


def test_an_approved_order_is_carried_out_once(ask, decider):
    before = License.objects.count()
    request = ask()
    done = requests.request_approve(actor=actor_of(decider), request=request, now=NOW)
    again = requests.request_approve(actor=actor_of(decider), request=request, now=NOW)
    assert License.objects.count() == before + 1
    assert done.outcome == again.outcome == License.objects.latest("id").uid


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({"lines": [{"bundle_code": "nothing", "quantity": 5}]}, BundleNotFoundError),
    ],
)
def test_what_could_not_be_done_cannot_be_asked_for(ask, command, error):
    with pytest.raises(error):
        ask(command=command)
    assert not Request.objects.exists()


def test_seats_of_anothers_license_cannot_be_asked_for(ask, chain):
    with pytest.raises(LicenseNotFoundError):
        ask("SEATS", command={"license": str(chain.license_b.uid), "quantity": 50})


def test_seats_change_on_approval(ask, chain, decider):
    request = ask("SEATS", command={"license": str(chain.license_a.uid), "quantity": 50})
    requests.request_approve(actor=actor_of(decider), request=request, now=NOW)
    chain.license_a.refresh_from_db()
    assert chain.license_a.quantity == 50


def test_an_agreement_is_set_on_approval(ask, chain, decider):
    command = {
        "license": str(chain.license_a.uid),
        "product_code": "endpoint-workstation",
        "mode": "FIXED",
        "quantity": 12,
    }
    request = ask("AGREEMENT", about=chain.customer, command=command)
    assert not Agreement.objects.exists()
    requests.request_approve(actor=actor_of(decider), request=request, now=NOW)
    assert Agreement.objects.get().quantity == 12


def test_a_customer_is_made_on_approval_and_stays_a_request_when_its_name_is_taken(ask, chain, decider, make):
    request = ask("CUSTOMER", command={"kind": "CUSTOMER", "name": "Cafe", "takes_seats": True})
    make("CUSTOMER", chain.a, "cafe")
    with pytest.raises(CompanyNameTakenError):
        requests.request_approve(actor=actor_of(decider), request=request, now=NOW)
    assert Request.objects.get().state == "PENDING"
    Company.objects.filter(name="cafe").update(name="other")
    requests.request_approve(actor=actor_of(decider), request=request, now=NOW)
    assert Company.objects.get(name="Cafe").parent == chain.a


@pytest.mark.parametrize("first", ["request_reject", "request_cancel"])
def test_what_is_decided_stays_decided(ask, decider, first):
    request = ask()
    getattr(requests, first)(actor=actor_of(decider), request=request, now=NOW)
    with pytest.raises(RequestDecidedError):
        requests.request_approve(actor=actor_of(decider), request=request, now=NOW)


def test_becoming_trusted_approves_what_waits_and_says_what_could_not_be(ask, chain, decider, make):
    ask()
    ask("CUSTOMER", command={"kind": "CUSTOMER", "name": "Cafe"})
    make("CUSTOMER", chain.a, "cafe")
    results = requests.trust_set(
        actor=actor_of(decider), company=chain.a, is_trusted=True, approve_waiting=True, now=NOW
    )
    assert [code for _, code in results] == ["approved", "company_name_taken"]
    assert Company.objects.get(pk=chain.a.pk).is_trusted


def test_a_sibling_sees_no_request(ask, chain, person):
    request = ask()
    charlie = person(chain.b, "charlie@example.com")
    with pytest.raises(RequestNotFoundError):
        requests.request_get(charlie, request.uid)
    assert requests.requests_to_decide(charlie).count() == 0


def test_the_asker_cannot_decide_and_the_decider_cannot_be_a_reader(ask, chain, asker, decider, person):
    request = ask()
    reader = person(chain.manager, "reader@example.com", "READ")
    assert [requests.may_decide(one, request) for one in (asker, decider, reader)] == [False, True, False]
    assert [requests.requests_to_decide(one).count() for one in (asker, decider, reader)] == [0, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_mails_go_to_the_manager_and_the_answer_to_the_asker(ask, decider, settings):
    settings.SMTP_IS_SET = True
    request = ask(reason="New branch")
    mails_send(now=NOW)
    requests.request_approve(actor=actor_of(decider), request=request, now=NOW)
    mails_send(now=NOW)
    mails_send(now=NOW)
    assert [(one.to, one.subject) for one in mail.outbox] == [
        (["boss@manager.example"], "[Seatkeep] Partner A asks: 5 × Endpoint protection"),
        (["ask@partner.example"], "[Seatkeep] Approved: 5 × Endpoint protection"),
    ]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_mailed_about_what_was_taken_back_at_once(ask, asker, decider, settings):
    settings.SMTP_IS_SET = True
    requests.request_cancel(actor=actor_of(asker), request=ask(), now=NOW)
    mails_send(now=NOW)
    assert mail.outbox == []


def test_attack_a_removed_manager_decides_nothing(ask, chain, decider):
    ask()
    Company.objects.filter(pk=chain.manager.pk).update(status=CompanyStatus.REMOVED)
    assert requests.requests_to_decide(decider).count() == 0
