"""Devices that were refused a seat for a reason that may pass, and when it is worth while that they ask again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from seatkeep_manager.hublink.models import MirroredLicense, MirroredNode
from seatkeep_manager.hublink.selectors import license_list, node_list, nodes_of_shares
from seatkeep_manager.statedocs.licenses import tickets_issue
from seatkeep_manager.statedocs.models import LicenseAssignment
from seatkeep_manager.statedocs.rules import REFUSED_FOR_NOW, seats_free


@transaction.atomic
def refused_ask_again(*, share_ids: Collection[UUID], now: datetime) -> int:
    """Give new tickets to as many refused devices as the changed licenses have room for; each then asks at once.

    Without it they would ask by themselves too, within minutes (docs/reference/wire.md, section 4).

    Args:
        share_ids: Hub ids of changed licenses or of customers' seats.
        now: Current time, aware UTC.

    Returns:
        How many devices were told.
    """
    device_ids = {pk for node in nodes_of_shares(share_ids) for pk in _refused(node)}
    # An empty ticket is due again; the old one stays valid, so nothing is lost when this is rolled back.
    LicenseAssignment.objects.filter(device_id__in=device_ids).update(ticket="", ticket_thumbprint="")
    return tickets_issue(device_ids=device_ids, now=now)


def _refused(node: MirroredNode) -> Iterator[int]:
    """Devices of a customer that were refused, the longest waiting first, as many as there is room for."""
    found = license_list().filter(hub_id=node.license_hub_id).first()
    free = _free(found, node) if found else 0
    if found is None or free == 0:
        return
    waiting = LicenseAssignment.objects.filter(
        license_public_id=found.public_id,
        product=node.product,
        device__company_hub_id=node.company_hub_id,
        device__lease__error__in=REFUSED_FOR_NOW,
    )
    yield from waiting.order_by("assigned_at", "pk").values_list("device_id", flat=True)[:free]


def _free(source: MirroredLicense, node: MirroredNode) -> int | None:
    used = node_list().filter(license_hub_id=source.hub_id, product=node.product).aggregate(all=Sum("used"))["all"]
    limits = [one.get("limit") for one in source.products if one.get("code") == node.product]
    return seats_free(
        license_state=source.state,
        is_blocking=source.overuse == "BLOCK",
        is_suspended=node.is_suspended,
        license_room=(limits[0] if limits else None, used or 0),
        customer_room=(node.hard_limit, node.used),
    )
