"""Small words and colors that several pages share."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit import html
from seatkeep_webkit.clock import now as read_clock

from seatkeep_hub.licensing.enums import LicenseState
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import ProductUsage, license_usage
from seatkeep_hub.licensing.selectors import license_state as state_of
from seatkeep_hub.portal.audit_words import PROGRAMS

register = template.Library()

STATE_TONES = {
    "OK": "ok",
    "WARNING": "warn",
    "ERROR": "bad",
    "EXPIRED": "bad",
    "TRIAL_EXPIRED": "bad",
    "SUSPENDED": "warn",
    "CANCELLED": "off",
}
ACTORS = {**PROGRAMS, "device": _("The computer itself")}
QUIET_AFTER = timedelta(days=14)
SILENT_AFTER = timedelta(days=30)


@register.simple_tag
def license_badge(license: License) -> SafeString:
    """The license's state as a badge."""
    state = LicenseState(state_of(license, now=read_clock(), usage=_usage(license)))
    return html.status_badge(STATE_TONES[state.value], state.label)


@register.simple_tag
def license_used(license: License) -> int:
    """Seats in use of the product that uses most."""
    return max((line.used for line in _usage(license)), default=0)


def _usage(license: License) -> list[ProductUsage]:
    """What a list has read for all its licenses at once, else for this one."""
    known: list[ProductUsage] | None = getattr(license, "usage_lines", None)
    return license_usage(license) if known is None else known


@register.filter
def actor_words(label: str) -> str:
    """Who acted: a person's address as it is, a part of the program or a computer in words."""
    return str(ACTORS.get(label, label))


@register.filter
def age_class(seen_at: datetime) -> str:
    """Color of "last seen": calm below 14 days, amber from there, red from 30 days."""
    age = read_clock() - seen_at
    if age >= SILENT_AFTER:
        return "text-danger"
    return "text-warning" if age >= QUIET_AFTER else ""
