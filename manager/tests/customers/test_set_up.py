"""Set-up of a customer: everything or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from seatkeep_manager.customers.errors import CustomerReadOnlyError, CustomerRemovedError
from seatkeep_manager.customers.models import CustomerTemplate
from seatkeep_manager.customers.selectors import customers_overview
from seatkeep_manager.customers.services import (
    SetUpResult,
    customer_set_up,
    customers_mark_ready,
    template_create,
    template_default,
)
from seatkeep_manager.directory.errors import NameInvalidError
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.enums import CustomerState, HubCompanyState
from seatkeep_manager.hublink.errors import CompanyNotFoundError
from seatkeep_manager.hublink.mirror import company_remove
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_webkit.actors import Actor
from standing_cast import NOW, Cast

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


def set_up(cast: Cast, user: User, company: MirroredCompany, **values: Any) -> SetUpResult:
    given: dict[str, Any] = {
        "template": template_default(now=NOW), "group_names": ["Workstations", "Servers"], "makes_key": True,
    } | values  # fmt: skip
    return customer_set_up(actor=ACTOR, user=user, company_uid=company.uid, now=NOW, **given)


def template_with(cast: Cast) -> CustomerTemplate:
    return template_create(actor=ACTOR, name="Dental", groups=[], policy_ids=[cast.policy.pk], daily_cap=7, now=NOW)


def test_a_set_up_makes_groups_policies_and_key_and_the_customer_is_ready(cast: Cast) -> None:
    result = set_up(cast, cast.alice, cast.alpha, template=template_with(cast))

    assert [group.name for group in result.groups] == ["Workstations", "Servers"]
    assert result.token
    assert result.token.daily_cap == 7
    assert PolicyAssignment.objects.filter(policy=cast.policy, group=cast.group).exists()
    assert result.company.state == CustomerState.NORMAL


def test_a_set_up_that_fails_in_the_middle_leaves_nothing(cast: Cast) -> None:
    with pytest.raises(NameInvalidError):
        set_up(cast, cast.alice, cast.alpha, group_names=["Good", "b\x00d"])

    assert not StaticGroup.objects.filter(name="Good").exists()
    cast.alpha.refresh_from_db()
    assert cast.alpha.state == CustomerState.NOT_SET_UP


def test_a_second_set_up_keeps_the_key(cast: Cast) -> None:
    first, second = set_up(cast, cast.alice, cast.alpha), set_up(cast, cast.alice, cast.alpha)

    assert first.token == second.token
    assert EnrollmentToken.objects.filter(kind="DEPLOYMENT_KEY").count() == 1


def test_a_reader_cannot_set_up(cast: Cast) -> None:
    with pytest.raises(CustomerReadOnlyError):
        set_up(cast, cast.rita, cast.alpha)


def test_a_technician_of_another_customer_sees_none(cast: Cast) -> None:
    with pytest.raises(CompanyNotFoundError):
        set_up(cast, cast.bob, cast.beta)


def test_a_removed_customer_cannot_be_set_up(cast: Cast) -> None:
    company_remove(cast.alpha, now=NOW)

    with pytest.raises(CustomerRemovedError):
        set_up(cast, cast.alice, cast.alpha)


def test_mark_as_ready_makes_nothing_else(cast: Cast) -> None:
    groups = StaticGroup.objects.count()

    count = customers_mark_ready(actor=ACTOR, user=cast.alice, company_uids=[cast.alpha.uid, cast.beta.uid], now=NOW)

    assert count == 2
    assert StaticGroup.objects.count() == groups


def test_one_foreign_customer_in_a_bulk_marks_none(cast: Cast) -> None:
    with pytest.raises(CompanyNotFoundError):
        customers_mark_ready(actor=ACTOR, user=cast.bob, company_uids=[cast.alpha.uid, cast.beta.uid], now=NOW)

    assert not MirroredCompany.objects.filter(state=CustomerState.NORMAL).exists()


def test_a_suspended_customer_stays_ready(cast: Cast) -> None:
    customers_mark_ready(actor=ACTOR, user=cast.alice, company_uids=[cast.alpha.uid], now=NOW)
    MirroredCompany.objects.update(hub_state=HubCompanyState.SUSPENDED)

    assert MirroredCompany.objects.get(pk=cast.alpha.pk).state == CustomerState.NORMAL


def test_the_overview_counts(cast: Cast) -> None:
    row = customers_overview(cast.alice).get(pk=cast.alpha.pk)

    assert (row.device_count, row.protected_count, row.detection_count) == (1, 1, 1)
    assert (row.seats_used, row.seats_agreed) == (7, 10)
