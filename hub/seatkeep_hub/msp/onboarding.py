"""Begin with a company: create it, let it take seats, and invite its contact person, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.services import agreements_begin
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus, Role
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.msp.invitations import PersonInvited, invitation_create


class CompanyBegun(NamedTuple):
    """The new company, and the invitation of its contact person, whose secret is shown once."""

    company: Company
    invited: PersonInvited | None


@transaction.atomic
def company_begin(
    *,
    actor: Actor,
    parent: Company,
    kind: CompanyKind | str,
    name: str,
    now: datetime,
    takes_seats: bool = False,
    contact_email: str = "",
    **fields: Any,
) -> CompanyBegun:
    """Create a company. Sends no mail.

    With a contact person it waits for confirmation until that person accepts the invitation as its owner; a customer
    never waits.

    Args:
        actor: Who does it; that they may change `parent` is the caller's look-up.
        parent: The company above.
        kind: What it will be.
        name: Unique among its siblings.
        now: Current time, aware UTC.
        takes_seats: Let a customer's computers take seats of the shared license at once.
        contact_email: Whom to invite; empty for nobody.
        **fields: As `company_create`.

    Raises:
        AlreadyInvitedError: Somebody has that address.
        And everything that `company_create` raises.
    """
    waits = bool(contact_email) and kind != CompanyKind.CUSTOMER
    status = CompanyStatus.WAITING if waits else CompanyStatus.ACTIVE
    made = company_create(actor=actor, parent=parent, kind=kind, name=name, status=status, now=now, **fields)
    if takes_seats and made.kind == CompanyKind.CUSTOMER:
        agreements_begin(actor=actor, company=made, now=now)
    if not contact_email:
        return CompanyBegun(made, None)
    role = Role.OWNER if waits else Role.CUSTOMER_IT
    level = AccessLevel.WRITE if waits else AccessLevel.READ
    invited = invitation_create(actor=actor, company=made, email=contact_email, level=level, role=role, now=now)
    return CompanyBegun(made, invited)
