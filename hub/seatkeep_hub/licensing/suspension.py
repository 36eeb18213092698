"""Suspend and free licenses and companies: the devices' share is refused from that moment on."""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.actors import Actor

from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_status_set
from seatkeep_hub.licensing import pool, rules
from seatkeep_hub.licensing.enums import EntryKind
from seatkeep_hub.licensing.errors import LicenseFieldError, LicenseStateError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.rules import NO_PAUSE, Pause
from seatkeep_hub.licensing.services import entry_append, record

_PAUSE_FIELDS = ("suspended_at", "billing_stopped_at", "frozen_at", "protection_stops_at", "is_protection_stopped")


def license_suspend(
    *,
    actor: Actor,
    license: License,
    now: datetime,
    note: str = "",
    stops_billing: bool = True,
    freezes_changes: bool = True,
    protection_stops_at: datetime | None = None,
) -> License:
    """Suspend a license in one or more of three ways, each on its own; what it says replaces what held before.

    Computers stay protected unless `protection_stops_at` says otherwise: then, and not before, their licenses are no
    longer renewed and each older lease is of a past epoch. The day of suspension is still billed. Idempotent.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        license: Which license.
        now: Current time, aware UTC.
        note: Why, for the ledger.
        stops_billing: Nothing counts as ordered from the next day on.
        freezes_changes: No other number, no agreement, no new computer.
        protection_stops_at: When protection stops; one that is over means now.

    Raises:
        LicenseStateError: It is cancelled.
        LicenseFieldError: None of the three was chosen.

    Source:
        DESIGN.md, section 3: a billing event never turns protection off by itself.
    """
    wanted = Pause(stops_billing, freezes_changes, protection_stops_at and max(protection_stops_at, now))
    if wanted == NO_PAUSE:
        raise LicenseFieldError(fields={"stops_billing": ["Choose at least one."]})
    return _pause_set(actor, license, wanted, now, note)


def license_unsuspend(*, actor: Actor, license: License, now: datetime, note: str = "") -> License:
    """Take a suspension back in all its ways: billing counts from this day, computers renew again. Idempotent.

    Raises:
        LicenseStateError: It is cancelled.
    """
    return _pause_set(actor, license, NO_PAUSE, now, note)


def protections_stop_due(*, now: datetime) -> int:
    """Stop protection of each license whose moment has come. Idempotent; returns how many it were."""
    due = License.objects.filter(protection_stops_at__lte=now, is_protection_stopped=False, cancelled_at=None)
    return sum(_protection_stop(license, now) for license in due.order_by("id"))


def pause_of(license: License) -> Pause:
    """In which ways a license is suspended."""
    return Pause(license.billing_stopped_at is not None, license.frozen_at is not None, license.protection_stops_at)


def company_suspend(*, actor: Actor, company: Company, now: datetime) -> Company:
    """Suspend a company: its share of every license, and that of companies below it, is refused. Idempotent.

    Raises:
        CompanyStatusError: It is removed.
    """
    with read_committed():
        nodes = _subtree_nodes_lock(company)
        changed = company_status_set(
            actor=actor,
            company=company,
            status=CompanyStatus.SUSPENDED,
            verb="suspend",
            allowed=lambda one: company_rules.can_suspend(one.status),
            now=now,
        )
        pool.suspension_set(nodes, is_suspended=True, now=now)
    return changed


def company_unsuspend(*, actor: Actor, company: Company, now: datetime) -> Company:
    """Take a suspension back; shares stay refused where another company above or below is suspended. Idempotent.

    Raises:
        CompanyStatusError: It is not suspended.
    """
    with read_committed():
        nodes = _subtree_nodes_lock(company)
        changed = company_status_set(
            actor=actor,
            company=company,
            status=CompanyStatus.ACTIVE,
            verb="unsuspend",
            allowed=lambda one: one.status == CompanyStatus.SUSPENDED,
            now=now,
        )
        nodes_free(nodes, now)
    return changed


