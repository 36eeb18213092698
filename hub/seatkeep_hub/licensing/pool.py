"""The pool tree as rows: lock, make nodes, change promises and limits.

Lock order everywhere: pool nodes by id, then seats by id, then the license.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

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
    if license.owner_id not in company.path:
        raise NodeOwnerError
    root = PoolNode.objects.filter(license=license, product=product, kind=NodeKind.ROOT, closed_at=None).first()
    if root is None:
        raise ProductNotInLicenseError
    node = PoolNode.objects.filter(license=license, product=product, company=company, kind=NodeKind.CUSTOMER).first()
    if node is None:
        return _node_create(
            license=license, product=product, company=company, parent=root, kind=NodeKind.CUSTOMER, limit=None, now=now
        )
    if node.closed_at is not None:
        node.closed_at = None
        node.save(update_fields=["closed_at"])
    return node


def site_node(customer: PoolNode, name: str, now: datetime) -> PoolNode:
    """A site below a customer's locked node, made when missing."""
    found = PoolNode.objects.filter(parent=customer, kind=NodeKind.SITE, name=name).first()
    return found or _node_create(
        license=customer.license,
        product=customer.product,
        company=customer.company,
        parent=customer,
        kind=NodeKind.SITE,
        limit=None,
        now=now,
        name=name,
    )


def promise_set(node: PoolNode, nodes: Sequence[PoolNode], reserved: int) -> None:
    """Promise a node so many seats; the nodes above hold them ready. `nodes` are the license's locked nodes."""
    by_id = {one.pk: one for one in nodes}
    rows = [by_id.get(pk) or PoolNode.objects.get(pk=pk) for pk in reversed(node.path)]
    copies = [working_copy(row) for row in rows]
    rules.promise(copies, reserved)
    node.reserved = reserved
    PoolNode.objects.filter(pk=node.pk).update(reserved=reserved)
    for row, copy in zip(rows[1:], copies[1:], strict=True):
        row.outstanding = copy.outstanding
        PoolNode.objects.filter(pk=row.pk).update(outstanding=copy.outstanding)


def limit_set(node: PoolNode, limit: int | None) -> None:
    """Set a locked node's limit; it takes hold at once, seats in use are never cut off."""
    node.limit_wanted, node.hard_limit = limit, rules.effective_limit(limit, node.used)
    node.save(update_fields=["limit_wanted", "hard_limit"])


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
    return _node_create(
        license=license,
        product=product,
        company=license.owner,
        parent=None,
        kind=NodeKind.ROOT,
        limit=limit,
        now=now,
    )


def _node_create(
    *,
    license: License,
    product: Product,
    company: Company,
    parent: PoolNode | None,
    kind: NodeKind,
    limit: int | None,
    now: datetime,
    name: str = "",
) -> PoolNode:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('licensing_poolnode', 'id'))")
        pk = int(cursor.fetchone()[0])
    node = PoolNode(
        id=pk,
        license=license,
        product=product,
        company=company,
        name=name,
        parent=parent,
        path=[*(parent.path if parent else []), pk],
        kind=kind,
        limit_wanted=limit,
        hard_limit=limit,
        is_suspended=Company.objects.filter(pk__in=company.path, status__in=["SUSPENDED", "REMOVED"]).exists(),
        created_at=now,
    )
    node.save(force_insert=True)
    nodes_feed([node.pk], now)
    return node
