"""How a seller closes its months, and what its papers look like."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_hub.billing.enums import LogoType
from seatkeep_hub.billing.journal import record
from seatkeep_hub.billing.logos import logo_clean
from seatkeep_hub.billing.models import BillingSettings
from seatkeep_hub.billing.papers import logo_try
from seatkeep_hub.companies.models import Company


@transaction.atomic
def settings_set(
    *,
    actor: Actor,
    seller: Company,
    is_second_person_needed: bool,
    is_draft_mail_sent: bool,
    letterhead: str,
    now: datetime,
) -> BillingSettings:
    """Set how a seller closes its months and what stands below its logo. Idempotent."""
    wanted = {"is_second_person_needed": is_second_person_needed, "is_draft_mail_sent": is_draft_mail_sent,
              "letterhead": letterhead.strip()[:300]}  # fmt: skip
    made, _is_new = BillingSettings.objects.update_or_create(seller=seller, defaults={**wanted, "updated_at": now})
    record(actor, "billing-settings:set", "company", str(seller.uid), seller, _words(wanted), now)
    return made


@transaction.atomic
def logo_set(*, actor: Actor, seller: Company, content: bytes, now: datetime) -> BillingSettings:
    """Keep a seller's logo, cleaned; empty content takes it away. Idempotent.

    Raises:
        LogoError: It is neither PNG nor SVG, too large, or cannot be drawn.
    """
    kind, clean = logo_clean(content) if content else (LogoType.NONE, b"")
    if clean:
        logo_try(clean, seller, now)
    wanted = {"logo": clean, "logo_type": kind, "updated_at": now}
    made, _is_new = BillingSettings.objects.update_or_create(seller=seller, defaults=wanted)
    details = {"logo": kind or "none", "bytes": str(len(clean))}
    record(actor, "billing-settings:logo", "company", str(seller.uid), seller, details, now)
    return made


def _words(wanted: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in wanted.items()}
