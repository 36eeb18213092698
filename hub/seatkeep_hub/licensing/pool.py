"""The pool tree as rows: lock, make nodes, change promises and limits.

Lock order everywhere: pool nodes by id, then seats by id, then the license.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q

from seatkeep_hub.companies.enums import FeedKind
from seatkeep_hub.companies.feed import feed_append_many
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.enums import NodeKind
from seatkeep_hub.licensing.errors import NodeOwnerError, ProductNotInLicenseError
from seatkeep_hub.licensing.models import License, PoolNode, Product


def nodes_lock(license_id: int) -> list[PoolNode]:
    """Lock every node of a license, in the order of their ids."""
    return list(PoolNode.objects.select_for_update().filter(license_id=license_id).order_by("id"))


def license_lock(license: License) -> tuple[License, list[PoolNode]]:
    """Lock a license after its nodes, and read it anew."""
    nodes = nodes_lock(license.pk)
    return License.objects.select_for_update().select_related("owner", "bundle").get(pk=license.pk), nodes


def license_lock_for(license: License, company_ids: Iterable[int]) -> tuple[License, list[PoolNode]]:
    """As `license_lock`, with only the nodes that changes of these companies' shares touch: theirs and the roots."""
    wanted = Q(kind=NodeKind.ROOT) | Q(company__in=list(company_ids))
    nodes = PoolNode.objects.select_for_update(of=("self",)).select_related("company").order_by("id")
    found = list(nodes.filter(wanted, license_id=license.pk))
    return License.objects.select_for_update().select_related("owner", "bundle").get(pk=license.pk), found


def roots_create(license: License, now: datetime) -> None:
    """Make the root node of each product of the license's bundle."""
    for line in license.bundle.lines.select_related("product").order_by("product_id"):
        _root_create(license, line.product, line.ratio, now)


def roots_follow(license: License, nodes: Iterable[PoolNode], now: datetime) -> None:
    """Give a license that got another bundle the roots of its products: kept ones a new limit, new ones made or opened.

    Roots of products that are gone were closed before. The nodes are locked.
    """
    held = {node.product_id: node for node in nodes if node.kind == NodeKind.ROOT}
    lines = list(license.bundle.lines.select_related("product").order_by("product_id"))
    PoolNode.objects.filter(pk__in=[held[line.product_id].pk for line in lines if line.product_id in held]).update(
        closed_at=None
    )
    for line in lines:
        if line.product_id not in held:
            _root_create(license, line.product, line.ratio, now)
    roots_limit(license, held.values())


def roots_limit(license: License, nodes: Iterable[PoolNode]) -> None:
    """Set the roots' limits anew from the license's quantity, ceiling and overuse. The nodes are locked."""
    ratios = dict(license.bundle.lines.values_list("product_id", "ratio"))
    for node in nodes:
        if node.kind == NodeKind.ROOT and node.product_id in ratios:
            limit = rules.root_limit(
                overuse=license.overuse,
                quantity=license.quantity,
                ceiling=license.grow_ceiling,
                ratio=ratios[node.product_id],
            )
            limit_set(node, limit)


def customer_node(*, license: License, product: Product, company: Company, now: datetime) -> PoolNode:
    """The customer's node, made when missing. The license's nodes and the license must be locked.

    Raises:
        NodeOwnerError: The company is neither the license's owner nor below it.
        ProductNotInLicenseError: The bundle does not hold the product.
    """
    return customer_nodes(license=license, wanted=[(product, company)], now=now)[0]


def customer_nodes(*, license: License, wanted: Sequence[tuple[Product, Company]], now: datetime) -> list[PoolNode]:
    """As `customer_node`, for each product and company; the same pair has the same node.

    Raises:
        As `customer_node`; then none is made.
    """
    for _, company in wanted:
        if license.owner_id not in company.path:
            raise NodeOwnerError
    roots = {
        one.product_id: one for one in PoolNode.objects.filter(license=license, kind=NodeKind.ROOT, closed_at=None)
    }
    if any(product.pk not in roots for product, _ in wanted):
        raise ProductNotInLicenseError
    kept = PoolNode.objects.filter(license=license, kind=NodeKind.CUSTOMER, company__in=[one.pk for _, one in wanted])
    by_pair = {(one.product_id, one.company_id): one for one in kept.select_related("company")}
    missing = {(product.pk, company.pk): (product, company) for product, company in wanted}
    made = [
        _NewNode(license, product, company, roots[product.pk], NodeKind.CUSTOMER)
        for pair, (product, company) in missing.items()
        if pair not in by_pair
    ]
    by_pair |= {(one.product_id, one.company_id): one for one in _nodes_create(made, now)}
    found = [by_pair[product.pk, company.pk] for product, company in wanted]
    _open_again([one for one in found if one.closed_at is not None])
    return found


def _open_again(nodes: Sequence[PoolNode]) -> None:
    PoolNode.objects.filter(pk__in=[one.pk for one in nodes]).update(closed_at=None)
    for one in nodes:
        one.closed_at = None


def site_node(customer: PoolNode, name: str, now: datetime) -> PoolNode:
    """A site below a customer's locked node, made when missing."""
    found = PoolNode.objects.filter(parent=customer, kind=NodeKind.SITE, name=name).first()
    site = _NewNode(customer.license, customer.product, customer.company, customer, NodeKind.SITE, name=name)
    return found or _nodes_create([site], now)[0]


