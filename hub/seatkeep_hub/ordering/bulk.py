"""One act on many licenses, agreements or computers, as a job, with what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor, ActorKind, actor_pack, actor_unpack
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import AppError

from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import Viewer
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.rules import MAX_SEATS_AT_ONCE
from seatkeep_hub.licensing.seats import seats_stop_each
from seatkeep_hub.licensing.services import license_overuse_set
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend
from seatkeep_hub.ordering.agreeing import agreement_of_many_set
from seatkeep_hub.ordering.enums import BulkKind, BulkState
from seatkeep_hub.ordering.errors import BulkFieldError, BulkNotFoundError
from seatkeep_hub.ordering.models import BulkRun
from seatkeep_hub.ordering.moving import seats_move_each

MAX_ITEMS = 200_000
MAX_REFUSALS_KEPT = 2_000
Arguments = Mapping[str, Any]


class Result(NamedTuple):
    """What became of one item; the code is `done`, or that of the refusal."""

    uid: str
    name: str
    code: str = "done"
    words: str = ""


@transaction.atomic
def bulk_begin(
    *,
    actor: Actor,
    kind: BulkKind | str,
    items: Sequence[UUID],
    now: datetime,
    user: User | None = None,
    company: Company | None = None,
    arguments: Arguments | None = None,
) -> BulkRun:
    """Note an act on many things; `bulk_run` (a background job) does it.

    Args:
        actor: Who acts; that every item may be changed by them is the caller's look-up.
        kind: What is done to each.
        items: Ids, in the order in which they are done; 1 to 200,000.
        now: Current time, aware UTC.
        user: The person who may look at the progress.
        company: The company whose programs may.
        arguments: What the act needs, as plain JSON.

    Raises:
        BulkFieldError: Nothing was chosen, or too much.
    """
    if not 1 <= len(items) <= MAX_ITEMS:
        raise BulkFieldError(fields={"items": [f"Between 1 and {MAX_ITEMS:,}."]})
    run = BulkRun.objects.create(
        kind=kind,
        items=list(items),
        arguments=dict(arguments or {}),
        user=user,
        company=company,
        actor=actor.label[:200],
        acting=actor_pack(actor),
        created_at=now,
    )
    audit_record(
        actor=actor,
        action="bulk_run:begin",
        subject_type="bulk_run",
        subject_id=str(run.uid),
        company_uid=company.uid if company else actor.company_uid,
        details={"kind": str(kind), "items": len(items)},
        now=now,
    )
    return run


def bulk_run(*, uid: UUID, now: datetime) -> BulkRun:
    """Do or go on with an act on many things. Idempotent: a finished run stays as it is.

    Every license and agreement is a transaction of its own, computers go in batches of 200; one that is refused does
    not stop the others.
    """
    run = BulkRun.objects.get(uid=uid)
    actor = actor_unpack(run.acting)
    while run.done < len(run.items):
        is_seats = run.kind in _BATCHES
        chunk = run.items[run.done : run.done + (MAX_SEATS_AT_ONCE if is_seats else 1)]
        with read_committed():
            results = (
                _BATCHES[run.kind](actor, chunk, run.arguments, now) if is_seats else _one(run, chunk[0], actor, now)
            )
            _keep(run, results, keeps_all=not is_seats)
    if run.state != BulkState.FINISHED:
        run.state, run.finished_at = BulkState.FINISHED, now
        run.save(update_fields=["state", "finished_at"])
    return run


def bulk_list(viewer: Viewer) -> QuerySet[BulkRun]:
    """Acts of this person, or of this company's programs; the newest first."""
    if isinstance(viewer, User):
        return BulkRun.objects.filter(user=viewer).order_by("-id")
    mine = Q(company__uid=viewer.company_uid) if viewer.company_uid else Q(pk__in=[])
    if viewer.kind == ActorKind.USER:
        mine = Q(user__uid=viewer.id)
    return BulkRun.objects.filter(mine).order_by("-id")


def bulk_get(viewer: Viewer, uid: UUID) -> BulkRun:
    """One act on many things.

    Raises:
        BulkNotFoundError: There is none, or it is another's.
    """
    found = bulk_list(viewer).filter(uid=uid).first()
    if found is None:
        raise BulkNotFoundError
    return found


