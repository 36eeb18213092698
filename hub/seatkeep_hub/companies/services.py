"""Writes of companies. Each one: tree lock, checks, rows, audit, outbox, feed, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import Subject, audit_record_many
from seatkeep_webkit.outbox.services import outbox_append_many

from seatkeep_hub.companies import rules
from seatkeep_hub.companies.enums import AdvisoryLock, CompanyKind, CompanyStatus, FeedKind
from seatkeep_hub.companies.errors import (
    CompanyDepthError,
    CompanyEmailTakenError,
    CompanyKindError,
    CompanyMoveError,
    CompanyNameTakenError,
    CompanyStatusError,
)
from seatkeep_hub.companies.feed import feed_append_many
from seatkeep_hub.companies.fields import EDITABLE, faults_raise, fields_set, index
from seatkeep_hub.companies.models import Company


class CompanyWish(NamedTuple):
    """One company to be made: arguments of `company_create`."""

    kind: CompanyKind | str
    name: str
    parent: Company | None
    fields: Mapping[str, Any]


@transaction.atomic
def company_create(
    *,
    actor: Actor,
    kind: CompanyKind | str,
    name: str,
    parent: Company | None,
    now: datetime,
    status: CompanyStatus | str = CompanyStatus.ACTIVE,
    **fields: Any,
) -> Company:
    """Create a company below another, or the one root (kind VENDOR, no parent).

    Whether the actor may write to `parent` is the caller's look-up (`company_get` with level WRITE).

    Args:
        actor: Who does it.
        kind: What it will be; `rules.CHILD_KINDS` says below whom.
        name: Unique among its siblings that are not removed, whatever the case.
        parent: The company above; None for the root only.
        now: Current time, aware UTC.
        status: ACTIVE, or WAITING until somebody confirms.
        **fields: Any of `EDITABLE`; the time zone and country default to the parent's.

    Raises:
        CompanyKindError: This kind cannot stand there.
        CompanyDepthError: The tree would be deeper than twelve levels.
        CompanyNameTakenError: A sibling has the name, or there is a root already.
        CompanyEmailTakenError: Another company that sells to customers has the e-mail address.
        CompanyFieldError: A field is wrong; `fields` names it.
        CompanyStatusError: The parent is suspended or removed.
    """
    wish = CompanyWish(kind, name, parent, fields)
    return companies_create(actor=actor, wishes=[wish], now=now, status=status)[0]


@transaction.atomic
def companies_create(
    *,
    actor: Actor,
    wishes: Sequence[CompanyWish],
    now: datetime,
    status: CompanyStatus | str = CompanyStatus.ACTIVE,
) -> list[Company]:
    """Create companies below others that are there, as `company_create` does, in as many statements as one.

    Raises:
        As `company_create`; then none is made.
    """
    tree_lock(is_exclusive=False)
    parents = {wish.parent.pk for wish in wishes if wish.parent}
    above = {
        one.pk: one for one in Company.objects.select_for_update(no_key=True).filter(pk__in=parents).order_by("pk")
    }
    ids = _next_ids(len(wishes))
    made = [
        _new(wish, above[wish.parent.pk] if wish.parent else None, pk, status, now)
        for wish, pk in zip(wishes, ids, strict=True)
    ]
    with _unique():
        Company.objects.bulk_create(made)
    details = {one.pk: {"name": one.name, "kind": str(one.kind)} for one in made}
    _record_many(made, actor, "create", now, details)
    return made


def _new(wish: CompanyWish, above: Company | None, pk: int, status: CompanyStatus | str, now: datetime) -> Company:
    _place_check(above, wish.kind)
    company = Company(
        pk=pk,
        kind=wish.kind,
        name=wish.name.strip(),
        parent=above,
        path=[*(above.path if above else []), pk],
        status=status,
        created_at=now,
        updated_at=now,
        status_changed_at=now,
    )
    if above:
        company.time_zone, company.country = above.time_zone, above.country
    fields_set(company, wish.fields)
    index(company)
    return company


@transaction.atomic
def company_rename(*, actor: Actor, company: Company, name: str, now: datetime) -> Company:
    """Give a company another name. The same name changes nothing.

    Raises:
        CompanyNameTakenError: A sibling has it.
        CompanyFieldError: The name is empty or too long.
        CompanyStatusError: The company is removed.
    """
    locked = _lock(company)
    if locked.name == name.strip():
        return locked
    before, locked.name = locked.name, name.strip()
    faults_raise(rules.field_faults({"name": locked.name}))
    index(locked)
    with _unique():
        _save(locked, now, "name", "search")
    _record(locked, actor, "rename", now, {"before": before, "name": locked.name})
    return locked


@transaction.atomic
def company_update(*, actor: Actor, company: Company, now: datetime, **fields: Any) -> Company:
    """Change fields of a company (any of `EDITABLE`). Values that are the same change nothing; an empty text erases.

    Whether the actor may set what the parent decides (`fields.OF_THE_PARENT`) is the caller's look-up.

    Raises:
        CompanyEmailTakenError: Another company that sells to customers has the e-mail address.
        CompanyFieldError: A field is wrong; `fields` names it.
        CompanyStatusError: The company is removed.
    """
    locked = _lock(company)
    before = {name: getattr(locked, name) for name in fields if name in EDITABLE}
    fields_set(locked, fields)
    changed = [name for name in before if getattr(locked, name) != before[name]]
    if not changed:
        return locked
    index(locked)
    with _unique():
        _save(locked, now, *changed, "search")
    _record(locked, actor, "update", now, {"fields": ", ".join(sorted(changed))})
    return locked


@transaction.atomic
def company_move(*, actor: Actor, company: Company, parent: Company, now: datetime) -> Company:
    """Hang a company and everything below it under another parent.

    Readers that lose sight of it hear of that through the feed.

    Raises:
        CompanyMoveError: The new parent is below the company, or cannot have such a child (`reason` says which).
        CompanyDepthError: The tree would be deeper than twelve levels.
        CompanyNameTakenError: A new sibling has its name.
        CompanyStatusError: The company or the new parent is not in use.
    """
    tree_lock(is_exclusive=True)
    locked, above = _lock(company), Company.objects.get(pk=parent.pk)
    if locked.parent_id == above.pk:
        return locked
    _move_check(locked, above)
    _feed_subtree(locked, now, is_deleted=True)
    old_path = list(locked.path)
    with _unique():
        Company.objects.filter(pk=locked.pk).update(parent=above, updated_at=now)
        _paths_rewrite(old_path, list(above.path), now)
    locked.refresh_from_db()
    _record(locked, actor, "move", now, {"to": above.name, "to_uid": str(above.uid)}, feed=False)
    _feed_subtree(locked, now)
    return locked


@transaction.atomic
def company_status_set(
    *,
    actor: Actor,
    company: Company,
    status: CompanyStatus,
    verb: str,
    allowed: Callable[[Company], bool],
    now: datetime,
) -> Company:
    """Change the status; a company that has it already is left alone.

    Use the named services (`company_suspend` in licensing, …), which also do what follows from it.

    Raises:
        CompanyStatusError: `allowed` says no.
    """
    locked = Company.objects.select_for_update().get(pk=company.pk)
    if locked.status == status:
        return locked
    if not allowed(locked):
        raise CompanyStatusError
    locked.status, locked.status_changed_at = status, now
    with _unique():
        _save(locked, now, "status", "status_changed_at")
    _record(locked, actor, verb, now, {"status": str(status)})
    return locked


def company_confirm(*, actor: Actor, company: Company, now: datetime) -> Company:
    """WAITING → ACTIVE: somebody accepted to manage it. Idempotent.

    Raises:
        CompanyStatusError: It is suspended or removed.
    """
    return company_status_set(
        actor=actor,
        company=company,
        status=CompanyStatus.ACTIVE,
        verb="confirm",
        allowed=lambda one: one.status == CompanyStatus.WAITING,
        now=now,
    )


def _lock(company: Company) -> Company:
    locked = Company.objects.select_for_update().get(pk=company.pk)
    if locked.status == CompanyStatus.REMOVED:
        raise CompanyStatusError
    return locked


def tree_lock(*, is_exclusive: bool) -> None:
    """Keep the tree as it is until the transaction ends (shared), or be the only one who changes paths (exclusive).

    A move rewrites the paths below it; a child created meanwhile would keep the old one. Taken before any other lock.
    """
    name = "pg_advisory_xact_lock" if is_exclusive else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}(%s)", [AdvisoryLock.COMPANY_TREE.value])


def _next_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('companies_company', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [int(row[0]) for row in cursor.fetchall()]


def _place_check(above: Company | None, kind: CompanyKind | str) -> None:
    if (above is None) != (kind == CompanyKind.VENDOR):
        raise CompanyKindError
    if above is None:
        return
    if not rules.can_create(above.kind, kind):
        raise CompanyKindError
    if above.status in {CompanyStatus.SUSPENDED, CompanyStatus.REMOVED}:
        raise CompanyStatusError
    if above.depth >= rules.MAX_DEPTH:
        raise CompanyDepthError


def _move_check(company: Company, above: Company) -> None:
    if above.status in {CompanyStatus.SUSPENDED, CompanyStatus.REMOVED}:
        raise CompanyStatusError
    deepest = max(len(path) for path in _subtree(company).values_list("path", flat=True))
    fault = rules.move_fault(
        path=company.path,
        kind=company.kind,
        height=deepest - company.depth + 1,
        parent_path=above.path,
        parent_kind=above.kind,
    )
    if fault == "depth":
        raise CompanyDepthError
    if fault:
        raise CompanyMoveError(reason=fault)


def _subtree(company: Company) -> Any:
    return Company.objects.filter(path__contains=[company.pk])


def _paths_rewrite(old_path: list[int], parent_path: list[int], now: datetime) -> None:
    # path := new parent's path ‖ what stood at and below the moved company.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE companies_company SET path = %s::bigint[] || path[%s:], placed_at = %s"
            " WHERE path @> ARRAY[%s]::bigint[]",
            [parent_path, len(old_path), now, old_path[-1]],
        )


def _save(company: Company, now: datetime, *fields: str) -> None:
    company.updated_at = now
    company.save(update_fields=["updated_at", *fields])


@contextmanager
def _unique() -> Iterator[None]:
    """Turn a breach of a constraint on names or e-mail addresses into the business error."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "company_name_among_siblings" in str(error) or "company_one_vendor" in str(error):
            raise CompanyNameTakenError(fields={"name": [CompanyNameTakenError.message]}) from error
        if "company_email_of_one_seller" in str(error):
            raise CompanyEmailTakenError(fields={"email": [CompanyEmailTakenError.message]}) from error
        raise


