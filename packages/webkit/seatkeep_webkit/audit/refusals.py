"""Refusals that matter: what somebody tried and may not."""

from __future__ import annotations

from django.http import HttpRequest

from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.audit.enums import Result
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.clock import now as read_clock


def refusal_record(request: HttpRequest, code: str) -> None:
    """Note that a request was refused, with the address that was asked and the error's code; never its body."""
    actor = actor_from_request(request)
    audit_record(
        actor=actor,
        action="act:refuse",
        subject_type=actor.kind.value.lower(),
        subject_id=actor.id,
        company_uid=actor.company_uid or getattr(getattr(request.user, "company", None), "uid", None),
        details={"address": f"{request.method} {request.path}"[:200], "reason": code},
        result=Result.REFUSED,
        now=read_clock(),
    )
