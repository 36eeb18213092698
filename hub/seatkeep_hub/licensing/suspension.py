"""Suspend and free licenses and companies: the devices' share is refused from that moment on."""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.actors import Actor

from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_status_set
from seatkeep_hub.licensing import pool
from seatkeep_hub.licensing.enums import EntryKind
from seatkeep_hub.licensing.errors import LicenseStateError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.services import entry_append, record


def license_suspend(*, actor: Actor, license: License, now: datetime, note: str = "") -> License:
    """Suspend a license: no activation, no renewal. Protection goes on as its lapse policy says. Idempotent.

    Raises:
        LicenseStateError: It is cancelled.
    """
    return _suspended_set(actor, license, now, note, is_suspended=True)


def license_unsuspend(*, actor: Actor, license: License, now: datetime, note: str = "") -> License:
    """Take a suspension back. Idempotent.

    Raises:
        LicenseStateError: It is cancelled.
    """
    return _suspended_set(actor, license, now, note, is_suspended=False)


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


def _suspended_set(actor: Actor, license: License, now: datetime, note: str, *, is_suspended: bool) -> License:
    with read_committed():
        locked, _ = pool.license_lock(license)
        if locked.cancelled_at:
            raise LicenseStateError
        if (locked.suspended_at is not None) == is_suspended:
            return locked
        locked.suspended_at, locked.updated_at = (now if is_suspended else None), now
        locked.save(update_fields=["suspended_at", "updated_at"])
        kind = EntryKind.SUSPEND if is_suspended else EntryKind.UNSUSPEND
        entry_append(locked, kind, quantity_before=locked.quantity, actor=actor, now=now, note=note)
        record(locked, actor, kind.value.lower(), now, {"note": note})
    return locked