def _feed_subtree(company: Company, now: datetime, *, is_deleted: bool = False) -> None:
    items: Iterable[tuple[Any, list[int]]] = _subtree(company).values_list("uid", "path").order_by("id")
    feed_append_many(kind=FeedKind.COMPANY, items=list(items), now=now, is_deleted=is_deleted)


def _record(
    company: Company,
    actor: Actor,
    verb: str,
    now: datetime,
    details: dict[str, str | int | bool | None],
    *,
    feed: bool = True,
) -> None:
    _record_many([company], actor, verb, now, {company.pk: details}, feed=feed)


def _record_many(
    companies: Sequence[Company],
    actor: Actor,
    verb: str,
    now: datetime,
    details: Mapping[int, Mapping[str, str | int | bool | None]],
    *,
    feed: bool = True,
) -> None:
    if not companies:
        return
    audit_record_many(
        actor=actor,
        action=f"company:{verb}",
        subject_type="company",
        subjects=[Subject(str(one.uid), one.uid, details[one.pk]) for one in companies],
        now=now,
    )
    payloads = [{"v": 1, "company": str(one.uid)} for one in companies]
    outbox_append_many(topic=f"company.{verb}", payloads=payloads, now=now)
    if feed:
        feed_append_many(kind=FeedKind.COMPANY, items=[(one.uid, one.path) for one in companies], now=now)
