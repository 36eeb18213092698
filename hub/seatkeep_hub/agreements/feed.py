"""The sync feed as managers read it: what changed, rendered as it is now (docs/reference/wire.md, section 5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.enums import CompanyStatus, FeedKind
from seatkeep_hub.companies.feed import FeedChange, feed_scan
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.enums import NodeKind
from seatkeep_hub.licensing.models import License, PoolNode, Seat
from seatkeep_hub.licensing.selectors import ProductUsage, console_state, licenses_usage

PROTOCOL = 1
MAX_LIMIT = 1000

Item = dict[str, Any]


@dataclass(frozen=True)
class FeedPage:
    """One answer of the sync: ready to be sent as JSON."""

    feed: str
    cursor: str
    more: bool
    items: list[Item]
    protocol: int = PROTOCOL
    total: int | None = None
    """With the first page of a full read: about how many items there are."""


def feed_read(*, scope: Company, cursor: str | None, limit: int, now: datetime) -> FeedPage:
    """Read the next changes of the companies, licenses, shares and stopped seats in a company's subtree.

    An item that is gone, or out of sight by now, comes as `{"deleted": true}`.

    Args:
        scope: The reader's company.
        cursor: Of the last page; None or empty for a full read from the start.
        limit: Entries, cut to 1…1000.
        now: Current time, aware UTC; states are judged at it.

    Raises:
        FeedCursorInvalidError: The cursor is not one of ours.
        FeedCursorGoneError: The cursor is of another feed or scope: read in full.
    """
    scan = feed_scan(scope=scope, cursor=cursor, limit=max(1, min(limit, MAX_LIMIT)))
    found = {
        FeedKind.COMPANY: _companies(scope, _uids(scan.changes, FeedKind.COMPANY)),
        FeedKind.LICENSE: _licenses(scope, _uids(scan.changes, FeedKind.LICENSE), now),
        FeedKind.NODE: _nodes(scope, _uids(scan.changes, FeedKind.NODE)),
        FeedKind.SEAT: _seats(scope, _uids(scan.changes, FeedKind.SEAT)),
    }
    items = [_item(change, found[change.kind].get(change.uid)) for change in scan.changes]
    return FeedPage(
        feed=str(scan.cursor.feed),
        cursor=str(scan.cursor),
        more=scan.has_more,
        items=items,
        total=None if cursor else _total(scope),
    )


def _total(scope: Company) -> int:
    """How many companies, licenses and shares a reader sees, for its progress; the few stopped seats are left out."""
    inside = [scope.pk]
    return (
        Company.objects.filter(path__contains=inside).count()
        + License.objects.filter(owner__path__contains=inside).count()
        + PoolNode.objects.filter(company__path__contains=inside, kind=NodeKind.CUSTOMER, closed_at=None).count()
    )


def _uids(changes: Sequence[FeedChange], kind: FeedKind) -> list[UUID]:
    return [change.uid for change in changes if change.kind == kind]


def _item(change: FeedChange, present: Item | None) -> Item:
    return {"kind": change.kind.value, "id": str(change.uid), "deleted": present is None, **(present or {})}


def _companies(scope: Company, uids: Collection[UUID]) -> dict[UUID, Item]:
    rows = Company.objects.filter(uid__in=uids, path__contains=[scope.pk])
    fields = ("uid", "pk", "parent__uid", "kind", "name", "status", "custom_identifier", "tags")
    return {
        uid: {
            "parent_id": str(parent) if parent and pk != scope.pk else None,
            "company_kind": kind,
            "name": name,
            "state": status if status != CompanyStatus.WAITING else CompanyStatus.ACTIVE.value,
            "custom_identifier": identifier,
            "tags": tags,
        }
        for uid, pk, parent, kind, name, status, identifier, tags in rows.order_by().values_list(*fields)
    }


def _licenses(scope: Company, uids: Collection[UUID], now: datetime) -> dict[UUID, Item]:
    rows = License.objects.filter(uid__in=uids, owner__path__contains=[scope.pk]).defer(
        "key_encrypted", "owner__search"
    )
    found = list(rows.select_related("owner", "bundle").prefetch_related("bundle__lines__product"))
    usage = licenses_usage(found)
    return {row.uid: _license(row, usage[row.pk], now) for row in found}


def _license(row: License, usage: Sequence[ProductUsage], now: datetime) -> Item:
    return {
        "public_id": row.public_id,
        "owner_id": str(row.owner.uid),
        "license_kind": row.kind,
        "state": console_state(row, now=now, usage=usage),
        "quantity": row.quantity,
        "overuse": row.overuse,
        "lapse": row.lapse,
        "expires_at_us": int(row.expires_at.timestamp() * 1_000_000) if row.expires_at else None,
        "bundle": {"code": row.bundle.code, "name": row.bundle.name},
        "products": [
            {
                "code": line.product.code,
                "name": line.product.name,
                "category": line.product.platform,
                "limit": rules.ordered_of(row.quantity, line.ratio),
            }
            for line in row.bundle.lines.all()
        ],
    }


def _nodes(scope: Company, uids: Collection[UUID]) -> dict[UUID, Item]:
    rows = PoolNode.objects.filter(
        uid__in=uids, company__path__contains=[scope.pk], kind=NodeKind.CUSTOMER, closed_at=None
    )
    fields = ("uid", "pk", "license__uid", "company__uid", "product__code", "used", "hard_limit", "is_suspended")
    found = list(rows.order_by().values_list(*fields))
    agreements = _agreements([row[1] for row in found])
    return {
        uid: {
            "license_id": str(license_uid),
            "company_id": str(company_uid),
            "product": product,
            "agreement": agreements.get(pk),
            "used": used,
            "hard_limit": hard_limit,
            "suspended": is_suspended,
        }
        for uid, pk, license_uid, company_uid, product, used, hard_limit, is_suspended in found
    }


def _seats(scope: Company, uids: Collection[UUID]) -> dict[UUID, Item]:
    rows = Seat.objects.filter(uid__in=uids, node__company__path__contains=[scope.pk])
    return {
        row.uid: {
            "license_public_id": row.license.public_id,
            "company_id": str(row.node.company.uid),
            "product": row.product.code,
            "key_thumbprint": row.key_thumbprint,
            "state": row.state,
            "ended_at_us": int(row.ended_at.timestamp() * 1_000_000) if row.ended_at else None,
        }
        for row in rows.select_related("license", "product", "node__company")
    }


def _agreements(nodes: Sequence[int]) -> dict[int, Item]:
    """What holds of each share, by node."""
    fields = ("public_id", "mode", "quantity", "warn_above", "stop_above")
    rows = Agreement.objects.filter(node__in=nodes, closed_at=None).order_by().values_list("node_id", *fields)
    return {node: dict(zip(fields, values, strict=True)) for node, *values in rows}
