"""Tasks in words: what is done, where, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from seatkeep_manager.console.words import TASKS
from seatkeep_manager.tasks.models import ClientTask


def task_words(task: ClientTask) -> str:
    """What is done; a kind that no release of this program knew is shown as it is."""
    return str(TASKS.get(task.kind, task.kind))


def place_words(task: ClientTask) -> str:
    """The group that it stands on; "" for a task of chosen computers."""
    return " / ".join(str(group) for group in (task.group, task.dynamic_group) if group)


def params_words(params: Mapping[str, Any]) -> str:
    """What exactly was ordered, in one line."""
    said = [f"“{params['text']}”"] if params.get("text") else []
    if minutes := params.get("delay_minutes"):
        said.append(ngettext("after %(n)s minute", "after %(n)s minutes", minutes) % {"n": minutes})
    if targets := params.get("targets"):
        said.append(", ".join(targets))
    if argv := params.get("argv"):
        said.append(" ".join(argv))
    return " · ".join(said)


def trigger_words(task: ClientTask) -> str:
    """When it fires, in one line; times are each computer's own."""
    trigger = task.trigger or {"type": "ASAP"}
    said = [_when(trigger)]
    if delay := trigger.get("delay_seconds"):
        said.append(_("spread over %(time)s") % {"time": span_words(delay)})
    if task.pause_seconds:
        said.append(_("not again within %(time)s") % {"time": span_words(task.pause_seconds)})
    return ", ".join(said)


def span_words(seconds: int) -> str:
    """A span in its largest whole unit."""
    span = timedelta(seconds=seconds)
    if not span % timedelta(days=1):
        return ngettext("%(n)s day", "%(n)s days", span.days) % {"n": span.days}
    if not span % timedelta(hours=1):
        hours = span // timedelta(hours=1)
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    minutes = max(1, span // timedelta(minutes=1))
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def _event(trigger: Mapping[str, Any]) -> str:
    number = trigger.get("event_id")
    said = [f"“{trigger['text']}”"] if trigger.get("text") else []
    said += [_("event %(n)s") % {"n": number}] if number is not None else []
    said += [str(trigger["log"])] if trigger.get("log") else []
    if (count := trigger.get("count", 1)) > 1:
        words = _("%(n)s times within %(time)s")
        said.append(words % {"n": count, "time": span_words(trigger.get("within_seconds", 600))})
    return ", ".join(said)


def _when(trigger: Mapping[str, Any]) -> str:
    at = str(trigger.get("at", "")).replace("T", " ")
    if trigger["type"] == "WEEKLY":
        days = ", ".join(str(WEEKDAYS[day]) for day in sorted(trigger["days"]))
        return _("%(days)s at %(at)s") % {"days": days, "at": at}
    if trigger["type"] == "YEARLY":
        day = {"day": trigger["day"], "month": MONTHS[trigger["month"]], "at": at}
        return _("%(day)s %(month)s each year at %(at)s") % day
    words = {
        "ASAP": _("At once"),
        "JOINED": _("When a computer joins the group"),
        "ONCE": _("Once, %(at)s") % {"at": at},
        "DAILY": _("Every day at %(at)s") % {"at": at},
        "MONTHLY": _("Day %(day)s of each month at %(at)s") % {"day": trigger.get("day", ""), "at": at},
        "EVENT": _("When it logs %(what)s") % {"what": _event(trigger)},
        "SIZE": _("When the group grows to %(n)s") % {"n": trigger.get("at_least", "")},
        "CRON": _("CRON %(line)s") % {"line": trigger.get("expression", "")},
    }
    return words.get(trigger["type"], str(trigger["type"]))
