"""`/instances`, `/api-tokens`: programs that call."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.impersonation import refuse_while_impersonating
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import InstanceOut, Limit, PageOut, TokenOut
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.models import ApiToken, Instance
from seatkeep_hub.instances.scopes import scopes_of_level
from seatkeep_hub.instances.selectors import instance_get, instance_list
from seatkeep_hub.instances.services import instance_revoke
from seatkeep_hub.instances.tokens import (
    token_check,
    token_create,
    token_get,
    token_list,
    token_revoke,
    token_rotate,
)

router = Router(tags=["Programs"])


class TokenIn(Schema):
    """An API client of a company: `scopes` such as `licenses:read`; without them everything that `level` allows."""

    company_id: UUID
    name: Annotated[str, Field(min_length=1, max_length=100)]
    level: TokenLevel = TokenLevel.READ
    scopes: Annotated[tuple[Annotated[str, Field(max_length=20)], ...], Field(max_length=30)] = ()
    expires_at: datetime | None = None


class TokenMadeOut(Schema):
    """A new token; `secret` is shown only now."""

    id: UUID
    secret: str


@router.get("/instances", response=PageOut[InstanceOut], summary="List consoles")
def instance_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[Instance]:
    """Consoles that are or were linked to companies that you may see."""
    return paginate(instance_list(viewer_of(request)), order=("id",), cursor=cursor, limit=limit)


@router.delete("/instances/{instance_id}", response={204: None}, summary="Revoke a console")
def instance_drop(request: HttpRequest, instance_id: UUID) -> Status[None]:
    """Refuse every further call of the console. Devices keep their licenses."""
    viewer = viewer_of(request)
    instance = instance_get(viewer, instance_id)
    company_get(viewer, instance.company.uid, right=Right.PROGRAMS)
    instance_revoke(instance=instance, actor=actor_from_request(request), now=read_clock())
    return Status(204, None)


@router.get("/api-tokens", response=PageOut[TokenOut], summary="List integration tokens")
def token_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[ApiToken]:
    """Valid tokens of the companies that you may see, without their secrets."""
    return paginate(token_list(viewer_of(request)), order=("id",), cursor=cursor, limit=limit)


@router.post("/api-tokens", response={201: TokenMadeOut}, summary="Make an integration token")
@idempotent
@refuse_while_impersonating
def token_new(request: HttpRequest, body: TokenIn) -> Status[dict[str, object]]:
    """Make a token that acts for a company that you may change. The secret comes only now."""
    viewer, fields = viewer_of(request), body.dict(exclude={"company_id"})
    company = company_get(viewer, body.company_id)
    token_check(viewer, company=company, scopes=body.scopes or scopes_of_level(body.level))
    made_by = viewer if isinstance(viewer, User) else None
    made = token_create(company=company, made_by=made_by, actor=actor_from_request(request), now=read_clock(), **fields)
    return Status(201, {"id": made.token.uid, "secret": made.secret})


@router.post("/api-tokens/{token_id}/rotate", response={200: TokenMadeOut}, summary="Change a token's secret")
@idempotent
@refuse_while_impersonating
def token_renew(request: HttpRequest, token_id: UUID) -> dict[str, object]:
    """Give a token another secret, which comes only now; the old one is refused at once."""
    viewer = viewer_of(request)
    token = token_get(viewer, token_id)
    company_get(viewer, token.company.uid, right=Right.PROGRAMS)
    made = token_rotate(token=token, actor=actor_from_request(request), now=read_clock())
    return {"id": made.token.uid, "secret": made.secret}


@router.delete("/api-tokens/{token_id}", response={204: None}, summary="Revoke an integration token")
def token_drop(request: HttpRequest, token_id: UUID) -> Status[None]:
    """Refuse the token from now on."""
    viewer = viewer_of(request)
    token = token_get(viewer, token_id)
    company_get(viewer, token.company.uid, right=Right.PROGRAMS)
    token_revoke(token=token, actor=actor_from_request(request), now=read_clock())
    return Status(204, None)
