"""What people do to one or many computers at once, and how they take it back within ten minutes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_manager.directory.enums import AccessLevel, DeviceState, DeviceVerb
from seatkeep_manager.directory.errors import ActNotFoundError, TooManyDevicesError
from seatkeep_manager.directory.models import Device, DeviceAct, StaticGroup, User
from seatkeep_manager.directory.selectors import devices_visible, groups_visible
from seatkeep_manager.directory.services import (
    devices_lock,
    devices_name,
    devices_put,
    devices_set_state,
    group_for_devices,
)

AT_ONCE = 10_000
UNDO_FOR = timedelta(minutes=10)
Values = Mapping[int, str | int]


@transaction.atomic
def devices_move(
    *, actor: Actor, user: User | None, device_ids: Collection[int], group_id: int, now: datetime
) -> DeviceAct | None:
    """Put devices into a group, all or none; None when all stand there already.

    Args:
        actor: Who acts.
        user: The same person, who may take it back.
        device_ids: Devices that the person may change.
        group_id: A group that the person may change.
        now: Current time, aware UTC.

    Raises:
        TooManyDevicesError: More than 10,000.
        GroupNotFoundError: There is no such group.
        GroupHoldsNoDevicesError: Only groups can stand there.
        DeviceRetiredError: One is retired.
    """
    group = group_for_devices(group_id)
    devices = _locked(device_ids)
    before = {device.pk: device.group_id for device in devices}
    moved = devices_put(actor=actor, devices=devices, group=group, now=now)
    return _remember(DeviceVerb.MOVE, user, {one.pk: [before[one.pk], group.pk] for one in moved}, now)


@transaction.atomic
def devices_rename(*, actor: Actor, user: User | None, names: Mapping[int, str], now: datetime) -> DeviceAct | None:
    """Give devices names for people, by id, all or none; None when nothing changes.

    Raises:
        TooManyDevicesError: More than 10,000.
        NameInvalidError: A name is too long or holds control characters.
    """
    devices = _locked(names)
    before = {device.pk: device.display_name for device in devices}
    renamed = devices_name(actor=actor, devices=devices, names=names, now=now)
    return _remember(DeviceVerb.RENAME, user, {one.pk: [before[one.pk], one.display_name] for one in renamed}, now)


@transaction.atomic
def devices_manage(
    *, actor: Actor, user: User | None, device_ids: Collection[int], is_managed: bool, now: datetime
) -> DeviceAct | None:
    """Stop managing devices, or manage them again; None when nothing changes.

    Raises:
        TooManyDevicesError: More than 10,000.
    """
    state = DeviceState.ACTIVE if is_managed else DeviceState.RETIRED
    changed = devices_set_state(actor=actor, devices=_locked(device_ids), state=state, now=now)
    verb = DeviceVerb.RESTORE if is_managed else DeviceVerb.RETIRE
    former = DeviceState.RETIRED if is_managed else DeviceState.ACTIVE
    return _remember(verb, user, {one.pk: [former, state] for one in changed}, now)


def act_last(user: User | AnonymousUser, *, now: datetime, device: Device | None = None) -> DeviceAct | None:
    """The newest act of a person, as long as it can be taken back; with a device only one that it is among."""
    if not isinstance(user, User):
        return None
    rows = DeviceAct.objects.filter(user=user)
    if device is not None:
        rows = rows.filter(former__has_key=str(device.pk))
    newest = rows.defer("former").order_by("-at", "-id").first()
    if newest is None or newest.undone_at is not None or newest.at <= now - UNDO_FOR:
        return None
    return newest


@transaction.atomic
def act_undo(*, actor: Actor, user: User, uid: uuid.UUID, now: datetime) -> int:
    """Take an own act back; returns how many devices are as before.

    What somebody changed since stays, and what the person may not change any more.

    Raises:
        ActNotFoundError: It is not theirs, older than ten minutes, or taken back already.
    """
    act = DeviceAct.objects.select_for_update().filter(uid=uid, user=user, undone_at__isnull=True).first()
    if act is None or act.at <= now - UNDO_FOR:
        raise ActNotFoundError
    former = {int(pk): values for pk, values in act.former.items()}
    mine = devices_visible(user, level=AccessLevel.WRITE).filter(pk__in=former)
    devices = devices_lock(mine.values_list("pk", flat=True))
    unchanged = [one for one in devices if _now_is(DeviceVerb(act.verb), one) == former[one.pk][1]]
    back = {device.pk: former[device.pk][0] for device in unchanged}
    count = _UNDO[DeviceVerb(act.verb)](actor, user, unchanged, back, now)
    act.undone_at = now
    act.save(update_fields=["undone_at"])
    return count


def acts_forget(*, now: datetime) -> int:
    """Forget acts that cannot be taken back any more; returns how many."""
    return DeviceAct.objects.filter(at__lte=now - UNDO_FOR).delete()[0]


def _locked(device_ids: Collection[int]) -> list[Device]:
    if len(device_ids) > AT_ONCE:
        raise TooManyDevicesError
    return devices_lock(device_ids)


def _remember(
    verb: DeviceVerb, user: User | None, former: Mapping[int, list[str | int]], now: datetime
) -> DeviceAct | None:
    if not former:
        return None
    acts_forget(now=now)
    return DeviceAct.objects.create(verb=verb, user=user, at=now, count=len(former), former=former)


def _now_is(verb: DeviceVerb, device: Device) -> str | int:
    if verb == DeviceVerb.MOVE:
        return device.group_id
    return device.display_name if verb == DeviceVerb.RENAME else device.state


def _put_back(actor: Actor, user: User, devices: list[Device], back: Values, now: datetime) -> int:
    groups = groups_visible(user, level=AccessLevel.WRITE).filter(pk__in=set(back.values()))
    by_id: dict[str | int, StaticGroup] = {group.pk: group for group in groups}
    count = 0
    for pk, group in by_id.items():
        there = [device for device in devices if back[device.pk] == pk and device.state == DeviceState.ACTIVE]
        count += len(devices_put(actor=actor, devices=there, group=group, now=now))
    return count


def _name_back(actor: Actor, _user: User, devices: list[Device], back: Values, now: datetime) -> int:
    names = {pk: str(name) for pk, name in back.items()}
    return len(devices_name(actor=actor, devices=devices, names=names, now=now))


def _state_back(actor: Actor, _user: User, devices: list[Device], back: Values, now: datetime) -> int:
    states = {DeviceState(str(state)) for state in back.values()}
    return sum(len(devices_set_state(actor=actor, devices=devices, state=state, now=now)) for state in states)


_UNDO: Mapping[DeviceVerb, Callable[[Actor, User, list[Device], Values, datetime], int]] = {
    DeviceVerb.MOVE: _put_back, DeviceVerb.RENAME: _name_back, DeviceVerb.RETIRE: _state_back,
    DeviceVerb.RESTORE: _state_back,
}  # fmt: skip
