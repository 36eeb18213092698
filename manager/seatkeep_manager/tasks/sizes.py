"""Tasks that wait for a group to grow to a size: the manager counts, and orders once for all who are in it then."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from seatkeep_protocol.triggers import SizeTrigger, trigger_decode
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.errors import AppError

from seatkeep_manager.tasks.group_services import group_devices
from seatkeep_manager.tasks.models import ClientTask
from seatkeep_manager.tasks.services import task_create

log = logging.getLogger(__name__)


def sizes_look(*, now: datetime) -> int:
    """Order what groups have grown enough for since the last look; returns how many tasks that made."""
    waiting = ClientTask.objects.filter(group__isnull=False, ended_at__isnull=True, trigger__type="SIZE")
    return sum(_look(pk, now) for pk in list(waiting.order_by("id").values_list("pk", flat=True)))


@transaction.atomic
def _look(pk: int, now: datetime) -> bool:
    """One task, under its row's lock: two workers never order twice."""
    task = ClientTask.objects.select_for_update(of=("self",)).select_related("group").get(pk=pk)
    trigger = trigger_decode(task.trigger or {})
    if task.group is None or task.ended_at is not None or not isinstance(trigger, SizeTrigger):
        return False
    devices = group_devices(task.group, task.dynamic_group_id)
    is_over = devices.count() >= trigger.at_least
    if is_over == task.is_over:
        return False
    task.is_over = is_over
    task.save(update_fields=["is_over"])
    if not is_over:
        return False
    try:
        with transaction.atomic():
            task_create(
                actor=Actor(kind=Actor.system("group size").kind, id=str(task.uid), label=task.created_by),
                kind=task.kind, params=task.params, device_ids=list(devices.values_list("pk", flat=True)), now=now,
                is_server_confirmed=bool(task.params.get("is_for_servers")),
            )  # fmt: skip
    except AppError as error:
        log.warning("the task %s of a group that has grown was not ordered: %s", task.uid, error.detail)
        return False
    return True