def company_remove(*, actor: Actor, company: Company, now: datetime) -> Company:
    """Mark a company REMOVED and refuse its share of every license; nothing is deleted. Idempotent.

    Raises:
        CompanyStatusError: It is the root.
    """
    with read_committed():
        nodes = _subtree_nodes_lock(company)
        changed = company_status_set(
            actor=actor,
            company=company,
            status=CompanyStatus.REMOVED,
            verb="remove",
            allowed=lambda one: company_rules.can_remove(one.kind, one.status),
            now=now,
        )
        pool.suspension_set(nodes, is_suspended=True, now=now)
    return changed


def company_restore(*, actor: Actor, company: Company, now: datetime) -> Company:
    """Bring a removed company back, with its history. Idempotent.

    Raises:
        CompanyStatusError: It is not removed.
        CompanyNameTakenError: Another company has its name meanwhile.
    """
    with read_committed():
        nodes = _subtree_nodes_lock(company)
        changed = company_status_set(
            actor=actor,
            company=company,
            status=CompanyStatus.ACTIVE,
            verb="restore",
            allowed=lambda one: one.status == CompanyStatus.REMOVED,
            now=now,
        )
        nodes_free(nodes, now)
    return changed


def nodes_free(nodes: list[PoolNode], now: datetime) -> None:
    """Free locked nodes whose company and companies above are all in use."""
    paths = dict(PoolNode.objects.filter(pk__in=[node.pk for node in nodes]).values_list("pk", "company__path"))
    ids = {one for path in paths.values() for one in path}
    out = [CompanyStatus.SUSPENDED, CompanyStatus.REMOVED]
    blocked = set(Company.objects.filter(pk__in=ids, status__in=out).values_list("pk", flat=True))
    free = [node for node in nodes if blocked.isdisjoint(paths[node.pk])]
    pool.suspension_set(free, is_suspended=False, now=now)


def _subtree_nodes_lock(company: Company) -> list[PoolNode]:
    nodes = PoolNode.objects.select_for_update(of=("self",)).filter(company__path__contains=[company.pk])
    return list(nodes.order_by("id"))


def _pause_set(actor: Actor, license: License, wanted: Pause, now: datetime, note: str) -> License:
    with read_committed():
        locked, nodes = pool.license_lock(license)
        if locked.cancelled_at:
            raise LicenseStateError
        before, was_stopped = pause_of(locked), locked.is_protection_stopped
        if before == wanted:
            return locked
        locked.suspended_at = None if wanted == NO_PAUSE else locked.suspended_at or now
        locked.billing_stopped_at = (locked.billing_stopped_at or now) if wanted.stops_billing else None
        locked.frozen_at = (locked.frozen_at or now) if wanted.freezes_changes else None
        locked.protection_stops_at = wanted.protection_stops_at
        locked.is_protection_stopped, locked.updated_at = wanted.is_stopped(now), now
        locked.save(update_fields=[*_PAUSE_FIELDS, "updated_at"])
        if locked.is_protection_stopped != was_stopped:
            pool.epochs_raise(nodes, now)
        for kind in rules.pause_entries(before, wanted, was_stopped=was_stopped, now=now):
            entry_append(locked, kind, quantity_before=locked.quantity, actor=actor, now=now, note=note)
        record(locked, actor, "unsuspend" if wanted == NO_PAUSE else "suspend", now, _told(wanted, note))
    return locked


def _told(pause: Pause, note: str) -> dict[str, str | int | bool | None]:
    stops_at = pause.protection_stops_at.isoformat() if pause.protection_stops_at else None
    return {"note": note, "billing": pause.stops_billing, "changes": pause.freezes_changes, "protection": stops_at}


def _protection_stop(license: License, now: datetime) -> bool:
    with read_committed():
        locked, nodes = pool.license_lock(license)
        is_due = pause_of(locked).is_stopped(now) and not locked.is_protection_stopped
        if is_due:
            locked.is_protection_stopped, locked.updated_at = True, now
            locked.save(update_fields=["is_protection_stopped", "updated_at"])
            pool.epochs_raise(nodes, now)
            actor = Actor.system("suspension")
            entry_append(locked, EntryKind.STOP, quantity_before=locked.quantity, actor=actor, now=now)
            record(locked, actor, "protection_stop", now, {})
    return is_due
