"""`/users/{id}/alerts`: what a person is told by mail."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock

from seatkeep_hub.alerts.enums import AlertKind, AlertMode, AlertScope
from seatkeep_hub.alerts.rules import DEFAULT_HOUR, Wishes
from seatkeep_hub.alerts.wishes import MAX_CHOSEN, alerts_set, user_for_alerts, user_named, wishes_of
from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import companies_visible, company_get

router = Router(tags=["People"])


class AlertsIn(Schema):
    """What a person is told; kinds that are left out stay as they are, and `company_ids` null, too."""

    modes: dict[AlertKind, AlertMode] = Field(default_factory=dict)
    scope: AlertScope = AlertScope.OWN
    company_ids: Annotated[list[UUID], Field(max_length=MAX_CHOSEN)] | None = None
    hour: Annotated[int, Field(ge=0, le=23)] = DEFAULT_HOUR


class AlertsOut(Schema):
    """How each kind comes, about which companies, and the hour of the daily mail in the person's zone."""

    modes: dict[AlertKind, AlertMode]
    scope: AlertScope
    company_ids: list[UUID]
    hour: int
    time_zone: str


@router.get("/users/{user_id}/alerts", response=AlertsOut, summary="Show what a person is told")
def alerts_show(request: HttpRequest, user_id: UUID) -> dict[str, Any]:
    """Kinds that nobody set are as they come by themselves."""
    viewer = viewer_of(request)
    person = user_for_alerts(viewer, user_named(viewer, user_id))
    return _out(request, wishes_of([person])[person.pk], person.time_zone)


@router.put("/users/{user_id}/alerts", response=AlertsOut, summary="Set what a person is told")
def alerts_put(request: HttpRequest, user_id: UUID, body: AlertsIn) -> dict[str, Any]:
    """One's own, or somebody else's with the right to manage people. A mail never goes to a customer by itself."""
    viewer = viewer_of(request)
    person = user_for_alerts(viewer, user_named(viewer, user_id), level=AccessLevel.WRITE)
    companies = None if body.company_ids is None else [company_get(viewer, uid) for uid in body.company_ids]
    wishes = alerts_set(
        actor=actor_from_request(request),
        user=person,
        now=read_clock(),
        modes={kind.value: mode.value for kind, mode in body.modes.items()},
        scope=body.scope,
        companies=companies,
        hour=body.hour,
    )
    return _out(request, wishes, person.time_zone)


def _out(request: HttpRequest, wishes: Wishes, time_zone: str) -> dict[str, Any]:
    """Of the chosen companies only those that the caller may see."""
    visible = companies_visible(viewer_of(request))
    chosen = Company.objects.filter(pk__in=wishes.chosen).filter(pk__in=visible.values("pk"))
    return {
        "modes": dict(wishes.modes),
        "scope": wishes.scope,
        "company_ids": list(chosen.order_by("pk").values_list("uid", flat=True)),
        "hour": wishes.hour,
        "time_zone": time_zone,
    }
