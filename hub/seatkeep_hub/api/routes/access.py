"""`/roles`, access of people, why somebody may do something, rules for signing in, Security Admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate
from seatkeep_webkit.roles import ROLES

from seatkeep_hub.api.auth import anyone_of, viewer_of
from seatkeep_hub.api.schemas import AccessIn, AccessOut, AdminIn, AdminOut, InvitedOut, Limit, PageOut
from seatkeep_hub.business.services import admin_get, admin_invite, admin_list, admin_revoke
from seatkeep_hub.companies.enums import Right, Role
from seatkeep_hub.companies.explaining import Act, Explanation, explain
from seatkeep_hub.companies.models import Access
from seatkeep_hub.companies.selectors import access_list, companies_visible, company_get, user_get
from seatkeep_hub.licensing.models import SecurityAdmin
from seatkeep_hub.people.granting import Wanted, access_change, role_give
from seatkeep_hub.people.models import MAX_IDLE_MINUTES, MIN_IDLE_MINUTES, SignInRule
from seatkeep_hub.people.signing_in import sign_in_rule, sign_in_rule_set

router = Router(tags=["People"])


class RoleOut(Schema):
    """A ready-made role."""

    role: str
    name: str
    summary: str
    level: str
    rights: list[str]


class AccessAt(AccessIn):
    """One setting of several; both null means "as above"."""

    company_id: UUID


class AccessManyIn(Schema):
    """Settings at several companies: all of them are set, or none."""

    settings: Annotated[tuple[AccessAt, ...], Field(min_length=1, max_length=500)]


class RoleIn(Schema):
    """One role for a company and everything below it, also what comes later, or only for a list of customers."""

    company_id: UUID
    role: Role
    customer_ids: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()
    sees_prices: bool | None = None


class FactOut(Schema):
    """One link of the chain; `allows` null where it only tells."""

    code: str
    words: str
    allows: bool | None
    company_id: UUID | None


class WhyOut(Schema):
    """Whether a person may do something at a company, and every fact that decided."""

    is_allowed: bool
    facts: list[FactOut]


class SignInRuleBody(Schema):
    """How people of a company and below have to sign in."""

    requires_second_factor: bool = False
    idle_minutes: Annotated[int, Field(ge=MIN_IDLE_MINUTES, le=MAX_IDLE_MINUTES)] | None = None


@router.get("/roles", response=list[RoleOut], summary="List roles")
def role_index(request: HttpRequest) -> list[dict[str, object]]:
    """The ready-made roles, with the level and the rights that each brings."""
    anyone_of(request)
    return [
        {
            "role": role.value,
            "name": str(role.label),
            "summary": str(one.summary),
            "level": one.level,
            "rights": sorted(one.rights),
        }
        for role, one in ROLES.items()
    ]


@router.get("/users/{user_id}/access", response=list[AccessOut], summary="Show a person's access")
def access_index(request: HttpRequest, user_id: UUID) -> list[Access]:
    """Explicit settings on companies that you may see; the nearest one wins."""
    viewer = viewer_of(request)
    return list(access_list(user_get(viewer, user_id)).filter(company__in=companies_visible(viewer)))


@router.put("/users/{user_id}/access", response={204: None}, summary="Set a person's access at several companies")
def access_put_many(request: HttpRequest, user_id: UUID, body: AccessManyIn) -> Status[None]:
    """Set or drop (null) explicit settings, all or none; nobody gives more than they hold."""
    viewer = viewer_of(request)
    wanted = [_wanted(request, one.company_id, one) for one in body.settings]
    access_change(
        viewer=viewer,
        actor=actor_from_request(request),
        user=user_get(viewer, user_id),
        wanted=wanted,
        now=read_clock(),
    )
    return Status(204, None)


@router.put("/users/{user_id}/access/{company_id}", response={204: None}, summary="Set a person's access")
def access_put(request: HttpRequest, user_id: UUID, company_id: UUID, body: AccessIn) -> Status[None]:
    """Set or drop (null) what a person may do with a company and everything below it."""
    viewer = viewer_of(request)
    wanted = [_wanted(request, company_id, body)]
    person, actor = user_get(viewer, user_id), actor_from_request(request)
    access_change(viewer=viewer, actor=actor, user=person, wanted=wanted, now=read_clock())
    return Status(204, None)


@router.put("/users/{user_id}/role", response={204: None}, summary="Give a person a role")
def role_put(request: HttpRequest, user_id: UUID, body: RoleIn) -> Status[None]:
    """Replace what the person has at a company and below by one role, for everything there or for a list."""
    viewer = viewer_of(request)
    role_give(
        viewer=viewer,
        actor=actor_from_request(request),
        user=user_get(viewer, user_id),
        company=company_get(viewer, body.company_id, right=Right.PEOPLE),
        role=body.role,
        customers=[company_get(viewer, one, right=Right.PEOPLE) for one in body.customer_ids],
        sees_prices=body.sees_prices,
        now=read_clock(),
    )
    return Status(204, None)


@router.get("/users/{user_id}/why", response=WhyOut, summary="Explain a person's access")
def why(request: HttpRequest, user_id: UUID, company_id: UUID, act: Act = Act.VIEW) -> dict[str, object]:
    """Whether a person may do something at a company that you see, with the facts that decide."""
    viewer = viewer_of(request)
    found = explain(user=user_get(viewer, user_id), company=company_get(viewer, company_id), act=act)
    visible = set(companies_visible(viewer).values_list("pk", flat=True).filter(pk__in=_places(found)))
    facts = [
        {
            "code": one.code,
            "words": one.words,
            "allows": one.allows,
            "company_id": one.company.uid if one.company and one.company.pk in visible else None,
        }
        for one in found.facts
    ]
    return {"is_allowed": found.is_allowed, "facts": facts}


@router.get("/companies/{company_id}/sign-in-rule", response=SignInRuleBody, summary="Show rules for signing in")
def rule_show(request: HttpRequest, company_id: UUID) -> SignInRule:
    """The company's own rule; those above it hold, too."""
    company = company_get(viewer_of(request), company_id)
    return sign_in_rule(company) or SignInRule(company=company)


