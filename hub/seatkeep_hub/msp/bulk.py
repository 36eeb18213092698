"""One act on several companies, with a result for each; it can be interrupted and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from seatkeep_webkit.actors import Actor, actor_pack, actor_unpack
from seatkeep_webkit.errors import AppError, InvalidError

from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.errors import AccessDeniedError, CompanyNotFoundError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible, company_get
from seatkeep_hub.companies.services import company_update
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import license_get
from seatkeep_hub.licensing.suspension import company_suspend, company_unsuspend
from seatkeep_hub.msp.enums import CompanyAct, RunState
from seatkeep_hub.msp.errors import RunNotFoundError
from seatkeep_hub.msp.models import CompanyRun, CompanyRunItem
from seatkeep_hub.msp.moving import company_transfer
from seatkeep_hub.msp.removing import company_take_out

AT_ONCE = 200
"""So many are done within a request; more are a job. A move is always one."""

MAX_COMPANIES = 10_000
UNKNOWN = "company_unknown"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is done to each company.

    Attributes:
        tag: For TAG_ADD and TAG_REMOVE.
        target: New parent, for MOVE.
        license: License of the new MSP, for MOVE, where several could be meant.
    """

    act: CompanyAct
    tag: str = ""
    target: UUID | None = None
    license: UUID | None = None


class ItemResult(NamedTuple):
    """What became of one company: `done`, `unchanged`, or the code of a refusal with its sentence."""

    company_uid: UUID
    name: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Work:
    actor: Actor
    now: datetime
    arguments: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def run_begin(
    *, viewer: Viewer, actor: Actor, wanted: Wanted, company_uids: Iterable[UUID], now: datetime
) -> CompanyRun:
    """Note an act on several companies; `run_work` does it, in the name and with the access of whoever begins it.

    Companies that the viewer may not see or change are refused one by one, unless there is no other.

    Raises:
        InvalidError: No company, more than 10,000, or no tag for an act on tags.
        CompanyNotFoundError: The viewer sees none of the companies, or not the new parent of a move.
        AccessDeniedError: The viewer may change none of the companies, or not the new parent.
    """
    uids = list(dict.fromkeys(company_uids))
    _wanted_check(wanted, len(uids))
    if wanted.act == CompanyAct.MOVE and wanted.target is not None:
        company_get(viewer, wanted.target, level=AccessLevel.WRITE)
    found = dict(companies_visible(viewer).filter(uid__in=uids).values_list("uid", "pk"))
    if not found:
        raise CompanyNotFoundError
    if not companies_visible(viewer, level=AccessLevel.WRITE).filter(pk__in=found.values()).exists():
        raise AccessDeniedError
    run = CompanyRun.objects.create(
        act=wanted.act,
        arguments={
            "tag": wanted.tag.strip(),
            "target": str(wanted.target) if wanted.target else None,
            "license": str(wanted.license) if wanted.license else None,
            "unknown": [str(uid) for uid in uids if uid not in found],
        },
        actor=actor_pack(actor),
        actor_id=actor.id[:64],
        actor_label=actor.label[:200],
        total=len(uids),
        done=len(uids) - len(found),
        created_at=now,
    )
    CompanyRunItem.objects.bulk_create([CompanyRunItem(run=run, company_id=found[uid]) for uid in uids if uid in found])
    return run


def is_quick(run: CompanyRun) -> bool:
    """Whether it is done within the request."""
    return run.act != CompanyAct.MOVE and run.total <= AT_ONCE


def run_work(*, uid: UUID, now: datetime) -> CompanyRun:
    """Do, or go on with, an act on several companies: each company is a transaction of its own. Idempotent.

    A second worker takes other companies; the one who finds none left ends the run.
    """
    run = CompanyRun.objects.get(uid=uid)
    work = _Work(actor_unpack(run.actor), now, run.arguments)
    while _next_do(run, work):
        pass
    open_items = CompanyRunItem.objects.filter(run=run, code="").exists()
    if not open_items:
        CompanyRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(state=RunState.FINISHED, finished_at=now)
    run.refresh_from_db()
    return run


def run_get(actor: Actor, uid: UUID) -> CompanyRun:
    """One act, seen by whoever began it.

    Raises:
        RunNotFoundError: There is none, or somebody else began it.
    """
    found = CompanyRun.objects.filter(uid=uid, actor_id=actor.id[:64]).first()
    if found is None:
        raise RunNotFoundError
    return found


