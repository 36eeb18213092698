"""How a device gets in: at once, after a person's approval, or not at all. Keys: `token_services`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from seatkeep_license.errors import ClockSkewError, TokenError
from seatkeep_license.keys import VerifyKey
from seatkeep_protocol.enrollment import EnrollRequest, enroll_verify, is_previous_proven, jwt_request_verify
from seatkeep_protocol.fingerprint import Component, is_same_machine
from seatkeep_protocol.ids import device_id, uid_of
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_manager.directory.enums import DeviceKind, DeviceState
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.services import device_create, device_restore, device_touch
from seatkeep_manager.enrollment import rules
from seatkeep_manager.enrollment.broker import broker_jwt, company_hex
from seatkeep_manager.enrollment.enums import RequestState, WaitReason
from seatkeep_manager.enrollment.errors import (
    DeviceUnknownError,
    EnrollmentRejectedError,
    RequestClockSkewError,
    RequestInvalidError,
)
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken
from seatkeep_manager.enrollment.placing import group_unknown_note, named_group
from seatkeep_manager.enrollment.revocations import credential_revoke, valid_from
from seatkeep_manager.enrollment.token_services import (
    deployment_key_create,
    deployment_key_rotate,
    install_link_create,
    token_find,
    token_revoke,
    token_take_use,
)

__all__ = [
    "Waiting",
    "deployment_key_create",
    "deployment_key_rotate",
    "device_enroll",
    "device_jwt",
    "install_link_create",
    "token_revoke",
]

DEVICE_ENROLLED = "device.enrolled"
"""Outbox topic `{"device": id, "token": id|null}`: what the device shall activate is decided above."""
_STRONG = (Component.MACHINE_ID, Component.SYSTEM_UUID, Component.BOARD_SERIAL)


@dataclass(frozen=True)
class Waiting:
    """The device may ask again later; a person has to look at it."""

    request: EnrollmentRequest


@dataclass(frozen=True)
class _Asker:
    """A verified request: who asks, with which key of ours."""

    claims: EnrollRequest
    key: VerifyKey
    token: EnrollmentToken
    ip: str | None

    @cached_property
    def named(self) -> StaticGroup | None:
        """The group that the installation names, if the customer has it."""
        return named_group(self.token.company_hub_id, self.claims.group)

    @property
    def group(self) -> StaticGroup:
        """Where a new device stands."""
        return self.named or self.token.group

    @property
    def actor(self) -> Actor:
        return Actor(
            kind=ActorKind.AGENT, id=self.key.kid, label=self.claims.hostname, company_uid=self.token.company_hub_id,
            impersonator=None, ip=self.ip,
        )  # fmt: skip


def device_enroll(*, secret: str, request: str, ip: str | None, now: datetime) -> Device | Waiting:
    """Let a device in by an install link or deployment key.

    Idempotent by the agent's key: asked again, the same device answers and no second use of the key is taken. A
    replayed request gains nothing, because what it is answered with works only with the agent's private keys.

    Args:
        secret: The install link's or deployment key's secret.
        request: The JWS that the agent's new key signed.
        ip: Where the request came from.
        now: Current time, aware UTC.

    Returns:
        The device; or that it waits for approval under its customer.

    Raises:
        RequestInvalidError: The request is malformed, wrongly signed or for another console.
        RequestClockSkewError: Made more than 120 s before or after `now`.
        KeyUnknownError: The key was never made here.
        EnrollmentRejectedError: A person rejected this agent's key.
    """
    token = token_find(secret)
    try:
        claims, key = enroll_verify(request, audience=settings.CONSOLE_DEVICE_URL, now=now)
    except ClockSkewError as error:
        raise RequestClockSkewError(now) from error
    except TokenError as error:
        raise RequestInvalidError(str(error)) from error
    return _enroll(_Asker(claims, key, token, ip), now)


@transaction.atomic
def _enroll(asker: _Asker, now: datetime) -> Device | Waiting:
    # The token's row lock makes two requests of one new agent take turns, and counts uses.
    token = EnrollmentToken.objects.select_for_update().get(pk=asker.token.pk)
    known = Device.objects.select_for_update().filter(agent_thumbprint=asker.key.kid).first()
    if known is not None and known.state == DeviceState.ACTIVE:
        return _refresh(known, asker, now)
    decided = EnrollmentRequest.objects.select_for_update().filter(agent_thumbprint=asker.key.kid).first()
    if decided is not None and decided.state == RequestState.REJECTED:
        raise EnrollmentRejectedError
    machine = known or _machine_known(asker)
    is_proven = machine is not None and (machine == known or _is_proven(machine, asker, now))
    if machine is not None and not is_proven and _is_double(machine, decided):
        machine = None
    refusal = _refusal(token, machine, is_proven=is_proven, now=now)
    if refusal is not None:
        return _wait(asker, refusal, machine, now)
    if decided is not None and decided.state == RequestState.WAITING:
        decided.delete()
    return _admit(asker, machine, now)


def _is_double(machine: Device, asked: EnrollmentRequest | None) -> bool:
    """Whether a machine that looks like a known one is another, because both are alive."""
    asked_at = asked.first_asked_at if asked is not None and asked.replaces_id == machine.pk else None
    return rules.are_two(known_seen_at=machine.last_seen_at, double_asked_at=asked_at)


def _refusal(token: EnrollmentToken, machine: Device | None, *, is_proven: bool, now: datetime) -> WaitReason | None:
    if machine is not None and not is_proven and _is_guarded(machine, now):
        return WaitReason.TAKEOVER
    return token_take_use(token, now=now)


def _is_guarded(machine: Device, now: datetime) -> bool:
    """Whether a machine must not be handed to another key just like that."""
    is_fresh = rules.is_takeover(last_seen_at=machine.last_seen_at, enrolled_at=machine.enrolled_at, now=now)
    return machine.state == DeviceState.ACTIVE and is_fresh


def _admit(asker: _Asker, machine: Device | None, now: datetime) -> Device:
    if machine is None:
        device = device_create(
            actor=asker.actor,
            group_id=asker.group.pk,
            hostname=asker.claims.hostname,
            kind=DeviceKind(asker.claims.kind.value),
            now=now,
            agent_thumbprint=asker.key.kid,
            **agent_columns(asker.claims, asker.key),
        )
        if asker.claims.group and asker.named is None:
            group_unknown_note(actor=asker.actor, device=device, path=asker.claims.group, now=now)
    else:
        device = _rekey(machine, asker, now)
    outbox_append(topic=DEVICE_ENROLLED, payload={"device": device.pk, "token": asker.token.pk}, now=now)
    return device


def _rekey(machine: Device, asker: _Asker, now: datetime) -> Device:
    """Give a known machine to its new agent key; the old broker credentials end."""
    if machine.nkey and machine.nkey != asker.claims.nkey:
        credential_revoke(nkey=machine.nkey, now=now)
    machine.agent_thumbprint = asker.key.kid
    _write(machine, asker)
    if machine.state == DeviceState.RETIRED:
        device_restore(actor=asker.actor, device_id=machine.pk, now=now)
        machine.refresh_from_db()
    audit_record(
        actor=asker.actor, action="device:rekey", subject_type="device", subject_id=str(machine.uid),
        company_uid=machine.company_hub_id, details={"hostname": machine.hostname}, now=now,
    )  # fmt: skip
    device_touch(device_ids=[machine.pk], now=now)
    return machine


def _refresh(device: Device, asker: _Asker, now: datetime) -> Device:
    """The same agent asks again: take over what it says of itself."""
    if device.nkey and device.nkey != asker.claims.nkey:
        credential_revoke(nkey=device.nkey, now=now)
    _write(device, asker)
    return device


def _write(device: Device, asker: _Asker) -> None:
    columns = {"hostname": asker.claims.hostname, **agent_columns(asker.claims, asker.key)}
    for name, value in columns.items():
        setattr(device, name, value)
    device.save(update_fields=[*columns, "agent_thumbprint"])


def agent_columns(claims: EnrollRequest, key: VerifyKey) -> dict[str, object]:
    """What a verified request says of a device, as columns of Device."""
    return {
        "agent_jwk": key.jwk,
        "x25519": claims.x25519,
        "nkey": claims.nkey,
        "fingerprint": claims.fp,
        "agent_version": claims.agent_version,
        "os_family": claims.os.family.value,
        "os_name": claims.os.name,
        "os_version": claims.os.version,
        "os_edition": claims.os.edition,
        "os_build": claims.os.build,
        "architecture": claims.os.arch,
    }


def _machine_known(asker: _Asker) -> Device | None:
    """The device that this machine was before: named with `previous` or found by fingerprint, in the same company.

    None of those that look like a master: who comes from its image is a new computer.
    """
    mine = Device.objects.select_for_update().filter(company_hub_id=asker.token.company_hub_id)
    if asker.claims.previous is not None:
        named = mine.filter(uid=uid_of(asker.claims.previous.device)).first()
        if named is not None:
            return named
    candidates = devices_alike(mine, asker.claims.fp)
    alike = [found for found in candidates if is_same_machine(found.fingerprint, asker.claims.fp)]
    return None if any(found.is_master for found in alike) else next(iter(alike), None)


def devices_alike(devices: QuerySet[Device], fingerprint: Mapping[str, str]) -> QuerySet[Device]:
    """At most fifty devices that share one of the parts that few machines share; the last seen first."""
    matches = Q(pk__in=())
    for part in _STRONG:
        if part in fingerprint:
            matches |= Q(fingerprint__contains={str(part): fingerprint[part]})
    return devices.filter(matches).order_by("-last_seen_at", "-id")[:50]


def _is_proven(machine: Device, asker: _Asker, now: datetime) -> bool:
    previous = asker.claims.previous
    if previous is None or previous.device != machine.hex_id or machine.agent_jwk is None:
        return False
    return is_previous_proven(
        previous,
        old_key=VerifyKey.from_jwk(machine.agent_jwk),
        new_key=asker.key,
        audience=settings.CONSOLE_DEVICE_URL,
        now=now,
    )


def _wait(asker: _Asker, reason: WaitReason, machine: Device | None, now: datetime) -> Waiting:
    claims = asker.claims
    shown = {
        "token": asker.token,
        "group": asker.group,
        "company_hub_id": asker.token.company_hub_id,
        "reason": reason,
        "hostname": claims.hostname,
        "kind": claims.kind.value,
        "details": {"jwk": asker.key.jwk, "columns": agent_columns(asker.claims, asker.key)},
        "replaces": machine,
        "ip": asker.ip,
        "last_asked_at": now,
    }
    request, is_new = EnrollmentRequest.objects.update_or_create(
        agent_thumbprint=asker.key.kid,
        defaults={**shown, "state": RequestState.WAITING},
        create_defaults={**shown, "first_asked_at": now},
    )
    if is_new:
        outbox_append(topic="enrollment.waiting", payload={"request": request.pk}, now=now)
    return Waiting(request)


def device_jwt(*, request: str, device_hex: str, now: datetime) -> str:
    """The next broker JWT of an enrolled device, for its present company.

    Args:
        request: JWS by the key that the device enrolled with.
        device_hex: The device that the request is said to name (looked up before it is verified).
        now: Current time, aware UTC.

    Raises:
        DeviceUnknownError: No such managed device, or another key signed.
        RequestInvalidError: The request is malformed or for another console.
        RequestClockSkewError: Made more than 120 s before or after `now`.
    """
    device = Device.objects.filter(uid=uid_of(device_hex)).first()
    if device is None or device.agent_jwk is None:
        raise DeviceUnknownError
    try:
        key = VerifyKey.from_jwk(device.agent_jwk)
        claims = jwt_request_verify(request, key=key, audience=settings.CONSOLE_DEVICE_URL, now=now)
    except ClockSkewError as error:
        raise RequestClockSkewError(now) from error
    except TokenError as error:
        raise DeviceUnknownError from error
    if claims.device != device.hex_id:
        raise RequestInvalidError
    return device_broker_jwt(device, now=now)


@transaction.atomic
def device_broker_jwt(device: Device, *, now: datetime) -> str:
    """A broker JWT for a device, as its company stands now; never one that a revocation stops already.

    Raises:
        DeviceUnknownError: It never enrolled, so it has no key.
    """
    # Under the row's lock a move to another company comes before (and shows) or after (and revokes what is made here).
    locked = Device.objects.select_for_update().get(pk=device.pk)
    if locked.agent_thumbprint is None:
        raise DeviceUnknownError
    return broker_jwt(
        nkey=locked.nkey, device=device_id(locked.uid), company=company_hex(locked.company_hub_id),
        agent_thumbprint=locked.agent_thumbprint, now=max(now, valid_from(locked.nkey) or now),
    )  # fmt: skip
