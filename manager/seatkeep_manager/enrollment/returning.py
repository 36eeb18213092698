"""How a device comes back that a restored manager does not know: it joined after the backup.

The device asks for its next broker JWT, or finds no document, and hears that it is unknown. Its last JWT is this
instance's own word, signed by a key that the backup holds, that it was let in: which device, which company, which keys.
So it needs neither an enrollment key nor a person, keeps its id, and the messages kept aside meanwhile find it again.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction
from seatkeep_license.errors import ClockSkewError, TokenError
from seatkeep_license.keys import VerifyKey
from seatkeep_protocol.enrollment import EnrollRequest, enroll_verify
from seatkeep_protocol.ids import uid_of
from seatkeep_protocol.subjects import agent_key_tag
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_manager.directory.enums import DeviceKind, GroupKind
from seatkeep_manager.directory.errors import GroupNotFoundError
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.selectors import group_of_company, group_system
from seatkeep_manager.directory.services import device_create
from seatkeep_manager.enrollment.broker import Voucher, broker_jwt_open
from seatkeep_manager.enrollment.errors import DeviceUnknownError, RequestClockSkewError, RequestInvalidError
from seatkeep_manager.enrollment.models import RevokedCredential
from seatkeep_manager.enrollment.services import DEVICE_ENROLLED, agent_columns


def device_return(*, jwt: str, request: str, ip: str | None, now: datetime) -> Device:
    """Take a device back that was enrolled here before this manager lost its memory of it. Idempotent.

    The JWT may have ended: it gives no access here, it only tells what we knew. Rows of devices are never deleted, so
    a device without one was lost by a restore; one with a row answers to that (`device_jwt`).

    Args:
        jwt: The last broker JWT that the device got.
        request: An enrollment request signed by the agent key that the JWT names.
        ip: Where the request came from.
        now: Current time, aware UTC.

    Raises:
        RequestInvalidError: The request is malformed, wrongly signed or for another console.
        RequestClockSkewError: Made more than 120 s before or after `now`.
        DeviceUnknownError: The JWT is not ours, not this agent's or revoked; or the device is known by another key.
    """
    try:
        claims, key = enroll_verify(request, audience=settings.CONSOLE_DEVICE_URL, now=now)
    except ClockSkewError as error:
        raise RequestClockSkewError(now) from error
    except TokenError as error:
        raise RequestInvalidError(str(error)) from error
    voucher = broker_jwt_open(jwt)
    if voucher is None or not _is_for(voucher, claims, key):
        raise DeviceUnknownError
    return _take_back(voucher, claims, key, ip, now)


def _is_for(voucher: Voucher, claims: EnrollRequest, key: VerifyKey) -> bool:
    is_bound = voucher.key_tag == agent_key_tag(key.kid) and voucher.nkey == claims.nkey
    return is_bound and not RevokedCredential.objects.filter(nkey=voucher.nkey).exists()


@transaction.atomic
def _take_back(voucher: Voucher, claims: EnrollRequest, key: VerifyKey, ip: str | None, now: datetime) -> Device:
    group = _group(voucher.company)
    StaticGroup.objects.select_for_update().get(pk=group.pk)  # Two requests of one device take turns.
    uid = uid_of(voucher.device)
    known = Device.objects.filter(uid=uid).first() or Device.objects.filter(agent_thumbprint=key.kid).first()
    if known is not None:
        if known.uid != uid or known.agent_thumbprint != key.kid:
            raise DeviceUnknownError
        return known
    actor = Actor(ActorKind.AGENT, key.kid, claims.hostname, group.company_hub_id, None, ip)
    device = device_create(
        actor=actor, group_id=group.pk, hostname=claims.hostname, kind=DeviceKind(claims.kind.value), now=now, uid=uid,
        agent_thumbprint=key.kid, **agent_columns(claims, key),
    )  # fmt: skip
    audit_record(
        actor=actor, action="device:return", subject_type="device", subject_id=str(uid),
        company_uid=group.company_hub_id, now=now,
        details={"hostname": claims.hostname, "reason": "found after restore"},
    )  # fmt: skip
    outbox_append(topic=DEVICE_ENROLLED, payload={"device": device.pk, "token": None}, now=now)
    return device


def _group(company: str) -> StaticGroup:
    """The company's own group; Unassigned when the restored directory does not have the company."""
    try:
        return group_of_company(uuid.UUID(company))
    except GroupNotFoundError:
        return group_system(GroupKind.UNASSIGNED)
