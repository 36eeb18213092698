"""Files that devices send because a task asked for them: taken once, kept for days, within a bound for all."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet, Sum
from seatkeep_license.errors import ClockSkewError, TokenError
from seatkeep_license.keys import VerifyKey
from seatkeep_protocol.tasks import TaskKind
from seatkeep_protocol.uploads import FILE_LIMIT_BYTES, UploadClaims, upload_verify

from seatkeep_manager.directory.access import within
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.enrollment.errors import RequestClockSkewError
from seatkeep_manager.tasks.enums import FINAL_STATES
from seatkeep_manager.tasks.errors import FileNotFoundHereError, FilesFullError, UploadRefusedError
from seatkeep_manager.tasks.models import CollectedFile, TaskRun

LIFE = timedelta(days=14)
ALL_FILES_LIMIT_BYTES = 1024**3
"""Of all files together; then the oldest give way."""
PER_DEVICE = 5


@transaction.atomic
def file_take(*, device_uid: UUID, proof: str, content: bytes, now: datetime) -> CollectedFile:
    """Take a file that a run of this device asked for. The same again is the same.

    Args:
        device_uid: Whom the proof is said to name (looked up before it is verified).
        proof: JWS by the device's key (`seatkeep_protocol.uploads`).
        content: The file.
        now: Current time, aware UTC.

    Raises:
        UploadRefusedError: Nobody asked for it, or not this device, or it is not the file that the proof names.
        RequestClockSkewError: The device's clock is wrong.
        FilesFullError: It is larger than 2 MB.
    """
    if len(content) > FILE_LIMIT_BYTES:
        raise FilesFullError
    device = Device.objects.filter(uid=device_uid, state=DeviceState.ACTIVE).first()
    if device is None or device.agent_jwk is None:
        raise UploadRefusedError
    claims = _claims(device, proof, now)
    digest = hashlib.sha256(content).hexdigest()
    runs = TaskRun.objects.select_for_update(of=("self",)).filter(task__kind=TaskKind.COLLECT_LOGS)
    run = runs.exclude(state__in=FINAL_STATES).filter(uid=claims.run, device=device).first()
    if run is None or claims.device != device.hex_id or claims.sha256 != digest:
        raise UploadRefusedError
    known = CollectedFile.objects.filter(run=run).first()
    if known is not None:
        if known.sha256 != digest:
            raise UploadRefusedError
        return known
    name = f"{''.join(c if c.isalnum() or c in '-.' else '-' for c in device.name)[:80]}-{now:%Y%m%d-%H%M}.zip"
    made = CollectedFile.objects.create(
        run=run, device=device, name=name, size_bytes=len(content), sha256=digest, content=content, created_at=now,
        expires_at=now + LIFE,
    )  # fmt: skip
    _make_room(device)
    return made


def files_visible(user: User | AnonymousUser) -> QuerySet[CollectedFile]:
    """The files of devices whose tasks a person may see, newest first, without their content."""
    files = CollectedFile.objects.select_related("run", "device").defer("content").order_by("-id")
    return within(files, user, field="device__group", functionality=Functionality.CLIENT_TASKS, level=AccessLevel.USE)


def file_get(user: User | AnonymousUser, *, run_uid: UUID) -> CollectedFile:
    """The file of a run, with its content.

    Raises:
        FileNotFoundHereError: There is none, or it is not the person's to see.
    """
    found = files_visible(user).defer(None).filter(run__uid=run_uid).first()
    if found is None:
        raise FileNotFoundHereError
    return found


def files_expire(*, now: datetime) -> int:
    """Delete files whose time is over; returns how many. Idempotent."""
    return CollectedFile.objects.filter(expires_at__lte=now).delete()[0]


def _claims(device: Device, proof: str, now: datetime) -> UploadClaims:
    try:
        key = VerifyKey.from_jwk(device.agent_jwk or {})
        return upload_verify(proof, key=key, audience=settings.CONSOLE_DEVICE_URL, now=now)
    except ClockSkewError as error:
        raise RequestClockSkewError(now) from error
    except TokenError as error:
        raise UploadRefusedError from error


def _make_room(device: Device) -> None:
    """The oldest give way: of this device beyond its few, of all beyond the bound for all."""
    mine = CollectedFile.objects.filter(device=device).order_by("-id").values_list("pk", flat=True)
    CollectedFile.objects.filter(pk__in=list(mine[PER_DEVICE:])).delete()
    total = CollectedFile.objects.aggregate(n=Sum("size_bytes"))["n"] or 0
    for row in CollectedFile.objects.order_by("id").only("pk", "size_bytes"):
        if total <= ALL_FILES_LIMIT_BYTES:
            return
        total -= row.size_bytes
        row.delete()
