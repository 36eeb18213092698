"""Acts on one or many computers: move, rename, let go, bring back, mute; and taking the last one back."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Router
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.device_schemas import (
    ActOut,
    CountOut,
    DevicesIn,
    DevicesMoveIn,
    DevicesMuteIn,
    DevicesRenameIn,
    MovePreviewOut,
    NewNameOut,
    RenamePreviewOut,
)
from seatkeep_manager.customers.moves import MovePreview, move_preview
from seatkeep_manager.directory.acts import act_undo, devices_manage, devices_move, devices_rename
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import Device, DeviceAct
from seatkeep_manager.directory.naming import names_of
from seatkeep_manager.directory.selectors import devices_chosen, group_get
from seatkeep_manager.directory.services import devices_mute, group_for_devices
from seatkeep_manager.problems.services import devices_evaluate

router = Router(tags=["Computers"])


@router.post("/devices/move/preview", response=MovePreviewOut, summary="What a move would change")
def move_look(request: HttpRequest, body: DevicesMoveIn) -> MovePreview:
    """What becomes of the policies, tasks and licenses of computers that go to a group."""
    group = group_get(caller(request), uid=body.group, level=AccessLevel.WRITE)
    return move_preview(_chosen(request, body), group_for_devices(group.pk))


@router.post("/devices/move", response=ActOut, summary="Move computers")
def move(request: HttpRequest, body: DevicesMoveIn) -> ActOut:
    """Put computers into a group, all or none. Idempotent. Another customer's license takes the former's place.

    Refused with `device_retired`, `group_holds_no_devices`.
    """
    user = caller(request)
    group = group_get(user, uid=body.group, level=AccessLevel.WRITE)
    act = devices_move(
        actor=actor_from_request(request), user=user, device_ids=_ids(request, body), group_id=group.pk, now=clock_now()
    )
    return _said(act)


@router.post("/devices/rename/preview", response=RenamePreviewOut, summary="What a pattern makes of names")
def rename_look(request: HttpRequest, body: DevicesRenameIn) -> RenamePreviewOut:
    """The names that a pattern gives computers. Refused with `pattern_invalid`."""
    chosen = list(_chosen(request, body))
    names = names_of(body.pattern, chosen, start=body.start)
    return RenamePreviewOut(
        names=[NewNameOut(device=one.uid, before=one.name, after=names[one.pk]) for one in chosen if one.pk in names],
        unknown=[one.uid for one in chosen if one.pk not in names],
    )


@router.post("/devices/rename", response=ActOut, summary="Rename computers by pattern")
def rename(request: HttpRequest, body: DevicesRenameIn) -> ActOut:
    """Give computers names for people; their host names stay. Refused with `pattern_invalid`, `name_invalid`."""
    names = names_of(body.pattern, _chosen(request, body), start=body.start)
    act = devices_rename(actor=actor_from_request(request), user=caller(request), names=names, now=clock_now())
    return _said(act)


@router.post("/devices/retire", response=ActOut, summary="Stop managing computers")
def retire(request: HttpRequest, body: DevicesIn) -> ActOut:
    """Order computers to retire; their history stays. Idempotent."""
    return _manage(request, body, is_managed=False)


@router.post("/devices/restore", response=ActOut, summary="Manage computers again")
def restore(request: HttpRequest, body: DevicesIn) -> ActOut:
    """Manage retired computers again, also such as came back. Idempotent."""
    return _manage(request, body, is_managed=True)


@router.post("/devices/mute", response=CountOut, summary="Mute computers")
def mute(request: HttpRequest, body: DevicesMuteIn) -> CountOut:
    """Let nothing that is wrong with computers count as a problem until an instant. Refused with `mute_invalid`."""
    ids, now = _ids(request, body), clock_now()
    count = devices_mute(actor=actor_from_request(request), device_ids=ids, until=body.until, now=now)
    devices_evaluate(device_ids=ids, now=now)
    return CountOut(count=count)


@router.post("/device-acts/{uuid:act}/undo", response=CountOut, summary="Take an act on computers back")
def undo(request: HttpRequest, act: UUID) -> CountOut:
    """Take an own act back within ten minutes; what changed since stays. Refused with `act_not_found`."""
    count = act_undo(actor=actor_from_request(request), user=caller(request), uid=act, now=clock_now())
    return CountOut(count=count)


def _manage(request: HttpRequest, body: DevicesIn, *, is_managed: bool) -> ActOut:
    act = devices_manage(
        actor=actor_from_request(request), user=caller(request), device_ids=_ids(request, body), is_managed=is_managed,
        now=clock_now(),
    )  # fmt: skip
    return _said(act)


def _chosen(request: HttpRequest, body: DevicesIn) -> QuerySet[Device]:
    return devices_chosen(caller(request), body.devices)


def _ids(request: HttpRequest, body: DevicesIn) -> list[int]:
    return list(_chosen(request, body).values_list("pk", flat=True))


def _said(act: DeviceAct | None) -> ActOut:
    return ActOut(act=act.uid if act else None, count=act.count if act else 0)
