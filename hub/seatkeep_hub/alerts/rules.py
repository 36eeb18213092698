"""Pure decisions about alerts: what comes by itself, when the daily mail is due, and who is concerned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from seatkeep_hub.alerts.enums import AlertKind, AlertMode, AlertScope
from seatkeep_hub.companies.enums import CompanyKind, Right

DEFAULT_HOUR = 8
SATURDAY = 5
FORGOTTEN_AFTER = timedelta(days=1)
"""A fact that went and comes back within a day is no news: seats at a limit come and go."""

USUAL_MODES: Mapping[AlertKind, AlertMode] = {
    AlertKind.STATEMENT_WAITING: AlertMode.INSTANT,
    AlertKind.IMPORT_FINISHED: AlertMode.OFF,
}
"""How a kind comes to staff who may change something; the others come in the daily mail (UI.md, "Mail")."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that stands and that somebody may want to know.

    Attributes:
        kind: What it is about.
        key: The same while it stands, and another when it is another fact.
        companies: Ids of whom it concerns: the license's owner and the customer, or the seller.
        path: Of the company that one must be able to see for it.
        about: Whose or which thing, such as "Bakery".
        what: What is to be known, one line.
        link: Path of the page that shows it.
        right: Only for who holds it there; None for everybody who sees the company.
        only_user: Id of the person whom alone it concerns.
    """

    kind: AlertKind
    key: str
    companies: tuple[int, ...]
    path: Sequence[int]
    about: str
    what: str
    link: str
    right: Right | None = None
    only_user: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one person wants to be told.

    Attributes:
        modes: Of every kind.
        scope: About which companies.
        chosen: Ids of the companies of CHOSEN.
        hour: Of the daily mail, in the person's zone.
    """

    modes: Mapping[AlertKind, AlertMode]
    scope: AlertScope = AlertScope.OWN
    chosen: frozenset[int] = field(default_factory=frozenset)
    hour: int = DEFAULT_HOUR

    def kinds(self, mode: AlertMode) -> frozenset[AlertKind]:
        """Kinds that come this way."""
        return frozenset(kind for kind, held in self.modes.items() if held == mode)


def usual_mode(kind: AlertKind, *, company_kind: str, may_change: bool) -> AlertMode:
    """How a kind comes to somebody who set nothing.

    Nothing ever goes to a customer's people by itself, nor to who may only look (DESIGN, "Mail").

    Args:
        kind: What it is about.
        company_kind: Of the company that the person works for.
        may_change: The person may change something somewhere.
    """
    if company_kind == CompanyKind.CUSTOMER or not may_change:
        return AlertMode.OFF
    return USUAL_MODES.get(kind, AlertMode.DIGEST)


def modes_of(set_modes: Mapping[str, str], *, company_kind: str, may_change: bool) -> dict[AlertKind, AlertMode]:
    """Modes of every kind: as set, else as usual."""
    return {
        kind: AlertMode(set_modes[kind])
        if kind in set_modes
        else usual_mode(kind, company_kind=company_kind, may_change=may_change)
        for kind in AlertKind
    }


def digest_day(*, now: datetime, zone: str, hour: int) -> date | None:
    """The day whose daily mail is due at `now`; None before its hour and at weekends.

    A day whose hour does not exist (the clock went forward) is due at the next one; a server that was down at the hour
    sends later on that day.

    Args:
        now: Current time, aware UTC.
        zone: IANA name of the person's time zone.
        hour: 0 to 23.
    """
    local = now.astimezone(ZoneInfo(zone))
    return local.date() if local.weekday() < SATURDAY and local.hour >= hour else None


def is_concerned(fact: Fact, *, wishes: Wishes, company_id: int, user_uid: str) -> bool:
    """Whether a fact is among what a person wants to hear of; whether they may see it is another question."""
    if fact.only_user:
        return fact.only_user == user_uid
    if wishes.scope == AlertScope.OWN:
        return company_id in fact.companies
    if wishes.scope == AlertScope.CHOSEN:
        return not wishes.chosen.isdisjoint(fact.path)
    return True


def news_of(facts: Sequence[Fact], *, told: Collection[str]) -> list[Fact]:
    """Facts that were not told yet, in their order."""
    return [one for one in facts if one.key not in told]
