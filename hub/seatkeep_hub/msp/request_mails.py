"""Mails about requests: to whom may approve one, and the answer to whom asked; never to a customer's people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.outbox.models import OutboxEvent
from seatkeep_webkit.outbox.services import consume

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, Role
from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.msp.commands import command_words
from seatkeep_hub.msp.enums import RequestState
from seatkeep_hub.msp.models import Request

READER = "request-mails"
TOPICS = frozenset({"request.make", "request.approved", "request.rejected"})
RECEIVERS_AT_MOST = 20


def mails_send(*, now: datetime) -> int:
    """Mail what happened to requests since the last time. Returns how many events were read."""
    return consume(name=READER, topics=TOPICS, handler=_handle, now=now)


def deciders_of(manager: Company) -> list[User]:
    """Whom a request is mailed to: contact persons of the manager, or where it has none, its owners."""
    people = User.objects.filter(is_active=True).exclude(company__kind=CompanyKind.CUSTOMER)
    contacts = people.filter(company=manager, is_contact=True).order_by("id")
    owners = Access.objects.filter(company=manager, level=AccessLevel.WRITE, role__in=[Role.OWNER, Role.ADMINISTRATOR])
    return list(contacts[:RECEIVERS_AT_MOST] or people.filter(accesses__in=owners).order_by("id")[:RECEIVERS_AT_MOST])


def asker_people(request: Request) -> list[User]:
    """Whom the answer is mailed to: the person who asked."""
    try:
        uid = UUID(request.requester_id)
    except ValueError:
        return []
    return list(User.objects.filter(uid=uid, is_active=True).exclude(company__kind=CompanyKind.CUSTOMER))


def _handle(events: Sequence[OutboxEvent]) -> None:
    uids = [str(event.payload["request"]) for event in events]
    rows = Request.objects.filter(uid__in=uids).select_related("company__parent", "about")
    requests = {str(one.uid): one for one in rows}
    for event in events:
        request = requests.get(str(event.payload["request"]))
        if request is not None:
            _mail(request, event.topic)


def _mail(request: Request, topic: str) -> None:
    # What was answered before anybody was told needs no question any more.
    if topic == "request.make":
        if request.state == RequestState.PENDING and request.company.parent is not None:
            _send(request, deciders_of(request.company.parent), _("%(who)s asks: %(what)s"))
    elif topic == "request.approved":
        _send(request, asker_people(request), _("Approved: %(what)s"))
    else:
        _send(request, asker_people(request), _("Rejected: %(what)s"))


def _send(request: Request, people: Iterable[User], subject: str) -> None:
    what = command_words(request.kind, request.about, request.command)
    link = f"{settings.LICENSING_URL}{reverse('portal:request', args=[request.uid])}"
    for person in people:
        mail_send(
            to=person.email,
            subject=subject % {"who": request.company.name, "what": what},
            template="portal/mail/request",
            context={"request": request, "what": what, "link": link, "is_question": request.state == "PENDING"},
        )
