"""Tells people what stands: one daily mail each, and at once what they want at once.

A mail carries what is new to its reader; what they know is only counted. The rows that say so are written in the
transaction that sends: a worker killed between the two sends once more, with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import translation

from seatkeep_hub.alerts import rules
from seatkeep_hub.alerts.enums import AlertKind, AlertMode, AlertScope
from seatkeep_hub.alerts.facts import facts_of
from seatkeep_hub.alerts.mails import AlertMail, mail_to
from seatkeep_hub.alerts.models import AlertDigest, AlertTold
from seatkeep_hub.alerts.rules import Fact, Wishes
from seatkeep_hub.alerts.wishes import wishes_of
from seatkeep_hub.companies import access
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import access_settings
from seatkeep_hub.mailing import is_mail_set

PEOPLE_AT_ONCE = 500


class Due(NamedTuple):
    """What is due for one person now.

    Attributes:
        user: Who.
        wishes: What they want.
        day: Of the daily mail; None when it is not due, or was sent.
    """

    user: User
    wishes: Wishes
    day: date | None

    @property
    def kinds(self) -> frozenset[AlertKind]:
        """Kinds that may be told now."""
        instant = self.wishes.kinds(AlertMode.INSTANT)
        return instant | self.wishes.kinds(AlertMode.DIGEST) if self.day else instant


def alerts_send(*, now: datetime) -> int:
    """Send every mail that is due at `now`; people who wait for nothing cost no reads of licenses. Idempotent.

    Returns:
        How many mails a server took. None without a mail server, and nothing counts as told then.
    """
    if not is_mail_set():
        return 0
    people = User.objects.filter(is_active=True).select_related("company").order_by("language", "pk")
    sent = 0
    for language, found in groupby(people.iterator(chunk_size=PEOPLE_AT_ONCE), key=lambda one: one.language):
        with translation.override(language or None):
            sent += _tell_all(list(found), now)
    return sent


def facts_for(user: User, wishes: Wishes, facts: Iterable[Fact]) -> list[Fact]:
    """Those facts that a person wants to hear of and may see."""
    settings, uid = access_settings(user), str(user.uid)
    wanted = [one for one in facts if rules.is_concerned(one, wishes=wishes, company_id=user.company_id, user_uid=uid)]
    return [one for one in wanted if _is_visible(one, settings)]


def facts_now(user: User, *, now: datetime) -> list[Fact]:
    """Everything that stands for a person, whether it comes by mail or not."""
    wishes = wishes_of([user])[user.pk]
    return facts_for(user, wishes, facts_of(list(AlertKind), companies=_companies([Due(user, wishes, None)]), now=now))


def _tell_all(people: Sequence[User], now: datetime) -> int:
    due = [one for one in _due(people, now) if one.kinds]
    kinds = frozenset[AlertKind]().union(*(one.kinds for one in due))
    if not kinds:
        return 0
    facts = facts_of(kinds, companies=_companies(due), now=now)
    return sum(_tell(one, [fact for fact in facts if fact.kind in one.kinds], now) for one in due)


def _due(people: Sequence[User], now: datetime) -> list[Due]:
    wishes = wishes_of(people)
    days = {
        one.pk: rules.digest_day(now=now, zone=one.time_zone, hour=wishes[one.pk].hour)
        for one in people
        if wishes[one.pk].kinds(AlertMode.DIGEST)
    }
    wanted = {day for day in days.values() if day}
    sent = set(AlertDigest.objects.filter(day__in=wanted, user__in=days).values_list("user_id", "day"))
    return [
        Due(one, wishes[one.pk], None if (one.pk, days.get(one.pk)) in sent else days.get(one.pk)) for one in people
    ]


def _companies(due: Sequence[Due]) -> Collection[int] | None:
    """Companies that the facts must concern; None as soon as somebody looks below their own."""
    if any(one.wishes.scope != AlertScope.OWN for one in due):
        return None
    return {one.user.company_id for one in due}


def _is_visible(fact: Fact, settings: Sequence[access.Setting]) -> bool:
    found = access.nearest(fact.path, settings)
    return found is not None and found.holding.suffices(AccessLevel.READ, fact.right)


def _tell(due: Due, facts: Sequence[Fact], now: datetime) -> int:
    """Send one person what is due, under a lock: a second worker passes by."""
    mine = facts_for(due.user, due.wishes, facts)
    if not mine and due.day is None:
        return 0
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(pk=due.user.pk)
        if not locked.exists() or not _day_taken(due, now):
            return 0
        told = _told(due, mine, now)
        news = rules.news_of(mine, told=told)
        if not news:
            return 0
        _note(due, news, now)
        known = [one for one in mine if one.key in told] if due.day else []
        is_sent = mail_to(AlertMail(user=due.user, news=news, known=known, day=due.day))
        transaction.set_rollback(not is_sent)
    return int(is_sent)


def _note(due: Due, news: Sequence[Fact], now: datetime) -> None:
    rows = [AlertTold(user=due.user, kind=one.kind, key=one.key, told_at=now) for one in news]
    AlertTold.objects.bulk_create(rows)
    if due.day:
        AlertDigest.objects.filter(user=due.user, day=due.day).update(count=len(news))


def _day_taken(due: Due, now: datetime) -> bool:
    """Whether this worker is the one for the day's mail; also where none is due."""
    if due.day is None:
        return True
    _row, is_new = AlertDigest.objects.get_or_create(user=due.user, day=due.day, defaults={"count": 0, "at": now})
    return is_new


def _told(due: Due, mine: Sequence[Fact], now: datetime) -> set[str]:
    """Keys that the person knows; forgets what is gone for a day."""
    told = AlertTold.objects.filter(user=due.user)
    gone = Q(told_at__lt=now - rules.FORGOTTEN_AFTER, kind__in=due.kinds) & ~Q(key__in=[one.key for one in mine])
    told.filter(gone).delete()
    return set(told.values_list("key", flat=True))