@router.put("/companies/{company_id}/sign-in-rule", response=SignInRuleBody, summary="Set rules for signing in")
def rule_put(request: HttpRequest, company_id: UUID, body: SignInRuleBody) -> SignInRule:
    """Ask everyone of the company and below for a second factor; end sessions without clicks."""
    company = company_get(viewer_of(request), company_id, right=Right.PEOPLE)
    return sign_in_rule_set(actor=actor_from_request(request), company=company, now=read_clock(), **body.dict())


@router.get("/security-admins", response=PageOut[AdminOut], summary="List Security Admins")
def admin_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[SecurityAdmin]:
    """Security Admins, invited and former ones too."""
    return paginate(admin_list(viewer_of(request)), order=("id",), cursor=cursor, limit=limit)


@router.post("/security-admins", response={201: InvitedOut}, summary="Invite a Security Admin")
@idempotent
def admin_new(request: HttpRequest, body: AdminIn) -> Status[dict[str, object]]:
    """Invite a person to manage the licenses of an owner that you may change. The link comes only now."""
    owner = company_get(viewer_of(request), body.company_id, right=Right.PEOPLE)
    invited = admin_invite(owner=owner, email=body.email, actor=actor_from_request(request), now=read_clock())
    return Status(
        201,
        {
            "id": invited.admin.uid,
            "email": invited.admin.email,
            "link": invited.link,
            "is_mailed": invited.is_mailed,
        },
    )


@router.delete("/security-admins/{admin_id}", response={204: None}, summary="Revoke a Security Admin")
def admin_drop(request: HttpRequest, admin_id: UUID) -> Status[None]:
    """End the appointment. Consoles that they linked go on."""
    viewer = viewer_of(request)
    admin = admin_get(viewer, admin_id)
    company_get(viewer, admin.company.uid, right=Right.PEOPLE)
    admin_revoke(admin=admin, actor=actor_from_request(request), now=read_clock())
    return Status(204, None)


def _wanted(request: HttpRequest, company_id: UUID, body: AccessIn) -> Wanted:
    company = company_get(viewer_of(request), company_id, right=Right.PEOPLE)
    return Wanted(company, body.level, body.role, body.sees_prices)


def _places(found: Explanation) -> list[int]:
    return [one.company.pk for one in found.facts if one.company]
