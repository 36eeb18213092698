"""Many agreements of one license at once: the pool is locked once per batch, not once per customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import Terms, agreement_close_locked, agreement_write, license_cover
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing import pool
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License


@dataclass(frozen=True, slots=True)
class AgreementWish:
    """One agreement to be made or changed."""

    company: Company
    product_code: str
    terms: Terms


def agreements_set_many(
    *, actor: Actor, license: License, wishes: Sequence[AgreementWish], now: datetime, note: str = ""
) -> list[Agreement]:
    """Make or change many agreements of one license, as `agreement_set` does, in one transaction.

    The license grows once, after the last one. Hundreds per call: devices of this license wait meanwhile.

    Raises:
        As `agreement_set`; then none of them is written.
    """
    with read_committed():
        companies = [wish.company.pk for wish in wishes]
        locked, nodes = pool.license_lock_for(license, companies)
        made = [
            agreement_write(
                locked,
                nodes,
                actor=actor,
                company=wish.company,
                product_code=wish.product_code,
                terms=wish.terms,
                now=now,
            )
            for wish in wishes
        ]
        license_cover(locked, nodes, actor, now, note)
    return made


def agreements_close_many(*, actor: Actor, license: License, agreements: Sequence[Agreement], now: datetime) -> None:
    """Close many agreements of one license in one transaction; those that are closed stay so."""
    with read_committed():
        _, nodes = pool.license_lock_for(license, [one.company_id for one in agreements])
        for one in agreements:
            agreement_close_locked(actor=actor, agreement=one, nodes=nodes, now=now)
