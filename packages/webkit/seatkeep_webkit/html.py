"""Small pieces of HTML that tags and table cells share."""

from __future__ import annotations

from datetime import datetime

from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from seatkeep_webkit import clock
from seatkeep_webkit.errors import Text

TONES = {
    "ok": "circle-check",
    "warn": "alert-triangle",
    "bad": "alert-octagon",
    "info": "info-circle",
    "off": "circle-dashed",
}


def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon of the sprite (names: ui/icons.txt); it is decoration, so screen readers skip it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static("ui/icons.svg"),
        name,
    )


def status_badge(tone: str, label: Text) -> SafeString:
    """Show a state by shape, color and word; tones are `ok warn bad info off`."""
    known = tone if tone in TONES else "off"
    return format_html('<span class="state state-{}">{}{}</span>', known, icon(TONES[known]), label)


def when(moment: datetime | None, empty: Text = "–") -> SafeString:
    """Show how long ago (or in how long), with the absolute time in the viewer's zone on hover."""
    if not moment:
        return format_html('<span class="text-secondary">{}</span>', empty)
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        moment.isoformat(),
        date_format(local, "DATETIME_FORMAT"),
        local.tzname() or "",
        relative(moment, clock.now()),
    )


def relative(moment: datetime, now: datetime) -> str:
    """Return `just now`, `5 minutes ago` or `in 2 days`: one unit, because a table is read at a glance."""
    if abs((now - moment).total_seconds()) < 60:
        return _("just now")
    if moment <= now:
        return _("%(time)s ago") % {"time": timesince(moment, now, depth=1)}
    return _("in %(time)s") % {"time": timeuntil(moment, now, depth=1)}
