"""`/statements/close`: many months at once, each with its result."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.routes.billing import Minor
from seatkeep_hub.billing.errors import StatementNotFoundError
from seatkeep_hub.billing.models import Statement
from seatkeep_hub.billing.selectors import statement_list
from seatkeep_hub.billing.services import Closing, statements_close
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.errors import RightMissingError
from seatkeep_hub.companies.selectors import companies_visible

router = Router(tags=["Statements"])
MAX_STATEMENTS = 1_000


class ManyCloseIn(Schema):
    """The total that was looked at, in minor units, by statement; at most 1,000."""

    totals: Annotated[dict[UUID, Minor], Field(min_length=1, max_length=MAX_STATEMENTS)]


class ClosingOut(Schema):
    """What became of one statement: `closed`, or the code of the refusal with its sentence."""

    statement_id: UUID
    code: str
    detail: str


@router.post("/statements/close", response=list[ClosingOut], summary="Close many months")
@idempotent
def many_close(request: HttpRequest, body: ManyCloseIn) -> list[dict[str, Any]]:
    """Each as by itself: one whose total is another meanwhile, or whose month is not over, stays a draft."""
    viewer = viewer_of(request)
    seen = {one.uid: one for one in statement_list(viewer).filter(uid__in=body.totals)}
    if not seen:
        raise StatementNotFoundError
    sellers = set(companies_visible(viewer, right=Right.BILLING).values_list("pk", flat=True))
    own = {uid: one for uid, one in seen.items() if one.seller_id in sellers}
    if not own:
        raise RightMissingError(right=Right.BILLING.value)
    totals = {one.pk: body.totals[uid] for uid, one in own.items()}
    closings = statements_close(actor=actor_from_request(request), totals=totals, now=read_clock())
    return [*(_out(one) for one in closings), *(_refused(uid, seen.get(uid)) for uid in body.totals if uid not in own)]


def _out(closing: Closing) -> dict[str, Any]:
    error = closing.error
    return {
        "statement_id": closing.statement.uid,
        "code": error.error_code if error else "closed",
        "detail": error.detail if error else "",
    }


def _refused(uid: UUID, seen: Statement | None) -> dict[str, Any]:
    error = RightMissingError(right=Right.BILLING.value) if seen else StatementNotFoundError()
    return {"statement_id": uid, "code": error.error_code, "detail": error.detail}
