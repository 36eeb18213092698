"""Questions that only a person can answer: is this one computer with changed hardware, or are these two?"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.seats import seats_deactivate
from seatkeep_hub.licensing.statements import sql_text
from seatkeep_hub.upkeep.enums import QuestionKind, QuestionState
from seatkeep_hub.upkeep.errors import AnswerError, QuestionAnsweredError, QuestionNotFoundError
from seatkeep_hub.upkeep.models import SeatQuestion, SeatWatch

OVERLAP = timedelta(minutes=10)
"""Read again: an activation that was still being written when the journal was searched."""

FIRST_LOOK = timedelta(days=1)

ANSWERS = {
    QuestionKind.HARDWARE: (QuestionState.REPLACED, QuestionState.KEPT, QuestionState.BOTH),
    QuestionKind.CLONE: (QuestionState.KEPT, QuestionState.REPLACED),
}
"""What can be answered to which question, the usual answer first."""


def questions_find(*, now: datetime) -> int:
    """Search what happened to seats since the last run, and settle questions whose computers are gone. Idempotent.

    Returns:
        How many questions are new.
    """
    with read_committed(), connection.cursor() as cursor:
        last = SeatWatch.objects.select_for_update().first()
        since = last.ran_at - OVERLAP if last else now - FIRST_LOOK
        cursor.execute(sql_text("questions_find", "seatkeep_hub.upkeep"), {"since": since, "now": now})
        found = int(cursor.rowcount)
        SeatWatch.objects.update_or_create(is_only=True, defaults={"ran_at": now})
        gone = ~Q(seat__state="ACTIVE") | (Q(other__isnull=False) & ~Q(other__state="ACTIVE"))
        settled = SeatQuestion.objects.filter(gone, state=QuestionState.OPEN).values_list("pk", flat=True)
        SeatQuestion.objects.filter(pk__in=list(settled)).update(state=QuestionState.GONE, answered_at=now)
    return found


def question_answer(
    *, actor: Actor, question: SeatQuestion, answer: QuestionState | str, now: datetime
) -> SeatQuestion:
    """Answer a question. The same answer twice does it once.

    Changed hardware: REPLACED stops the former seat, KEPT the new one, BOTH neither. Two computers with one identity:
    KEPT leaves the seat to whoever holds it now, REPLACED stops it, so that both are set up anew.

    Args:
        actor: Who answers; whether they may is the caller's look-up.
        question: Which question.
        answer: One of `ANSWERS` of its kind.
        now: Current time, aware UTC.

    Raises:
        AnswerError: This is no answer to such a question.
        QuestionAnsweredError: It was answered in another way, or settled by itself.
    """
    if answer not in ANSWERS[QuestionKind(question.kind)]:
        raise AnswerError(fields={"answer": [AnswerError.message]})
    with read_committed():
        locked = (
            SeatQuestion.objects.select_for_update(of=("self",)).select_related("seat", "other").get(pk=question.pk)
        )
        if locked.state == answer:
            return locked
        if locked.state != QuestionState.OPEN:
            raise QuestionAnsweredError
        stopped = _stopped(locked, QuestionState(answer))
        if stopped is not None:
            seats_deactivate(actor=actor, seat_uids=[stopped.uid], now=now)
        locked.state, locked.answered_at, locked.answered_by = str(answer), now, actor.label[:200]
        locked.save(update_fields=["state", "answered_at", "answered_by"])
        audit_record(
            actor=actor,
            action="seat_question:answer",
            subject_type="seat",
            subject_id=str(locked.seat.uid),
            company_uid=locked.seat.node.company.uid,
            details={"question": locked.kind, "answer": str(answer), "device": locked.seat.shown_name},
            now=now,
        )
    return locked


def question_list(viewer: Viewer) -> QuerySet[SeatQuestion]:
    """Questions about computers of companies that the viewer may see, the newest first."""
    visible = companies_visible(viewer).values("pk")
    found = SeatQuestion.objects.filter(seat__node__company__in=visible)
    related = ("seat__node__company", "seat__product", "seat__license", "other__node__company")
    return found.select_related(*related).order_by("-id")


def question_get(viewer: Viewer, uid: UUID) -> SeatQuestion:
    """One question.

    Raises:
        QuestionNotFoundError: There is none, or it is about another's computer.
    """
    found = question_list(viewer).filter(uid=uid).first()
    if found is None:
        raise QuestionNotFoundError
    return found


def _stopped(question: SeatQuestion, answer: QuestionState) -> Seat | None:
    if answer == QuestionState.REPLACED:
        return question.seat
    is_new_stopped = answer == QuestionState.KEPT and question.kind == QuestionKind.HARDWARE
    return question.other if is_new_stopped else None
