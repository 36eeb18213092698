"""What the tests of people share."""

from __future__ import annotations

from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.companies.enums import Role
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.people import access_set, user_create

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def browser(user: User) -> Client:
    """A browser in which a person is signed in."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def person(cast: Cast, name: str, role: Role, company: Company | None = None) -> User:
    """Somebody of MSP A (or another company) with a role there."""
    where = company or cast.msp_a
    made = user_create(actor=ACTOR, company=where, email=f"{name}@example.com", name=name.title(), now=NOW)
    access_set(actor=ACTOR, user=made, company=where, role=role, now=NOW)
    return made
