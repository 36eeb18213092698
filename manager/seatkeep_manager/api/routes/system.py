"""What belongs to the whole console: templates for customers to come, tokens of programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import require_admin
from seatkeep_manager.api.models import ApiToken
from seatkeep_manager.api.schemas import ApiTokenIn, ApiTokenMadeOut, ApiTokenOut, PageOut, TemplateIn, TemplateOut
from seatkeep_manager.api.selectors import token_get, token_list
from seatkeep_manager.api.services import token_create, token_revoke
from seatkeep_manager.customers.models import CustomerTemplate
from seatkeep_manager.customers.selectors import template_list
from seatkeep_manager.customers.services import template_create
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.policies.selectors import policy_get

router = Router(tags=["System"])


@router.get("/templates", response=PageOut[TemplateOut], summary="Templates for new customers")
def template_index(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[CustomerTemplate]:
    """All templates by name."""
    require_admin(request)
    rows = template_list().prefetch_related("policies")
    return paginate(rows, order=("name", "id"), cursor=cursor, limit=limit)


@router.post("/templates", response={201: TemplateOut}, summary="Make a template for new customers")
@idempotent
def template_new(request: HttpRequest, body: TemplateIn) -> Status[CustomerTemplate]:
    """Make a template: groups, policies for everybody in this order, the key's daily limit."""
    user = require_admin(request)
    policies = [policy_get(user, uid=uid).pk for uid in body.policies]
    made = template_create(
        actor=actor_from_request(request), name=body.name, groups=body.groups, policy_ids=policies,
        daily_cap=body.daily_cap, now=clock_now(),
    )  # fmt: skip
    return Status(201, made)


@router.get("/api-tokens", response=PageOut[ApiTokenOut], summary="Tokens of programs")
def token_index(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[ApiToken]:
    """Valid tokens, without their secrets."""
    require_admin(request)
    return paginate(token_list(), order=("id",), cursor=cursor, limit=limit)


@router.post("/api-tokens", response={201: ApiTokenMadeOut}, summary="Make a token for a program")
@idempotent
def token_new(request: HttpRequest, body: ApiTokenIn) -> Status[dict[str, Any]]:
    """Make a token that acts in the whole console. The secret comes only now."""
    require_admin(request)
    level = AccessLevel(body.level)
    token, secret = token_create(actor=actor_from_request(request), name=body.name, level=level, now=clock_now())
    return Status(201, {"uid": token.uid, "secret": secret})


@router.delete("/api-tokens/{uuid:uid}", response={204: None}, summary="Revoke a token")
def token_drop(request: HttpRequest, uid: UUID) -> Status[None]:
    """Refuse the token from now on. Idempotent."""
    require_admin(request)
    token_revoke(actor=actor_from_request(request), token=token_get(uid), now=clock_now())
    return Status(204, None)
