"""What a person decides about computers that wait: in, as which computer, or turned away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, DeviceState
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.directory.services import device_create, device_restore, device_touch
from seatkeep_manager.enrollment.enums import Answer, RequestState
from seatkeep_manager.enrollment.errors import EnrollmentRequestDecidedError
from seatkeep_manager.enrollment.models import EnrollmentRequest
from seatkeep_manager.enrollment.revocations import credential_revoke
from seatkeep_manager.enrollment.selectors import token_get
from seatkeep_manager.enrollment.services import DEVICE_ENROLLED
from seatkeep_manager.enrollment.token_services import token_lift


@transaction.atomic
def requests_approve(
    *,
    actor: Actor,
    user: User,
    requests: Collection[EnrollmentRequest],
    now: datetime,
    group: StaticGroup | None = None,
    answer: Answer = Answer.SAME,
    is_always: bool = False,
) -> None:
    """Let several waiting devices in, all or none; `is_always`: and who comes with the same keys from now on.

    Raises:
        EnrollmentRequestDecidedError: Somebody rejected one already.
        KeyRevokedError: A key whose limits shall be lifted was revoked.
        TokenNotFoundError: A key whose limits shall be lifted is not the person's to change.
    """
    for key in {request.token.uid for request in requests} if is_always else ():
        token_lift(actor=actor, token=token_get(user, uid=key, level=AccessLevel.WRITE), now=now)
    for request in requests:
        request_approve(actor=actor, user=user, request=request, now=now, group=group, answer=answer)


@transaction.atomic
def request_approve(
    *,
    actor: Actor,
    user: User | None,
    request: EnrollmentRequest,
    now: datetime,
    group: StaticGroup | None = None,
    answer: Answer = Answer.SAME,
) -> Device:
    """Let a waiting device in; it hears so when it asks next, within 15 s.

    Args:
        actor: Who decides.
        user: The same person; None for the program itself.
        request: What waits; the caller has taken it from `requests_visible`.
        now: Current time, aware UTC.
        group: Where to put it instead of its key's group; a known computer stays where it is.
        answer: What it is, when it looks like a known computer; without one it is a new computer in any case.

    Raises:
        EnrollmentRequestDecidedError: Somebody rejected it already.
    """
    locked = EnrollmentRequest.objects.select_for_update(of=("self",)).select_related("group").get(pk=request.pk)
    if locked.state == RequestState.REJECTED:
        raise EnrollmentRequestDecidedError
    known = Device.objects.filter(agent_thumbprint=locked.agent_thumbprint, state=DeviceState.ACTIVE).first()
    if known is not None:
        return known
    if answer == Answer.MASTER and locked.replaces_id:
        Device.objects.filter(pk=locked.replaces_id).update(is_master=True)
    if answer != Answer.SAME:
        locked.replaces = None
    device = _approved_device(actor, locked, group or locked.group, now)
    _decide(actor, user, locked, RequestState.APPROVED, now, answer)
    outbox_append(topic=DEVICE_ENROLLED, payload={"device": device.pk, "token": locked.token_id}, now=now)
    return device


@transaction.atomic
def request_reject(*, actor: Actor, user: User | None, request: EnrollmentRequest, now: datetime) -> EnrollmentRequest:
    """Refuse a waiting device for good; its agent ends with an error. Idempotent.

    Raises:
        EnrollmentRequestDecidedError: Somebody approved it already.
    """
    locked = EnrollmentRequest.objects.select_for_update().get(pk=request.pk)
    if locked.state == RequestState.APPROVED:
        raise EnrollmentRequestDecidedError
    if locked.state == RequestState.WAITING:
        _decide(actor, user, locked, RequestState.REJECTED, now)
    return locked


def _approved_device(actor: Actor, request: EnrollmentRequest, group: StaticGroup, now: datetime) -> Device:
    columns = {**request.details["columns"], "agent_thumbprint": request.agent_thumbprint}
    if request.replaces is None:
        return device_create(
            actor=actor, group_id=group.pk, hostname=request.hostname, kind=DeviceKind(request.kind), now=now, **columns
        )
    machine = Device.objects.select_for_update().get(pk=request.replaces.pk)
    if machine.nkey and machine.nkey != columns["nkey"]:
        credential_revoke(nkey=machine.nkey, now=now)
    for name, value in columns.items():
        setattr(machine, name, value)
    machine.save(update_fields=list(columns))
    device_touch(device_ids=[machine.pk], now=now)
    return device_restore(actor=actor, device_id=machine.pk, now=now)


def _decide(
    actor: Actor,
    user: User | None,
    request: EnrollmentRequest,
    state: RequestState,
    now: datetime,
    answer: Answer | None = None,
) -> None:
    request.state, request.decided_at, request.decided_by = state, now, user
    request.save(update_fields=["state", "decided_at", "decided_by"])
    outbox_append(topic="enrollment.decided", payload={"request": request.pk}, now=now)
    verb = "approve" if state == RequestState.APPROVED else "reject"
    audit_record(
        actor=actor, action=f"enrollment:{verb}", subject_type="enrollment", subject_id=str(request.uid),
        company_uid=request.company_hub_id, now=now,
        details={"hostname": request.hostname, "reason": request.reason, "answer": answer.value if answer else None},
    )  # fmt: skip
