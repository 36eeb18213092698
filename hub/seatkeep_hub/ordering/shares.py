"""Shares of a license: spread seats among customers and sites, evenly or by hand, seen before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.agreements.batches import AgreementWish, agreements_set_many
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing import pool
from seatkeep_hub.licensing.enums import NodeKind
from seatkeep_hub.licensing.errors import NodeOwnerError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.services import MAX_QUANTITY
from seatkeep_hub.ordering.errors import OrderFieldError, ShareNotFoundError

MAX_NAME = 200


class Spread(NamedTuple):
    """One share before and after: seats promised, and those in use."""

    node: PoolNode
    before: int
    after: int

    @property
    def over(self) -> int:
        """How many more would be in use than promised; they stay."""
        return max(0, self.node.used - self.after)


def spread_evenly(total: int, used: Sequence[int]) -> list[int]:
    """Share a number of seats as evenly as can be, without giving anybody less than is in use.

    Args:
        total: Seats to share, at least the sum of `used`.
        used: Seats in use at each share, in order.

    Returns:
        One number per share; they add up to `total`, and the first ones get what does not divide.
    """
    given = list(used)
    rest = total - sum(given)
    # Fill the lowest shares first, level by level, as water would.
    while rest > 0 and given:
        low = min(given)
        lowest = [at for at, seats in enumerate(given) if seats == low]
        next_level = min((seats for seats in given if seats > low), default=low + rest)
        lift = min(next_level - low, rest // len(lowest))
        if lift == 0:
            for at in lowest[:rest]:
                given[at] += 1
            break
        for at in lowest:
            given[at] += lift
        rest -= lift * len(lowest)
    return given


def shares_of(viewer: Viewer, license: License, product_code: str) -> QuerySet[PoolNode]:
    """Open shares of one product of a license that the viewer may see: customers by name, each with its sites."""
    nodes = PoolNode.objects.filter(license=license, product__code=product_code, closed_at=None)
    seen = nodes.exclude(kind=NodeKind.ROOT).filter(company__in=companies_visible(viewer).values("pk"))
    related = seen.select_related("company", "product", "agreement")
    return related.order_by("company__name", "company_id", "kind", "name")


def share_get(viewer: Viewer, license: License, uid: UUID) -> PoolNode:
    """One open share of a license.

    Raises:
        ShareNotFoundError: There is none, or not of a company that the viewer may see.
    """
    nodes = PoolNode.objects.filter(license=license, uid=uid, closed_at=None).exclude(kind=NodeKind.ROOT)
    seen = nodes.filter(company__in=companies_visible(viewer).values("pk"))
    found = seen.select_related("company", "product", "license").first()
    if found is None:
        raise ShareNotFoundError
    return found


def spread_preview(nodes: Sequence[PoolNode], numbers: Mapping[UUID, int]) -> list[Spread]:
    """What would change, share by share, if these numbers were promised. Writes nothing."""
    found = [Spread(node, node.reserved, numbers[node.uid]) for node in nodes if node.uid in numbers]
    return [one for one in found if one.before != one.after]


def spread_even_numbers(nodes: Sequence[PoolNode], total: int) -> dict[UUID, int]:
    """Numbers that spread `total` seats evenly over customers with a fixed agreement.

    Raises:
        OrderFieldError: There is no such customer, or more is in use than would be spread.
    """
    fixed = [node for node in nodes if _is_fixed(node)]
    used = [max(node.used, 1) for node in fixed]
    if not fixed or total < sum(used):
        words = f"At least {sum(used)}: so many are in use." if fixed else "No customer has a fixed number."
        raise OrderFieldError(fields={"total": [words]})
    return {node.uid: seats for node, seats in zip(fixed, spread_evenly(total, used), strict=True)}


def shares_spread(
    *, actor: Actor, license: License, product_code: str, numbers: Mapping[UUID, int], now: datetime, note: str = ""
) -> list[Spread]:
    """Promise seats to several customers and sites of one product at once; the license grows when that is more.

    A customer's number becomes its fixed agreement; a site's number lies within its customer's. Nobody's computer is
    stopped.

    Args:
        actor: Who does it; that the shares are theirs is the caller's look-up.
        license: The shared license.
        product_code: Code of one of its products.
        numbers: Seats by uid of the share: at least 1 for a customer, 0 for a site.
        now: Current time, aware UTC.
        note: Why, for the ledger.

    Returns:
        What changed.

    Raises:
        OrderFieldError: A share is not of this license, or sites get more than their customer.
        And everything that `agreement_set` raises.
    """
    with read_committed():
        nodes = list(
            PoolNode.objects.filter(license=license, product__code=product_code, uid__in=numbers, closed_at=None)
            .exclude(kind=NodeKind.ROOT)
            .select_related("company", "agreement")
            .order_by("id")
        )
        if len(nodes) != len(numbers):
            raise OrderFieldError(fields={"numbers": ["A share is not of this license and product."]})
        changed = spread_preview(nodes, numbers)
        wishes = [
            AgreementWish(one.node.company, product_code, Terms("FIXED", one.after, _on_exceed(one.node)))
            for one in changed
            if one.node.kind == NodeKind.CUSTOMER
        ]
        if wishes:
            agreements_set_many(actor=actor, license=license, wishes=wishes, now=now, note=note or "spread")
        _sites_promise(actor, license, [one for one in changed if one.node.kind == NodeKind.SITE], now)
    return changed


def site_create(*, actor: Actor, company: Company, name: str, now: datetime) -> list[PoolNode]:
    """Make a site of a customer at each of its shares. Idempotent: shares that have it keep it.

    Raises:
        OrderFieldError: The name is empty, too long or cannot be shown.
        NodeOwnerError: The customer has no share of any license.
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise OrderFieldError(fields={"name": [f"1 to {MAX_NAME} characters that can be shown."]})
    shares = PoolNode.objects.filter(company=company, kind=NodeKind.CUSTOMER, closed_at=None)
    licenses = list(License.objects.filter(pk__in=shares.values("license_id")).order_by("id"))
    if not licenses:
        raise NodeOwnerError
    made: list[PoolNode] = []
    with read_committed():
        for license in licenses:
            _, nodes = pool.license_lock_for(license, [company.pk])
            customers = [node for node in nodes if node.kind == NodeKind.CUSTOMER and node.closed_at is None]
            made += [pool.site_node(node, name, now) for node in customers]
        audit_record(
            actor=actor,
            action="site:create",
            subject_type="company",
            subject_id=str(company.uid),
            company_uid=company.uid,
            details={"name": name},
            now=now,
        )
    return made