def _next(uid: UUID, now: datetime) -> bool:
    """Do the next part of a run, alone; whether there was one."""
    with read_committed():
        run = BulkRun.objects.select_for_update().get(uid=uid)
        if run.state == BulkState.FINISHED:
            return False
        if run.done >= len(run.items):
            run.state, run.finished_at = BulkState.FINISHED, now
            run.save(update_fields=["state", "finished_at"])
            return False
        actor, batch = actor_unpack(run.acting), _BATCHES.get(run.kind)
        if batch is None:
            _keep(run, _one(run, run.items[run.done], actor, now), keeps_all=True)
        else:
            chunk = run.items[run.done : run.done + MAX_SEATS_AT_ONCE]
            _keep(run, batch(actor, chunk, run.arguments, now), keeps_all=False)
    return True


def _keep(run: BulkRun, results: Sequence[Result], *, keeps_all: bool) -> None:
    run.done += len(results)
    run.succeeded += sum(one.code == "done" for one in results)
    kept = [list(one) for one in results if keeps_all or one.code != "done"]
    run.results = (run.results + kept)[:MAX_REFUSALS_KEPT]
    run.save(update_fields=["done", "succeeded", "results"])


def _one(run: BulkRun, uid: UUID, actor: Actor, now: datetime) -> list[Result]:
    act = _ACTS[run.kind]
    found = act.model.objects.filter(uid=uid).select_related(*act.related).first()
    if found is None:
        return [Result(str(uid), "", "not_found")]
    try:
        with transaction.atomic():
            act.do(actor, found, run.arguments, now)
    except AppError as error:
        return [Result(str(uid), act.name(found), error.error_code, error.detail)]
    return [Result(str(uid), act.name(found))]


def _license_suspend(actor: Actor, license: License, arguments: Arguments, now: datetime) -> None:
    stops_at = arguments.get("protection_stops_at")
    license_suspend(
        actor=actor,
        license=license,
        now=now,
        note=arguments.get("note", ""),
        stops_billing=arguments.get("stops_billing", True),
        freezes_changes=arguments.get("freezes_changes", True),
        protection_stops_at=datetime.fromisoformat(stops_at) if stops_at else None,
    )


def _license_unsuspend(actor: Actor, license: License, arguments: Arguments, now: datetime) -> None:
    license_unsuspend(actor=actor, license=license, now=now, note=arguments.get("note", ""))


def _license_overuse(actor: Actor, license: License, arguments: Arguments, now: datetime) -> None:
    license_overuse_set(
        actor=actor,
        license=license,
        overuse=arguments["overuse"],
        grow_ceiling=arguments.get("grow_ceiling"),
        now=now,
    )


class _Act(NamedTuple):
    model: Any
    related: tuple[str, ...]
    name: Callable[[Any], str]
    do: Callable[[Actor, Any, Arguments, datetime], None]


def _license_act(do: Callable[[Actor, Any, Arguments, datetime], None]) -> _Act:
    return _Act(License, ("owner",), lambda one: f"{one.public_id} {one.owner}", do)


_ACTS: Mapping[str, _Act] = {
    BulkKind.LICENSES_SUSPEND: _license_act(_license_suspend),
    BulkKind.LICENSES_UNSUSPEND: _license_act(_license_unsuspend),
    BulkKind.LICENSES_OVERUSE: _license_act(_license_overuse),
    BulkKind.AGREEMENTS_SET: _Act(Company, (), str, agreement_of_many_set),
}


def _seats_stop(actor: Actor, uids: Sequence[UUID], arguments: Arguments, now: datetime) -> list[Result]:
    answers = seats_stop_each(actor=actor, seat_uids=uids, now=now)
    return [
        Result(str(uid), "", "done" if answer.code in {"deactivated", "unchanged"} else answer.code)
        for uid, answer in zip(uids, answers, strict=True)
    ]


def _seats_move(actor: Actor, uids: Sequence[UUID], arguments: Arguments, now: datetime) -> list[Result]:
    company = Company.objects.get(uid=UUID(arguments["company"]))
    codes = seats_move_each(actor=actor, seat_uids=uids, company=company, site=arguments.get("site", ""), now=now)
    return [Result(str(uid), "", "done" if code == "moved" else code) for uid, code in zip(uids, codes, strict=True)]


_BATCHES: Mapping[str, Callable[[Actor, Sequence[UUID], Arguments, datetime], list[Result]]] = {
    BulkKind.SEATS_STOP: _seats_stop,
    BulkKind.SEATS_MOVE: _seats_move,
}