def item_list(run: CompanyRun) -> QuerySet[CompanyRunItem]:
    """The companies of an act, in its order."""
    return CompanyRunItem.objects.filter(run=run).select_related("company").order_by("id")


def results_of(run: CompanyRun) -> list[ItemResult]:
    """What became of each company so far; those that are still to come have an empty code."""
    items = [ItemResult(one.company.uid, one.company.name, one.code, one.detail) for one in item_list(run)]
    return items + [ItemResult(UUID(uid), "", UNKNOWN, "") for uid in run.arguments.get("unknown", [])]


@transaction.atomic
def _next_do(run: CompanyRun, work: _Work) -> bool:
    items = CompanyRunItem.objects.select_for_update(of=("self",), skip_locked=True).select_related("company")
    item = items.filter(run=run, code="").order_by("id").first()
    if item is None:
        return False
    item.code, item.detail = _outcome(CompanyAct(run.act), item.company, work)
    item.save(update_fields=["code", "detail"])
    CompanyRun.objects.filter(pk=run.pk).update(done=F("done") + 1)
    return True


def _outcome(act: CompanyAct, company: Company, work: _Work) -> tuple[str, str]:
    try:
        with transaction.atomic():
            own = company_get(work.actor, company.uid, level=AccessLevel.WRITE)
            return ("done" if _ACTS[act](own, work) else "unchanged"), ""
    except AppError as error:
        reason = error.extra.get("reason")
        return (f"{error.error_code}_{reason}" if reason else error.error_code)[:60], error.detail[:500]


def _suspend(company: Company, work: _Work) -> bool:
    was = company.status
    return company_suspend(actor=work.actor, company=company, now=work.now).status != was


def _unsuspend(company: Company, work: _Work) -> bool:
    if company.status == CompanyStatus.ACTIVE:
        return False
    return company_unsuspend(actor=work.actor, company=company, now=work.now).status != company.status


def _tag_add(company: Company, work: _Work) -> bool:
    return _tags_set(company, [*company.tags, str(work.arguments["tag"])], work)


def _tag_remove(company: Company, work: _Work) -> bool:
    return _tags_set(company, [tag for tag in company.tags if tag != work.arguments["tag"]], work)


def _tags_set(company: Company, tags: list[str], work: _Work) -> bool:
    return company_update(actor=work.actor, company=company, now=work.now, tags=tags).tags != company.tags


def _move(company: Company, work: _Work) -> bool:
    target = company_get(work.actor, UUID(str(work.arguments["target"])), level=AccessLevel.WRITE)
    if company.parent is not None:
        company_get(work.actor, company.parent.uid, level=AccessLevel.WRITE)
    license: License | None = None
    if work.arguments.get("license"):
        license = license_get(work.actor, UUID(str(work.arguments["license"])))
    moved = company_transfer(actor=work.actor, company=company, target=target, license=license, now=work.now)
    return moved.parent_id != company.parent_id


def _remove(company: Company, work: _Work) -> bool:
    was = company.status
    return company_take_out(actor=work.actor, company=company, now=work.now).status != was


_ACTS: Mapping[CompanyAct, Callable[[Company, _Work], bool]] = {
    CompanyAct.SUSPEND: _suspend,
    CompanyAct.UNSUSPEND: _unsuspend,
    CompanyAct.TAG_ADD: _tag_add,
    CompanyAct.TAG_REMOVE: _tag_remove,
    CompanyAct.MOVE: _move,
    CompanyAct.REMOVE: _remove,
}


def _wanted_check(wanted: Wanted, count: int) -> None:
    faults: dict[str, list[str]] = {}
    if not 1 <= count <= MAX_COMPANIES:
        faults["companies"] = [f"Between 1 and {MAX_COMPANIES:,} companies."]
    if wanted.act in {CompanyAct.TAG_ADD, CompanyAct.TAG_REMOVE}:
        tags = company_rules.tags_normalize([wanted.tag])
        fault = company_rules.tags_fault(tags) if tags else "A tag is needed."
        faults.update({"tag": [fault]} if fault else {})
    if wanted.act == CompanyAct.MOVE and wanted.target is None:
        faults["target"] = ["A new parent is needed."]
    if faults:
        raise InvalidError(fields=faults)
