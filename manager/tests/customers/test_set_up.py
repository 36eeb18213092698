"""Set-up of a customer: everything or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from seatkeep_manager.customers.errors import (
    CustomerReadOnlyError,
    CustomerRemovedError,
    TagInvalidError,
    TemplateNameTakenError,
    TemplateStandardError,
    TooManyGroupsError,
)
from seatkeep_manager.customers.models import CustomerRecord, CustomerTemplate
from seatkeep_manager.customers.plans import plan_of
from seatkeep_manager.customers.selectors import customer_tags_own, customers_overview
from seatkeep_manager.customers.services import SetUpResult, customer_set_up, customer_tag, customers_mark_ready
from seatkeep_manager.customers.templates import template_create, template_default, template_delete, template_update
from seatkeep_manager.directory.errors import NameInvalidError
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.enums import CustomerState, HubCompanyState
from seatkeep_manager.hublink.errors import CompanyNotFoundError
from seatkeep_manager.hublink.mirror import company_remove
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_manager.policies.services import policy_delete
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from standing_cast import NOW, Cast

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


def set_up(cast: Cast, user: User, company: MirroredCompany, **values: Any) -> SetUpResult:
    template = values.pop("template", None) or template_default(now=NOW)
    plan = plan_of(template, **values)
    return customer_set_up(actor=ACTOR, user=user, company_uid=company.uid, plan=plan, now=NOW)


def template_with(cast: Cast) -> CustomerTemplate:
    return template_create(
        actor=ACTOR, name="Dental", groups=["Workstations", "Servers"], policy_ids=[cast.policy.pk],
        daily_cap=7, tags=["Gold"], now=NOW,
    )  # fmt: skip


def test_a_set_up_makes_groups_policies_and_key_and_the_customer_is_ready(cast: Cast) -> None:
    result = set_up(cast, cast.alice, cast.alpha, template=template_with(cast))

    assert [group.name for group in result.groups] == ["Workstations", "Servers"]
    assert result.token
    assert result.token.daily_cap == 7
    assert PolicyAssignment.objects.filter(policy=cast.policy, group=cast.group).exists()
    assert result.company.state == CustomerState.NORMAL


def test_a_set_up_that_fails_in_the_middle_leaves_nothing(cast: Cast) -> None:
    with pytest.raises(NameInvalidError):
        set_up(cast, cast.alice, cast.alpha, groups=["Good", "b\x00d"])

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


def test_a_second_set_up_makes_nothing_and_says_so(cast: Cast) -> None:
    first = set_up(cast, cast.alice, cast.alpha, template=template_with(cast))
    entries = AuditEntry.objects.count()

    second = set_up(cast, cast.alice, cast.alpha, template=CustomerTemplate.objects.get(name="Dental"))

    # The policy stood on the customer before.
    assert first.made == {"group": 2, "key": 1, "ready": 1, "tag": 1}
    assert second.made == {}
    assert AuditEntry.objects.count() == entries


def test_a_set_up_adds_its_tags_to_those_that_are_there(cast: Cast) -> None:
    customer_tag(actor=ACTOR, user=cast.alice, company_uid=cast.alpha.uid, tags=["dental", "GOLD"], now=NOW)

    set_up(cast, cast.alice, cast.alpha, tags=["Gold", "new"])

    assert customer_tags_own(cast.alpha) == ["dental", "GOLD", "new"]


@pytest.mark.parametrize("tags", [["a,b"], ["x" * 61], ["b\x00d"], [f"t{n}" for n in range(21)]])
def test_what_is_no_tag_is_refused(cast: Cast, tags: list[str]) -> None:
    with pytest.raises(TagInvalidError):
        customer_tag(actor=ACTOR, user=cast.alice, company_uid=cast.alpha.uid, tags=tags, now=NOW)


def test_too_many_groups_are_refused(cast: Cast) -> None:
    with pytest.raises(TooManyGroupsError):
        set_up(cast, cast.alice, cast.alpha, groups=[f"g{n}" for n in range(51)])


def test_a_deleted_policy_of_a_template_is_passed_over(cast: Cast) -> None:
    template = template_with(cast)
    PolicyAssignment.objects.all().delete()
    policy_delete(actor=ACTOR, policy_id=cast.policy.pk, now=NOW)

    assert "policy" not in set_up(cast, cast.alice, cast.alpha, template=template).made


def test_the_standard_template_stays_and_names_are_taken_once(cast: Cast) -> None:
    standard, dental = template_default(now=NOW), template_with(cast)
    given: dict[str, Any] = {"groups": [], "policy_ids": [], "daily_cap": 1, "now": NOW, "actor": ACTOR}

    with pytest.raises(TemplateStandardError):
        template_delete(actor=ACTOR, template_id=standard.pk, now=NOW)
    with pytest.raises(TemplateStandardError):
        template_update(template_id=standard.pk, name="Other", **given)
    with pytest.raises(TemplateNameTakenError):
        template_update(template_id=dental.pk, name="Standard", **given)


def test_a_template_that_is_deleted_leaves_its_customers_alone(cast: Cast) -> None:
    template = template_with(cast)
    set_up(cast, cast.alice, cast.alpha, template=template)

    template_delete(actor=ACTOR, template_id=template.pk, now=NOW)

    assert CustomerRecord.objects.get(company=cast.alpha).template is None
    assert StaticGroup.objects.filter(name="Workstations").exists()


def test_marking_many_takes_a_fixed_number_of_statements(cast: Cast, django_assert_max_num_queries: Any) -> None:
    uids = [cast.alpha.uid, cast.beta.uid]
    with django_assert_max_num_queries(12):
        customers_mark_ready(actor=ACTOR, user=cast.alice, company_uids=uids, now=NOW)
