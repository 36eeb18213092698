"""The mail of alerts: text and HTML, what is new kind by kind, and how to stop each kind."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import ngettext

from seatkeep_hub.alerts.enums import AlertKind
from seatkeep_hub.alerts.rules import Fact
from seatkeep_hub.alerts.wishes import off_token
from seatkeep_hub.companies.models import User
from seatkeep_hub.mailing import mail_send

SHOWN_PER_KIND = 10


class AlertMail(NamedTuple):
    """One mail.

    Attributes:
        user: To whom.
        news: What is new to them, at least one; in the order of the kinds.
        known: What they know and still stands.
        day: Of a daily mail; None for one that comes at once.
    """

    user: User
    news: Sequence[Fact]
    known: Sequence[Fact]
    day: date | None


class Part(NamedTuple):
    """What a mail says about one kind."""

    title: str
    facts: list[Fact]
    more: int
    off_link: str


def mail_to(mail: AlertMail) -> bool:
    """Send it.

    Returns:
        Whether a mail server took it.
    """
    off_all = _off_link(mail.user, None)
    return mail_send(
        to=mail.user.email,
        subject=_subject(mail),
        template="alerts/mail",
        context=context_of(mail),
        headers={
            "Message-ID": _message_id(mail),
            # RFC 8058: a mail program may offer one button, which posts to this address.
            "List-Unsubscribe": f"<{off_all}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def context_of(mail: AlertMail) -> dict[str, object]:
    """What both templates show."""
    return {
        "site": settings.LICENSING_URL,
        "day": mail.day,
        "parts": [_part(mail.user, AlertKind(kind), list(facts)) for kind, facts in _by_kind(mail.news)],
        "known": [(AlertKind(kind).label, len(list(facts))) for kind, facts in _by_kind(mail.known)],
        "link": f"{settings.LICENSING_URL}{reverse('portal:alerts')}",
    }


def _by_kind(facts: Sequence[Fact]) -> groupby[str, Fact]:
    return groupby(facts, key=lambda one: one.kind.value)


def _part(user: User, kind: AlertKind, facts: list[Fact]) -> Part:
    more = max(0, len(facts) - SHOWN_PER_KIND)
    return Part(str(kind.label), facts[:SHOWN_PER_KIND], more, _off_link(user, kind))


def _subject(mail: AlertMail) -> str:
    first = mail.news[0]
    if len(mail.news) == 1:
        return f"{first.kind.label} – {first.about}"
    return ngettext("%(count)s thing to know", "%(count)s things to know", len(mail.news)) % {"count": len(mail.news)}


def _off_link(user: User, kind: AlertKind | None) -> str:
    return f"{settings.LICENSING_URL}{reverse('portal:alerts-off', args=[off_token(user, kind)])}"


def _message_id(mail: AlertMail) -> str:
    """The same for the same mail, so that one that is sent twice is shown once."""
    keys = "\n".join(sorted(one.key for one in mail.news))
    told = hashlib.sha256(f"{mail.user.uid}\n{mail.day}\n{keys}".encode()).hexdigest()[:32]
    return f"<alerts-{told}@{urlsplit(settings.LICENSING_URL).hostname}>"