def promise_set(node: PoolNode, nodes: Sequence[PoolNode], reserved: int) -> None:
    """Promise a node so many seats; the nodes above hold them ready. `nodes` are the license's locked nodes."""
    promises_set([(node, reserved)], nodes)


def promises_set(promises: Sequence[tuple[PoolNode, int]], nodes: Sequence[PoolNode]) -> None:
    """As `promise_set`, one node after the other."""
    by_id = {one.pk: one for one in [*nodes, *(node for node, _ in promises)]}
    above = {pk for node, _ in promises for pk in node.path} - by_id.keys()
    by_id |= {one.pk: one for one in PoolNode.objects.filter(pk__in=above).select_related("company")}
    held, promised = dict[int, PoolNode](), dict[int, PoolNode]()
    for node, reserved in promises:
        if node.reserved == reserved:
            continue
        rows = [by_id[pk] for pk in reversed(node.path)]
        copies = [working_copy(row) for row in rows]
        rules.promise(copies, reserved)
        node.reserved, promised[node.pk] = reserved, node
        for row, copy in zip(rows[1:], copies[1:], strict=True):
            row.outstanding, held[row.pk] = copy.outstanding, row
    PoolNode.objects.bulk_update(promised.values(), ["reserved"])
    PoolNode.objects.bulk_update(held.values(), ["outstanding"])


def limit_set(node: PoolNode, limit: int | None) -> None:
    """Set a locked node's limit; it takes hold at once, seats in use are never cut off."""
    limits_set([(node, limit)])


def limits_set(limits: Sequence[tuple[PoolNode, int | None]]) -> None:
    """As `limit_set`, for each; those that have their limit are not written."""
    changed: dict[int, PoolNode] = {}
    for node, limit in limits:
        before = node.limit_wanted, node.hard_limit
        node.limit_wanted, node.hard_limit = limit, rules.effective_limit(limit, node.used)
        if before != (node.limit_wanted, node.hard_limit):
            changed[node.pk] = node
    PoolNode.objects.bulk_update(changed.values(), ["limit_wanted", "hard_limit"])


def suspension_set(nodes: Iterable[PoolNode], *, is_suspended: bool, now: datetime) -> list[PoolNode]:
    """Suspend or free locked nodes; those that change get a new epoch. Returns them."""
    changed = [node for node in nodes if node.is_suspended != is_suspended]
    ids = [node.pk for node in changed]
    PoolNode.objects.filter(pk__in=ids).update(is_suspended=is_suspended, epoch=F("epoch") + 1)
    nodes_feed(ids, now)
    return changed


def epochs_raise(nodes: Iterable[PoolNode], now: datetime) -> None:
    """Give locked nodes a new epoch: every lease that counts there is of an older one. Managers are told."""
    ids = [node.pk for node in nodes]
    PoolNode.objects.filter(pk__in=ids).update(epoch=F("epoch") + 1)
    nodes_feed(ids, now)


def nodes_feed(ids: Sequence[int], now: datetime) -> None:
    """Tell managers of changed customer nodes."""
    rows = PoolNode.objects.filter(pk__in=ids).exclude(kind=NodeKind.ROOT).order_by("id")
    feed_append_many(kind=FeedKind.NODE, items=list(rows.values_list("uid", "company__path")), now=now)


def working_copy(node: PoolNode) -> rules.Node:
    """The row as the pure rules know it."""
    return rules.Node(
        id=node.pk,
        uid=node.uid,
        license_id=node.license_id,
        product_id=node.product_id,
        path=node.path,
        kind=node.kind,
        reserved=node.reserved,
        used=node.used,
        outstanding=node.outstanding,
        limit=node.hard_limit,
        is_suspended=node.is_suspended,
        is_closed=node.closed_at is not None,
        epoch=node.epoch,
        company=node.company.uid,
    )


def _root_create(license: License, product: Product, ratio: Decimal, now: datetime) -> PoolNode:
    limit = rules.root_limit(
        overuse=license.overuse, quantity=license.quantity, ceiling=license.grow_ceiling, ratio=ratio
    )
    return _nodes_create([_NewNode(license, product, license.owner, None, NodeKind.ROOT, limit)], now)[0]


class _NewNode(NamedTuple):
    """What a new node is."""

    license: License
    product: Product
    company: Company
    parent: PoolNode | None
    kind: NodeKind
    limit: int | None = None
    name: str = ""


def _nodes_create(wanted: Sequence[_NewNode], now: datetime) -> list[PoolNode]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('licensing_poolnode', 'id')) FROM generate_series(1, %s)",
            [len(wanted)],
        )
        ids = [int(row[0]) for row in cursor.fetchall()]
    above = {pk for one in wanted for pk in one.company.path}
    paused = Company.objects.filter(pk__in=above, status__in=["SUSPENDED", "REMOVED"])
    stopped = set(paused.values_list("pk", flat=True))
    made = [
        PoolNode(
            id=pk,
            license=one.license,
            product=one.product,
            company=one.company,
            name=one.name,
            parent=one.parent,
            path=[*(one.parent.path if one.parent else []), pk],
            kind=one.kind,
            limit_wanted=one.limit,
            hard_limit=one.limit,
            is_suspended=not stopped.isdisjoint(one.company.path),
            created_at=now,
        )
        for pk, one in zip(ids, wanted, strict=True)
    ]
    PoolNode.objects.bulk_create(made)
    nodes_feed(ids, now)
    return made
