"""Licenses: order, ledger, secrets, states, delegation, lease keys, partitions."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from seatkeep_hub.companies.people import user_create
from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.errors import (
    LicenseFieldError,
    LicenseNotFoundError,
    NotALicenseOwnerError,
    SecurityAdminError,
)
from seatkeep_hub.licensing.jobs import seat_event_partitions_ensure
from seatkeep_hub.licensing.lease_keys import lease_key_rotate, lease_keys_get
from seatkeep_hub.licensing.models import LicenseEntry, PoolNode, Seat
from seatkeep_hub.licensing.security_admins import (
    owners_administered,
    security_admin_accept,
    security_admin_invite,
    security_admin_revoke,
)
from seatkeep_hub.licensing.selectors import license_get, license_state, license_usage
from seatkeep_hub.licensing.services import (
    credential_show,
    license_key_rotate,
    license_key_show,
    license_quantity_change,
)
from seatkeep_hub.licensing.suspension import license_suspend
from seatkeep_webkit.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_an_order_makes_key_credentials_roots_and_the_first_entry(order, actor, now):
    license = order(quantity=5)
    assert [(one.product.code, one.ordered, one.used) for one in license_usage(license)] == [
        ("endpoint-server", 5, 0),
        ("endpoint-workstation", 5, 0),
    ]
    assert (license.credentials.count(), license.entries.get().number) == (2, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": 1_000_001},
        {"overuse": "AUTO_GROW"},
        {"grow_ceiling": 20},
        {"overuse": "AUTO_GROW", "grow_ceiling": 3},
    ],
)
def test_wrong_terms_are_refused_and_nothing_is_written(order, wrong):
    with pytest.raises(LicenseFieldError):
        order(**wrong)
    assert not LicenseEntry.objects.exists()


@pytest.mark.parametrize("license_kind", ["MSP", "TRIAL", "PREPAID", "NFR"])
def test_a_customer_owns_no_license_of_any_kind(order, customer, license_kind):
    with pytest.raises(NotALicenseOwnerError) as caught:
        order(owner=customer, kind=license_kind)
    assert (caught.value.code, list(caught.value.fields)) == ("not_a_license_owner", ["owner"])
    assert not LicenseEntry.objects.exists()


@pytest.mark.parametrize(
    ("company_kind", "owned"),
    [
        ("MSP", {"MSP", "TRIAL", "PREPAID", "NFR"}),
        ("MANAGED_MSP", {"MSP", "TRIAL", "PREPAID", "NFR"}),
        ("MSP_MANAGER", {"MSP", "TRIAL", "PREPAID", "NFR"}),
        ("BUSINESS", {"TRIAL", "PREPAID"}),
        ("DISTRIBUTOR", {"NFR"}),
        ("DIVISION", set()),
        ("VENDOR", set()),
        ("CUSTOMER", set()),
    ],
)
def test_which_companies_own_which_licenses(company_kind, owned):
    assert {kind for kind in LicenseKind if rules.may_own(company_kind, kind)} == owned


def test_the_ledger_is_numbered_without_gaps(order, actor, now):
    license = order(quantity=5)
    for quantity in (6, 6, 4):
        license_quantity_change(actor=actor, license=license, quantity=quantity, now=now)
    license_suspend(actor=actor, license=license, now=now)
    license_suspend(actor=actor, license=license, now=now)
    entries = LicenseEntry.objects.order_by("number").values_list("number", "kind", "quantity")
    numbers = [(1, "ORDER", 5), (2, "QUANTITY", 6), (3, "QUANTITY", 4), (4, "SUSPEND", 4), (5, "FREEZE", 4)]
    assert list(entries) == numbers


@pytest.mark.parametrize("act", ["update", "delete"])
def test_attack_the_ledger_is_rewritten_in_the_database(order, act):
    order()
    with pytest.raises(IntegrityError), transaction.atomic():
        LicenseEntry.objects.update(quantity=1) if act == "update" else LicenseEntry.objects.all()._raw_delete(
            "default"
        )


def test_secrets_are_shown_with_an_audit_entry_that_does_not_hold_them(order, actor, now):
    license = order()
    key = license_key_show(actor=actor, license=license, now=now)
    secret = credential_show(actor=actor, license=license, product_code="endpoint-workstation", now=now).secret
    trail = str(list(AuditEntry.objects.values_list("action", "details")))
    assert "license:key_show" in trail
    assert "license:credential_show" in trail
    assert key not in trail
    assert secret not in trail


def test_secrets_do_not_lie_readable_in_the_database(order, actor, now):
    license = order()
    key = license_key_show(actor=actor, license=license, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key_lookup, key_encrypted FROM licensing_license")
        assert not any(key.encode() in bytes(value) for value in cursor.fetchone())


def test_a_rotated_key_is_another(order, actor, now):
    license = order()
    old = license_key_show(actor=actor, license=license, now=now)
    assert license_key_rotate(actor=actor, license=license, now=now) != old


def test_states_follow_their_precedence(now):
    def state(**fields):
        base = {"is_cancelled": False, "is_suspended": False, "expires_at": None, "usage": [(0, 10)], "now": now}
        return rules.license_state(**{**base, **fields})

    assert state() == "OK"
    assert state(usage=[(9, 10)]) == "WARNING"
    assert state(expires_at=now + timedelta(days=13)) == "WARNING"
    assert state(usage=[(11, 10)], expires_at=now + timedelta(days=1)) == "ERROR"
    assert state(usage=[(1, 1)]) == "WARNING"
    assert state(usage=[(0, 0)]) == "OK"
    assert state(usage=[(11, 10)], expires_at=now) == "EXPIRED"
    assert state(usage=[(11, 10)], expires_at=now, is_trial=True) == "TRIAL_EXPIRED"
    assert state(expires_at=now, is_suspended=True) == "SUSPENDED"
    assert state(is_cancelled=True, is_suspended=True) == "CANCELLED"


def test_more_in_use_than_ordered_is_shown(order, node, take, apply, now):
    license = order(quantity=1, overuse="ALLOW_AND_ALERT")
    apply(take(node(license), "a"), take(node(license), "b"))
    assert license_state(license, now=now) == "ERROR"


def test_attack_a_customer_reads_its_msps_license(order, customer, actor, now):
    license = order()
    charlie = user_create(actor=actor, company=customer, email="charlie@contoso.example", name="Charlie", now=now)
    with pytest.raises(LicenseNotFoundError):
        license_get(charlie, license.uid)


def test_a_security_admin_is_in_force_once_accepted(msp, actor, now):
    user = user_create(actor=actor, company=msp, email="bob@alice.example", name="Bob", now=now)
    invited = security_admin_invite(actor=actor, company=msp, email="Bob@Alice.example", now=now)
    assert not owners_administered(user).exists()
    admin = security_admin_accept(actor=actor, token=invited.token, user=user, now=now)
    assert list(owners_administered(user)) == [msp]
    security_admin_revoke(actor=actor, admin=admin, now=now)
    assert not owners_administered(user).exists()


def test_attack_an_invitation_is_accepted_by_somebody_else_late_or_twice(msp, actor, now):
    bob = user_create(actor=actor, company=msp, email="bob@alice.example", name="Bob", now=now)
    eve = user_create(actor=actor, company=msp, email="eve@alice.example", name="Eve", now=now)
    token = security_admin_invite(actor=actor, company=msp, email=bob.email, now=now).token
    for user, when, secret in [(eve, now, token), (bob, now + timedelta(days=14), token), (bob, now, "guess")]:
        with pytest.raises(SecurityAdminError):
            security_admin_accept(actor=actor, token=secret, user=user, now=when)
    security_admin_accept(actor=actor, token=token, user=bob, now=now)
    with pytest.raises(SecurityAdminError):
        security_admin_accept(actor=actor, token=token, user=bob, now=now)


def test_lease_keys_rotate_current_next_retired(actor, now):
    before = lease_keys_get(now=now)
    assert lease_keys_get(now=now).signing.kid == before.signing.kid
    lease_key_rotate(actor=actor, now=now)
    after = lease_keys_get(now=now)
    assert (after.signing.kid in before.trusted, before.signing.kid in after.trusted) == (True, True)
    assert before.signing.kid not in lease_keys_get(now=now + timedelta(days=32)).trusted


def test_a_months_partition_is_made_even_when_its_rows_came_first(order, node, take, apply, now):
    far = now + timedelta(days=400)
    apply(take(node(order()), "pc-1", at=far), at=far)
    for _ in range(2):
        seat_event_partitions_ensure(now=far)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM licensing_seatevent")
        assert cursor.fetchall() == [(f"licensing_seatevent_{far:%Y%m}",)]


def test_the_database_refuses_a_second_seat_of_a_device(order, node, take, apply):
    apply(take(node(order()), "pc-1"))
    seat = Seat.objects.get()
    seat.pk, seat.uid = None, uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        seat.save(force_insert=True)
    assert PoolNode.objects.get(pk=seat.node_id).used == 1
