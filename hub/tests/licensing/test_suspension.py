"""Suspension in its three ways: billing, changes, protection on a date."""

from __future__ import annotations

from datetime import timedelta

import pytest
from seatkeep_hub.companies.models import FeedEntry
from seatkeep_hub.licensing.errors import LicenseFieldError, LicenseStateError
from seatkeep_hub.licensing.models import LicenseEntry, PoolNode, Seat
from seatkeep_hub.licensing.seats import seats_renew
from seatkeep_hub.licensing.selectors import console_state, license_state
from seatkeep_hub.licensing.services import license_overuse_set, license_quantity_change
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend, protections_stop_due
from seatkeep_hub.licensing.transaction import Renewal

pytestmark = pytest.mark.django_db


@pytest.fixture
def license(order, node, take, apply):
    made = order()
    apply(take(node(made), "pc-1"))
    return made


@pytest.fixture
def renew(license):
    def call(at):
        seat = Seat.objects.get(fingerprint="pc-1")
        return seats_renew(renewals=[Renewal(seat.uid, seat.key_thumbprint, 1)], now=at)[0].code

    return call


def kinds(license):
    return list(LicenseEntry.objects.filter(license=license).order_by("number").values_list("kind", flat=True))[1:]


def test_a_stop_of_billing_touches_no_computer(license, node, take, apply, renew, actor, now):
    license_suspend(actor=actor, license=license, freezes_changes=False, now=now)
    assert (apply(take(node(license), "pc-2")), renew(now)) == (["new"], "held")
    assert license_quantity_change(actor=actor, license=license, quantity=11, now=now).quantity == 11
    license.refresh_from_db()
    assert (license_state(license, now=now), console_state(license, now=now)) == ("SUSPENDED", "OK")


def test_frozen_changes_keep_those_who_have_a_seat(license, node, take, apply, renew, actor, now):
    license_suspend(actor=actor, license=license, stops_billing=False, now=now)
    later = now + timedelta(hours=1)
    assert apply(take(node(license), "pc-2")) == ["license_suspended"]
    assert apply(take(node(license), "pc-1", at=later), at=later) == ["held"]
    assert renew(later) == "held"
    with pytest.raises(LicenseStateError):
        license_quantity_change(actor=actor, license=license, quantity=11, now=now)
    with pytest.raises(LicenseStateError):
        license_overuse_set(actor=actor, license=license, overuse="ALLOW_AND_ALERT", now=now)
    license_unsuspend(actor=actor, license=license, now=now)
    assert apply(take(node(license), "pc-2")) == ["new"]


def test_protection_stops_at_its_instant_and_comes_back(license, renew, actor, now):
    end = now + timedelta(days=3)
    epoch = PoolNode.objects.filter(kind="ROOT").first().epoch
    license_suspend(actor=actor, license=license, protection_stops_at=end, now=now)
    assert protections_stop_due(now=end - timedelta(seconds=1)) == 0
    assert renew(end - timedelta(microseconds=1)) == "held"
    assert renew(end) == "license_suspended"
    FeedEntry.objects.all().delete()
    assert (protections_stop_due(now=end), protections_stop_due(now=end)) == (1, 0)
    assert PoolNode.objects.filter(kind="ROOT").first().epoch == epoch + 1
    assert FeedEntry.objects.filter(kind="license", uid=license.uid).exists()
    license_unsuspend(actor=actor, license=license, now=end)
    assert renew(end) == "held"
    assert kinds(license) == ["SUSPEND", "FREEZE", "STOP", "UNSUSPEND", "UNFREEZE", "RESUME"]


def test_the_same_suspension_twice_writes_once_and_another_replaces_it(license, actor, now):
    for _ in range(2):
        license_suspend(actor=actor, license=license, now=now)
    license_suspend(actor=actor, license=license, stops_billing=False, now=now)
    assert kinds(license) == ["SUSPEND", "FREEZE", "UNSUSPEND"]


def test_a_suspension_of_nothing_is_refused(license, actor, now):
    with pytest.raises(LicenseFieldError):
        license_suspend(actor=actor, license=license, stops_billing=False, freezes_changes=False, now=now)
    assert kinds(license) == []
