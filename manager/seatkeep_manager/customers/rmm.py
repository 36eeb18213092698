"""What an RMM needs to roll out to many customers: one line per place with its key and a command per system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import Subject, audit_record_many

from seatkeep_manager.customers.models import SetupJob
from seatkeep_manager.deployment.rules import MAX_GROUP_CHARACTERS, System, Wish, command_for
from seatkeep_manager.directory.access import within
from seatkeep_manager.directory.enums import AccessLevel, Functionality, GroupKind
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.enrollment.enums import TokenKind
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.selectors import company_list

CUSTOMERS_AT_ONCE = 500
_SEPARATORS = frozenset("/\\")


@dataclass(frozen=True)
class RmmLine:
    """One place that computers join.

    Attributes:
        number: The customer's number in Licensing, by which an RMM knows it.
        customer: Its name.
        group: Way from the customer's group down, such as `Office/Reception`; "" for its own group.
        key_reference: Tells keys apart without being one.
        key: The deployment key, a secret.
        windows: Command for PowerShell as administrator.
        linux: Command for a shell as root.
    """

    number: str
    customer: str
    group: str
    key_reference: str
    key: str
    windows: str
    linux: str


def rmm_customers(user: User, *, job: SetupJob | None = None) -> QuerySet[MirroredCompany]:
    """Customers by name whose keys a person may see: those of one set-up of many, or all."""
    rows = within(company_list(), user, functionality=Functionality.INSTALLERS, level=AccessLevel.USE)
    rows = rows.order_by("name", "id")
    return rows.filter(pk__in=job.items.order_by().values("company_id")) if job else rows


def rmm_lines(companies: Iterable[MirroredCompany]) -> Iterator[RmmLine]:
    """Lines of customers that have a deployment key, in the given order; three statements per 500 customers.

    A group whose way cannot be written, because a name in it holds a slash, is left out.
    """
    rest = iter(companies)
    while some := list(islice(rest, CUSTOMERS_AT_ONCE)):
        ids = [company.hub_id for company in some]
        keys = {token.company_hub_id: token for token in _keys(ids)}
        groups = _ways(ids)
        for company in some:
            if token := keys.get(company.hub_id):
                yield from (_line(company, token, way) for way in ["", *groups.get(company.hub_id, [])])


def rmm_record(*, actor: Actor, companies: Iterable[MirroredCompany], now: datetime) -> None:
    """Write down for each customer that its key was given away."""
    subjects = [Subject(str(company.uid), company.hub_id, {}) for company in companies]
    audit_record_many(actor=actor, action="customer:key_show", subject_type="customer", subjects=subjects, now=now)


def _keys(hub_ids: list[UUID]) -> QuerySet[EnrollmentToken]:
    return EnrollmentToken.objects.filter(
        company_hub_id__in=hub_ids,
        kind=TokenKind.DEPLOYMENT_KEY,
        revoked_at__isnull=True,
        expires_at__isnull=True,
    )


def _ways(hub_ids: list[UUID]) -> dict[UUID, list[str]]:
    """Free groups of each customer as ways from its own group down, sorted."""
    rows = StaticGroup.objects.filter(company_hub_id__in=hub_ids, kind=GroupKind.FREE).order_by("path")
    groups = list(rows.only("pk", "name", "path", "company_hub_id"))
    names = {group.pk: group.name for group in groups}
    found: dict[UUID, list[str]] = {}
    for group in groups:
        way = [names[pk] for pk in group.path if pk in names]
        text = "/".join(way)
        if len(text) <= MAX_GROUP_CHARACTERS and not any(_SEPARATORS & set(name) for name in way):
            found.setdefault(group.company_hub_id, []).append(text)  # type: ignore[arg-type]  # asked for by id
    return {hub_id: sorted(ways) for hub_id, ways in found.items()}


def _line(company: MirroredCompany, token: EnrollmentToken, way: str) -> RmmLine:
    commands = {
        system: command_for(console_url=settings.CONSOLE_URL, key=token.secret, wish=Wish(system=system, group=way))
        for system in System
    }
    return RmmLine(
        number=company.custom_identifier,
        customer=company.name,
        group=way,
        key_reference=f"{token.uid} …{token.hint}",
        key=token.secret,
        windows=commands[System.WINDOWS],
        linux=commands[System.LINUX],
    )
