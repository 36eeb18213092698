"""What an MSP makes is shared with all its customers: seen and assigned below, edited there alone, unseen beside."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import RequestFactory
from seatkeep_manager.console.owners import owners_offered
from seatkeep_manager.customers.policy_places import policies_for
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import User
from seatkeep_manager.grouping.selectors import templates_visible
from seatkeep_manager.grouping.services import template_create
from seatkeep_manager.policies.errors import PolicyForeignError
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.selectors import policies_visible
from seatkeep_manager.policies.services import policy_assign_group, policy_create
from seatkeep_webkit.actors import Actor
from standing_cast import NOW, Cast, company, person

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


@pytest.fixture
def shared(cast: Cast) -> Policy:
    return policy_create(
        actor=ACTOR, name="Northwind baseline", product="endpoint", company_hub_id=cast.msp.hub_id, settings={}, now=NOW
    )


@pytest.fixture
def beside(cast: Cast) -> User:
    """Who works for a customer of another MSP."""
    other = company(uuid4(), "Contoso IT", NOW, company_kind="MSP")
    gamma = company(uuid4(), "Gamma Garage", NOW, parent=other.hub_id)
    return person("gus@contoso.example", "Gus", company=gamma.hub_id, level=AccessLevel.WRITE)


@pytest.fixture
def chief(cast: Cast) -> User:
    """Who works for the whole MSP."""
    return person("mia@northwind.example", "Mia", company=cast.msp.hub_id, level=AccessLevel.WRITE)


def can(user: User, policy: Policy, level: AccessLevel) -> bool:
    return policies_visible(user, level=level).filter(pk=policy.pk).exists()


def test_below_it_is_seen_and_assigned_but_not_edited(cast: Cast, shared: Policy) -> None:
    assert [can(cast.bob, shared, level) for level in (AccessLevel.READ, AccessLevel.USE, AccessLevel.WRITE)] == [
        True, True, False,
    ]  # fmt: skip
    assert shared in policies_for(cast.bob, cast.alpha)
    policy_assign_group(actor=ACTOR, policy_id=shared.pk, group_id=cast.group.pk, now=NOW)


def test_who_works_for_the_whole_msp_edits_it(shared: Policy, chief: User) -> None:
    assert can(chief, shared, AccessLevel.WRITE)


def test_attack_beside_it_is_neither_seen_nor_assigned(shared: Policy, beside: User, cast: Cast) -> None:
    assert not can(beside, shared, AccessLevel.READ)
    assert not can(cast.charlie, shared, AccessLevel.READ)
    gamma = beside.accesses.get().company_hub_id
    group = cast.group.__class__.objects.get(hub_id=gamma)
    with pytest.raises(PolicyForeignError):
        policy_assign_group(actor=ACTOR, policy_id=shared.pk, group_id=group.pk, now=NOW)


def test_attack_a_customers_own_policy_is_not_shared_upward_or_beside(cast: Cast, beside: User) -> None:
    rival = person("ben@beta.example", "Ben", company=cast.beta.hub_id, level=AccessLevel.WRITE)

    assert not can(rival, cast.policy, AccessLevel.READ)
    assert not can(beside, cast.policy, AccessLevel.READ)


def test_templates_of_dynamic_groups_are_shared_alike(cast: Cast, beside: User) -> None:
    rule = {"symbol": "os.family", "operator": "EQUAL", "value": "LINUX"}
    made = template_create(
        actor=ACTOR, name="Linux of Northwind", operation="AND", conditions=[rule], company_hub_id=cast.msp.hub_id,
        now=NOW,
    )  # fmt: skip

    assert made in templates_visible(cast.bob)
    assert made not in templates_visible(cast.bob, level=AccessLevel.WRITE)
    assert made not in templates_visible(beside)


def test_an_msp_is_offered_as_owner_to_who_works_for_all_of_it(cast: Cast, chief: User) -> None:
    def offered(user: User) -> list[Any]:
        request = RequestFactory().get("/")
        request.user = user
        return [label for _value, label in owners_offered(request, Functionality.POLICIES)]

    assert offered(chief) == ["Alpha Dental", "Beta Bakery", "All customers of Northwind IT"]
    assert offered(cast.bob) == ["Alpha Dental"]
