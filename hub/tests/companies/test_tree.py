"""The company tree: who stands below whom, names, moves."""

from __future__ import annotations

import pytest
from seatkeep_hub.companies import rules
from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus, FeedKind
from seatkeep_hub.companies.errors import (
    CompanyFieldError,
    CompanyKindError,
    CompanyMoveError,
    CompanyNameTakenError,
    CompanyStatusError,
)
from seatkeep_hub.companies.models import Company, FeedEntry
from seatkeep_hub.companies.services import (
    company_confirm,
    company_create,
    company_move,
    company_rename,
    company_status_set,
    company_update,
)
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.outbox.models import OutboxEvent


def test_path_goes_from_the_root_to_the_company(vendor, distributor, msp, customer):
    assert customer.path == [vendor.pk, distributor.pk, msp.pk, customer.pk]


@pytest.mark.parametrize("kind", [kind for kind in CompanyKind if kind not in {"CUSTOMER"}])
def test_an_msp_can_create_customers_only(msp, actor, now, kind):
    with pytest.raises(CompanyKindError):
        company_create(actor=actor, kind=kind, name="X", parent=msp, now=now)


def test_a_customer_can_create_nothing():
    assert rules.child_kinds("CUSTOMER") == []


def test_managed_msps_stand_below_msp_managers_only():
    assert [kind for kind in CompanyKind if rules.can_create(kind, "MANAGED_MSP")] == ["MSP_MANAGER"]


def test_there_is_one_vendor(vendor, actor, now):
    with pytest.raises(CompanyNameTakenError):
        company_create(actor=actor, kind="VENDOR", name="Another", parent=None, now=now)


def test_siblings_differ_in_name_whatever_the_case(msp, customer, actor, now):
    with pytest.raises(CompanyNameTakenError):
        company_create(actor=actor, kind="CUSTOMER", name="CONTOSO", parent=msp, now=now)


def test_the_same_name_elsewhere_is_fine(make, distributor, customer):
    other = make("MSP", distributor, "Other")
    assert make("CUSTOMER", other, "Contoso").name == "Contoso"


def test_every_write_is_audited_announced_and_fed(customer):
    assert AuditEntry.objects.filter(action="company:create", subject_id=str(customer.uid)).exists()
    assert OutboxEvent.objects.filter(topic="company.create", payload__company=str(customer.uid)).exists()
    assert FeedEntry.objects.filter(kind=FeedKind.COMPANY, uid=customer.uid).exists()


def test_renaming_to_the_same_name_writes_nothing(customer, actor, now):
    before = AuditEntry.objects.count()
    company_rename(actor=actor, company=customer, name="Contoso", now=now)
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b", "a\nb"])
def test_a_name_must_be_shown(customer, actor, now, name):
    with pytest.raises(CompanyFieldError) as caught:
        company_rename(actor=actor, company=customer, name=name, now=now)
    assert list(caught.value.fields) == ["name"]


def test_a_field_that_is_not_editable_is_refused(customer, actor, now):
    with pytest.raises(CompanyFieldError):
        company_update(actor=actor, company=customer, now=now, path=[1])


def test_tags_are_trimmed_and_kept_once(customer, actor, now):
    assert company_update(actor=actor, company=customer, now=now, tags=[" a ", "b", "a", ""]).tags == ["a", "b"]


def test_a_move_takes_everything_below_along(make, distributor, msp, customer, actor, now):
    division = make("DIVISION", distributor)
    company_move(actor=actor, company=msp, parent=division, now=now)
    customer.refresh_from_db()
    assert customer.path == [*division.path, msp.pk, customer.pk]


def test_a_company_cannot_move_below_itself(msp, customer, actor, now):
    with pytest.raises(CompanyMoveError) as caught:
        company_move(actor=actor, company=msp, parent=customer, now=now)
    assert caught.value.extra == {"reason": "cycle"}


def test_a_customer_cannot_move_below_a_distributor(distributor, customer, actor, now):
    with pytest.raises(CompanyMoveError):
        company_move(actor=actor, company=customer, parent=distributor, now=now)


def test_nothing_is_created_below_a_suspended_company(msp, actor, now):
    company_status_set(
        actor=actor, company=msp, status=CompanyStatus.SUSPENDED, verb="suspend", allowed=lambda _: True, now=now
    )
    with pytest.raises(CompanyStatusError):
        company_create(actor=actor, kind="CUSTOMER", name="Late", parent=msp, now=now)


def test_a_waiting_company_is_confirmed_once(vendor, actor, now):
    waiting = company_create(actor=actor, kind="MSP", name="New", parent=vendor, status=CompanyStatus.WAITING, now=now)
    company_confirm(actor=actor, company=waiting, now=now)
    assert company_confirm(actor=actor, company=waiting, now=now).status == CompanyStatus.ACTIVE


def test_children_take_over_the_time_zone(vendor, actor, now):
    msp = company_create(actor=actor, kind="MSP", name="Berlin", parent=vendor, time_zone="Europe/Berlin", now=now)
    assert company_create(actor=actor, kind="CUSTOMER", name="C", parent=msp, now=now).time_zone == "Europe/Berlin"


def test_depth_ends_at_twelve():
    path = list(range(1, 13))
    fault = rules.move_fault(path=[99], kind="CUSTOMER", height=1, parent_path=path, parent_kind="MSP")
    assert fault == "depth"


def test_the_database_refuses_a_second_root_by_itself(vendor, now):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Company.objects.create(
            kind="VENDOR", name="V2", path=[1], created_at=now, updated_at=now, status_changed_at=now
        )
