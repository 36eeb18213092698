"""Many agreements of one license at once: the pool is locked once per batch, not once per customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import (
    AgreementWish,
    agreement_close_locked,
    agreements_write,
    license_cover,
)
from seatkeep_hub.licensing import pool
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License

__all__ = ["AgreementWish", "agreements_close_many", "agreements_set_many"]


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
            one for run in _runs(wishes) for one in agreements_write(locked, nodes, actor=actor, wishes=run, now=now)
        ]
        license_cover(locked, nodes, actor, now, note)
    return made


def agreements_close_many(*, actor: Actor, license: License, agreements: Sequence[Agreement], now: datetime) -> None:
    """Close many agreements of one license in one transaction; those that are closed stay so."""
    with read_committed():
        _, nodes = pool.license_lock_for(license, [one.company_id for one in agreements])
        for one in agreements:
            agreement_close_locked(actor=actor, agreement=one, nodes=nodes, now=now)


def _runs(wishes: Sequence[AgreementWish]) -> Iterator[list[AgreementWish]]:
    """The wishes in order, parted where one changes what one before it wished."""
    run: dict[tuple[int, str], AgreementWish] = {}
    for wish in wishes:
        if (wish.company.pk, wish.product_code) in run:
            yield list(run.values())
            run = {}
        run[wish.company.pk, wish.product_code] = wish
    if run:
        yield list(run.values())
