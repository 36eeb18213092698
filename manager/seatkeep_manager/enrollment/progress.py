"""How far an installer got."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from django.db import transaction
from seatkeep_protocol.vocabulary import InstallStep

from seatkeep_manager.enrollment.models import InstallProgress
from seatkeep_manager.enrollment.token_services import token_find

STEPS_PER_TOKEN = 5_000
"""More reports of one key are not kept: a stolen key must not fill the disk."""


class ProgressReport(msgspec.Struct, frozen=True):
    """Body of `POST /agent/v1/progress`."""

    key: str
    install_id: uuid.UUID
    step: InstallStep
    ok: bool
    detail: Annotated[str, msgspec.Meta(max_length=2000)] = ""


@transaction.atomic
def progress_report(*, report: ProgressReport, now: datetime) -> None:
    """Note one step of one installer; the last report of a step wins.

    Raises:
        KeyUnknownError: The key was never made here.
    """
    token = token_find(report.key)
    if token.installs.count() >= STEPS_PER_TOKEN:
        return
    InstallProgress.objects.update_or_create(
        token=token,
        install_id=report.install_id,
        step=report.step.value,
        defaults={"is_ok": report.ok, "detail": report.detail, "at": now},
    )
