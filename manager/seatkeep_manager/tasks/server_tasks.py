"""What the console does by itself each day with the devices under a group: name them, let the silent ones go."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.access import within
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.errors import PatternInvalidError
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.directory.naming import KNOWN, name_of, pattern_check
from seatkeep_manager.directory.services import device_rename, device_retire
from seatkeep_manager.tasks.enums import ServerTaskKind
from seatkeep_manager.tasks.errors import ServerTaskInvalidError, ServerTaskNotFoundError
from seatkeep_manager.tasks.group_services import group_devices
from seatkeep_manager.tasks.models import ServerTask

AT_ONCE = 1_000
EXAMPLES = 20
EACH = timedelta(hours=23)
SMALL = 10
"""So many computers may always go silent at once."""
TOO_MANY = "More than a quarter of the computers would go: look at them first, then run it by hand."


@dataclass(frozen=True)
class Change:
    """What becomes of a device: its new name, or "" when it goes."""

    device: Device
    name: str


def params_clean(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the parameters of a rule.

    Raises:
        ServerTaskInvalidError: The kind is unknown, or its parameter does not fit.
    """
    if kind == ServerTaskKind.RETIRE_SILENT:
        days = params.get("days")
        if type(days) is not int or not 7 <= days <= 3650:
            raise ServerTaskInvalidError(fields={"days": ["7 to 3650 days."]})
        return {"days": days}
    if kind == ServerTaskKind.RENAME:
        try:
            return {"pattern": pattern_check(str(params.get("pattern", "")), fields=KNOWN, is_numbered=False)}
        except PatternInvalidError as error:
            words = ", ".join(f"{{{name}}}" for name in KNOWN)
            raise ServerTaskInvalidError(
                fields={"pattern": [f"Name at least one of {words}, and nothing else in {{}}."]}
            ) from error
    raise ServerTaskInvalidError(fields={"kind": ["There is no such rule."]})


def server_tasks_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[ServerTask]:
    """The rules of groups at which a person may look (or more), newest first."""
    rows = ServerTask.objects.filter(removed_at__isnull=True).select_related("group").order_by("-id")
    return within(rows, user, functionality=Functionality.SERVER_TASKS, level=level)


def server_task_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ) -> ServerTask:
    """One rule.

    Raises:
        ServerTaskNotFoundError: It does not exist, or is not the person's to see (or use, or change).
    """
    found = server_tasks_visible(user, level=level).filter(uid=uid).first()
    if found is None:
        raise ServerTaskNotFoundError
    return found


@transaction.atomic
def server_task_create(
    *, actor: Actor, kind: str, params: Mapping[str, Any], group: StaticGroup, now: datetime
) -> ServerTask:
    """Let the console follow a rule each day.

    Raises:
        ServerTaskInvalidError: It does not fit.
    """
    clean = params_clean(kind, params)
    made = ServerTask.objects.create(kind=kind, params=clean, group=group, created_at=now, created_by=actor.label)
    _record(actor, "server_task:create", made, now)
    return made


@transaction.atomic
def server_task_remove(*, actor: Actor, task: ServerTask, now: datetime) -> None:
    """Follow it no more. Idempotent."""
    if ServerTask.objects.filter(pk=task.pk, removed_at__isnull=True).update(removed_at=now):
        _record(actor, "server_task:remove", task, now)


def changes(kind: str, params: Mapping[str, Any], group: StaticGroup, *, now: datetime) -> list[Change]:
    """What a rule would do now, at most 1,000 devices at once."""
    if kind == ServerTaskKind.RENAME:
        found = _renamed(str(params["pattern"]), group)
        return [change for _, change in zip(range(AT_ONCE), found, strict=False)]
    return [Change(device, "") for device in _silent(group, timedelta(days=params["days"]), now)[:AT_ONCE]]


@transaction.atomic
def server_task_run(*, actor: Actor, task: ServerTask, now: datetime, is_confirmed: bool = False) -> int:
    """Do now what a rule says; returns how many devices changed.

    A rule that would let more than a quarter of many devices go does nothing by itself: when a whole office is silent,
    its line is down.

    Args:
        actor: Who acts.
        task: The rule.
        now: Current time, aware UTC.
        is_confirmed: A person has seen how many.
    """
    locked = ServerTask.objects.select_for_update().select_related("group").get(pk=task.pk)
    found = changes(locked.kind, locked.params, locked.group, now=now)
    locked.note = ""
    total = group_devices(locked.group).count()
    if locked.kind == ServerTaskKind.RETIRE_SILENT and not is_confirmed and len(found) > max(SMALL, total // 4):
        locked.note, found = TOO_MANY, []
    for change in found:
        if change.name:
            device_rename(actor=actor, device_id=change.device.pk, name=change.name, now=now)
        else:
            device_retire(actor=actor, device_id=change.device.pk, now=now)
    locked.ran_at, locked.changed = now, len(found)
    locked.save(update_fields=["ran_at", "changed", "note"])
    if found:
        _record(actor, "server_task:run", locked, now, changed=len(found))
    return len(found)


def server_tasks_run_due(*, now: datetime) -> int:
    """Follow each rule that has not run for a day; returns how many did."""
    due = ServerTask.objects.filter(removed_at__isnull=True).filter(Q(ran_at__isnull=True) | Q(ran_at__lt=now - EACH))
    rows = list(due.order_by("id"))
    for row in rows:
        server_task_run(actor=Actor.system("rule"), task=row, now=now)
    return len(rows)


def _silent(group: StaticGroup, span: timedelta, now: datetime) -> QuerySet[Device]:
    old = now - span
    is_silent = Q(last_seen_at__lt=old) | Q(last_seen_at__isnull=True, enrolled_at__lt=old)
    return group_devices(group).filter(is_silent).select_related("group").order_by("last_seen_at", "pk")


def _renamed(pattern: str, group: StaticGroup) -> Iterator[Change]:
    for device in group_devices(group).select_related("group").order_by("pk").iterator(chunk_size=500):
        name = name_of(pattern, device)
        if name and name != device.name:
            yield Change(device, name)


def _record(actor: Actor, action: str, task: ServerTask, now: datetime, **details: int) -> None:
    audit_record(
        actor=actor, action=action, subject_type="server_task", subject_id=str(task.uid),
        company_uid=task.group.company_hub_id, details={"kind": task.kind, "group": str(task.group.uid), **details},
        now=now,
    )  # fmt: skip
