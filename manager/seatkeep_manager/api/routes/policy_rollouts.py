"""Roll-outs of policies in stages, and what counts on a computer."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.policy_schemas import (
    EffectiveOut,
    RolloutDeviceOut,
    RolloutIn,
    RolloutOut,
    origin_out,
    voice_out,
)
from seatkeep_manager.api.schemas import PageOut
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.selectors import device_get, devices_visible
from seatkeep_manager.policies.enums import RolloutDeviceState
from seatkeep_manager.policies.errors import RolloutNotFoundError
from seatkeep_manager.policies.models import PolicyRollout
from seatkeep_manager.policies.preview import Views, device_views
from seatkeep_manager.policies.rolling import (
    rollout_advance,
    rollout_pause,
    rollout_resume,
    rollout_start,
    rollout_take_back,
)
from seatkeep_manager.policies.selectors import policy_get, rollout_get, rollout_under_way

router = Router(tags=["Policies"])
Product = Literal["endpoint", "agent"]


@router.get("/policies/{uuid:uid}/rollouts", response=PageOut[RolloutOut], summary="Roll-outs of a policy")
def rollout_list(request: HttpRequest, uid: UUID, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Roll-outs in stages, the newest first."""
    found = policy_get(caller(request), uid=uid)
    return paginate(found.rollouts.select_related("version"), order=("-id",), cursor=cursor, limit=limit)


@router.post("/policies/{uuid:uid}/rollouts", response={201: RolloutOut}, summary="Roll a version out in stages")
@idempotent
def rollout_new(request: HttpRequest, uid: UUID, body: RolloutIn) -> Status[PolicyRollout]:
    """Make a version that reaches a share of the computers first; it takes itself back when it fails there."""
    found = policy_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    made = rollout_start(
        actor=actor_from_request(request),
        policy_id=found.pk,
        settings=body.settings,
        plan=body.plan(),
        now=clock_now(),
        note=body.note,
    )
    return Status(201, made)


@router.get(
    "/policies/{uuid:uid}/rollouts/{uuid:rollout}/devices",
    response=PageOut[RolloutDeviceOut],
    summary="How computers fare in a roll-out",
)
def rollout_devices(
    request: HttpRequest,
    uid: UUID,
    rollout: UUID,
    state: RolloutDeviceState | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Any]:
    """Computers that it has reached, as far as the caller may see them."""
    user = caller(request)
    found = rollout_get(policy_get(user, uid=uid), uid=rollout)
    rows = found.devices.filter(device__in=devices_visible(user)).select_related("device")
    rows = rows.filter(state=state) if state else rows
    return paginate(rows, order=("id",), cursor=cursor, limit=limit)


@router.post("/policies/{uuid:uid}/rollout/pause", response=RolloutOut, summary="Pause a roll-out")
def rollout_stay(request: HttpRequest, uid: UUID) -> PolicyRollout:
    """Stay at the present stage. Idempotent."""
    return rollout_pause(actor=actor_from_request(request), rollout_id=_under_way(request, uid).pk, now=clock_now())


@router.post("/policies/{uuid:uid}/rollout/resume", response=RolloutOut, summary="Resume a roll-out")
def rollout_go_on(request: HttpRequest, uid: UUID) -> PolicyRollout:
    """Go on after a pause. Idempotent."""
    return rollout_resume(actor=actor_from_request(request), rollout_id=_under_way(request, uid).pk, now=clock_now())


@router.post("/policies/{uuid:uid}/rollout/advance", response=RolloutOut, summary="Begin the next stage now")
def rollout_further(request: HttpRequest, uid: UUID) -> PolicyRollout:
    """Begin the next stage without waiting; after the last the version is in force."""
    return rollout_advance(actor=actor_from_request(request), rollout_id=_under_way(request, uid).pk, now=clock_now())


@router.post("/policies/{uuid:uid}/rollout/take-back", response=RolloutOut, summary="Take a roll-out back")
def rollout_undo(request: HttpRequest, uid: UUID) -> PolicyRollout:
    """Let every computer obey the version in force again."""
    return rollout_take_back(actor=actor_from_request(request), rollout_id=_under_way(request, uid).pk, now=clock_now())


@router.get(
    "/devices/{uuid:uid}/settings", response=dict[str, EffectiveOut], summary="What counts on a computer and why"
)
def device_settings(request: HttpRequest, uid: UUID, product: Product = "endpoint") -> dict[str, EffectiveOut]:
    """Each setting with its value, the policies that made it, and everybody who was overruled and by whom."""
    return _effective(device_views(device_get(caller(request), uid=uid), product=product))


@router.get(
    "/policies/{uuid:uid}/preview/{uuid:device}",
    response=dict[str, EffectiveOut],
    summary="What would count on a computer",
)
def policy_preview(
    request: HttpRequest, uid: UUID, device: UUID, version: int | None = None
) -> dict[str, EffectiveOut]:
    """As `/devices/{uid}/settings`, if the computer obeyed this policy too, or this version of it."""
    user = caller(request)
    policy = policy_get(user, uid=uid)
    found = device_get(user, uid=device)
    return _effective(device_views(found, product=policy.product, trying=policy, version=version))


def _effective(views: Views) -> dict[str, EffectiveOut]:
    return {
        name: EffectiveOut(
            value=setting.value,
            is_forced=setting.is_forced,
            origins=[origin_out(one) for one in setting.origins],
            voices=[voice_out(one) for one in views.voices.get(name, ())],
        )
        for name, setting in views.effective.items()
    }


def _under_way(request: HttpRequest, uid: UUID) -> PolicyRollout:
    found = rollout_under_way(policy_get(caller(request), uid=uid, level=AccessLevel.WRITE))
    if found is None:
        raise RolloutNotFoundError
    return found