def sites_of(company: Company) -> list[str]:
    """Names of a customer's sites."""
    sites = PoolNode.objects.filter(company=company, kind=NodeKind.SITE, closed_at=None)
    return sorted(set(sites.values_list("name", flat=True)))


def site_limit_set(*, actor: Actor, site: PoolNode, limit: int | None, now: datetime) -> PoolNode:
    """Say how many seats a site may take at most within its customer's. The same limit changes nothing.

    It takes hold at once; computers that are more already keep their seats.

    Args:
        actor: Who sets it; that the site is theirs is the caller's look-up.
        site: An open share of kind SITE.
        limit: 0 to 1,000,000; None for as many as the customer has.
        now: Current time, aware UTC.

    Raises:
        OrderFieldError: It is no site, or the limit is out of range.
    """
    if site.kind != NodeKind.SITE or site.closed_at is not None:
        raise OrderFieldError(fields={"share": ["Only a site has a limit of its own; a customer has its agreement."]})
    if limit is not None and not 0 <= limit <= MAX_QUANTITY:
        raise OrderFieldError(fields={"limit": [f"0 to {MAX_QUANTITY:,}, or none."]})
    with read_committed():
        _license, nodes = pool.license_lock_for(site.license, [site.company_id])
        locked = next(node for node in nodes if node.pk == site.pk)
        if locked.limit_wanted == limit:
            return locked
        before = locked.limit_wanted
        pool.limit_set(locked, limit)
        pool.nodes_feed([locked.pk], now)
        audit_record(
            actor=actor,
            action="site:limit",
            subject_type="company",
            subject_id=str(site.company.uid),
            company_uid=site.company.uid,
            details={"name": site.name, "before": before, "after": limit},
            now=now,
        )
    return locked


def _sites_promise(actor: Actor, license: License, sites: Sequence[Spread], now: datetime) -> None:
    if not sites:
        return
    _, nodes = pool.license_lock_for(license, {one.node.company_id for one in sites})
    by_id = {node.pk: node for node in nodes}
    for one in sites:
        pool.promise_set(by_id[one.node.pk], nodes, one.after)
    for parent_id in {one.node.path[-2] for one in sites}:
        within = sum(node.reserved for node in nodes if node.parent_id == parent_id)
        if within > by_id[parent_id].reserved:
            raise OrderFieldError(fields={"numbers": ["Sites get more than their customer was promised."]})
    for one in sites:
        audit_record(
            actor=actor,
            action="site:promise",
            subject_type="company",
            subject_id=str(one.node.company.uid),
            company_uid=one.node.company.uid,
            details={"name": one.node.name, "before": one.before, "after": one.after},
            now=now,
        )


def _agreement(node: PoolNode) -> Agreement | None:
    return getattr(node, "agreement", None)


def _is_fixed(node: PoolNode) -> bool:
    agreement = _agreement(node)
    return agreement is not None and agreement.mode == "FIXED" and agreement.closed_at is None


def _on_exceed(node: PoolNode) -> str:
    agreement = _agreement(node)
    return agreement.on_exceed if agreement is not None else "FLAG"
