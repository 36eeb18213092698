"""Who sees whom: sibling, child and stranger get "not found", never "forbidden"."""

from __future__ import annotations

import pytest
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.errors import AccessDeniedError, CompanyNotFoundError
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.companies.selectors import access_level, companies_visible, company_get
from seatkeep_webkit.actors import Actor, ActorKind


def names(queryset):
    return sorted(queryset.values_list("name", flat=True))


def test_access_is_inherited_downward(person, msp, customer, sibling):
    alice = person(msp, "alice@msp.example", WRITE=msp)
    assert names(companies_visible(alice)) == ["Contoso", "Fabrikam", "Msp"]


def test_no_access_means_nothing(person, msp, customer):
    assert names(companies_visible(person(msp, "new@msp.example"))) == []


def test_a_nearer_none_hides(person, msp, customer, sibling):
    bob = person(msp, "bob@msp.example", WRITE=msp, NONE=sibling)
    assert names(companies_visible(bob)) == ["Contoso", "Msp"]


def test_a_nearer_write_opens_below_a_none(person, distributor, msp, customer, actor, now):
    bob = person(msp, "bob@msp.example", READ=distributor, NONE=msp)
    access_set(actor=actor, user=bob, company=customer, level=AccessLevel.WRITE, now=now)
    assert names(companies_visible(bob)) == ["Contoso", "Distributor"]
    assert access_level(bob, customer) == AccessLevel.WRITE


def test_read_is_not_write(person, msp, customer):
    bob = person(msp, "bob@msp.example", READ=msp)
    with pytest.raises(AccessDeniedError):
        company_get(bob, customer.uid, level=AccessLevel.WRITE)


@pytest.mark.parametrize("level", ["READ", "WRITE"])
def test_attack_a_sibling_asks_for_a_sibling(person, customer, sibling, level):
    charlie = person(sibling, "charlie@fabrikam.example", WRITE=sibling)
    with pytest.raises(CompanyNotFoundError):
        company_get(charlie, customer.uid, level=AccessLevel(level))


def test_attack_a_child_asks_for_its_parent(person, msp, customer):
    charlie = person(customer, "charlie@contoso.example", WRITE=customer)
    with pytest.raises(CompanyNotFoundError):
        company_get(charlie, msp.uid)


def test_attack_a_person_that_left_still_asks(person, msp, customer):
    alice = person(msp, "alice@msp.example", WRITE=msp)
    alice.is_active = False
    alice.save()
    assert names(companies_visible(alice)) == []
    assert access_level(alice, customer) == AccessLevel.NONE


def test_an_actor_of_a_person_sees_what_the_person_sees(person, msp, customer):
    alice = person(msp, "alice@msp.example", READ=customer)
    actor = Actor(kind=ActorKind.USER, id=str(alice.uid), label=alice.email)
    assert names(companies_visible(actor)) == ["Contoso"]


def test_an_instance_sees_its_companys_subtree(distributor, msp, customer):
    actor = Actor(kind=ActorKind.INSTANCE, id="i", label="i", company_uid=msp.uid)
    assert names(companies_visible(actor)) == ["Contoso", "Msp"]


def test_attack_an_actor_with_a_made_up_id(customer):
    actor = Actor(kind=ActorKind.USER, id="' OR 1=1 --", label="x")
    assert names(companies_visible(actor)) == []


@pytest.mark.parametrize("level", [AccessLevel.READ, AccessLevel.WRITE])
def test_the_query_and_the_rule_agree(person, vendor, distributor, msp, customer, sibling, actor, now, level):
    bob = person(msp, "bob@msp.example", READ=vendor, NONE=distributor, WRITE=msp)
    access_set(actor=actor, user=bob, company=sibling, level=AccessLevel.READ, now=now)
    everyone = [vendor, distributor, msp, customer, sibling]
    wanted = {"READ": {"READ", "WRITE"}, "WRITE": {"WRITE"}}[level]
    expected = sorted(one.name for one in everyone if access_level(bob, one) in wanted)
    assert names(companies_visible(bob, level=level)) == expected
