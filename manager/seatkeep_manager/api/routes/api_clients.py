"""API clients: programs with a secret of their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.rights_schemas import ApiTokenIn, ApiTokenMadeOut, ApiTokenOut
from seatkeep_manager.api.routes.rights import what_of
from seatkeep_manager.api.schemas import PageOut
from seatkeep_manager.rights.api_clients import token_create, token_revoke, token_rotate
from seatkeep_manager.rights.granting import program_check
from seatkeep_manager.rights.models import ApiToken
from seatkeep_manager.rights.selectors import client_get, clients_visible

router = Router(tags=["API clients"])


@router.get("/api-tokens", response=PageOut[ApiTokenOut], summary="API clients")
def token_index(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[ApiToken]:
    """Programs that work, without their secrets."""
    rows = clients_visible(caller(request)).prefetch_related(
        "account__grants__group", "account__grants__permission_set"
    )
    return paginate(rows, order=("-id",), cursor=cursor, limit=limit)


@router.post("/api-tokens", response={201: ApiTokenMadeOut}, summary="Make an API client")
@idempotent
def token_new(request: HttpRequest, body: ApiTokenIn) -> Status[dict[str, Any]]:
    """Make a program that may what a role or a set says, at a group and below. The secret comes only now."""
    user = caller(request)
    what = what_of(request, role=body.role, permission_set=body.permission_set, group=body.group)
    program_check(user, **what)
    token, secret = token_create(
        actor=actor_from_request(request), name=body.name, made_by=user, now=clock_now(), **what
    )
    return Status(201, {"uid": token.uid, "secret": secret})


@router.post("/api-tokens/{uuid:uid}/rotate", response=ApiTokenMadeOut, summary="Give a client another secret")
def token_renew(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """Make another secret; the former is refused from now on."""
    token = client_get(caller(request), uid=uid)
    return {"uid": token.uid, "secret": token_rotate(actor=actor_from_request(request), token=token, now=clock_now())}


@router.delete("/api-tokens/{uuid:uid}", response={204: None}, summary="Stop an API client")
def token_drop(request: HttpRequest, uid: UUID) -> Status[None]:
    """Refuse the program from now on."""
    token_revoke(actor=actor_from_request(request), token=client_get(caller(request), uid=uid), now=clock_now())
    return Status(204, None)
