"""Problems in words: what exactly is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.settings_schema import ENDPOINT, product_schema

from seatkeep_manager.console.words import REASONS, TASKS, reason_words, refusal_words
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.enrollment.enums import WaitReason
from seatkeep_manager.problems.enums import ProblemKind, ProblemSeverity, ProblemVerb
from seatkeep_manager.problems.models import Problem, ProblemEvent

ADVICE: Mapping[str, Promise] = {
    ProblemKind.OPEN_DETECTION: _(
        "Look at the file; delete it from quarantine or restore it. Scan the computer for more."
    ),
    ProblemKind.NOT_PROTECTED: _("Open the computer: it says what is missing and where to change it."),
    ProblemKind.SCAN_ONLY: _(
        "Its engine cannot check files as they are opened. Scan it by a schedule, or use another engine."
    ),
    ProblemKind.SIGNATURES_OLD: _("Update the signatures. If it stays, the computer does not reach the update server."),
    ProblemKind.NO_SEAT: _(
        "Raise the customer's seats in Licensing or free one; then let the computer take its seat again."
    ),
    ProblemKind.WAITING_FOR_APPROVAL: _(
        "Approve it if you know the computer; otherwise reject it and replace the key."
    ),
    ProblemKind.SERVER_SILENT: _(
        "See whether the server runs and has a network. Stop managing it if it is gone for good."
    ),
    ProblemKind.WORKSTATION_SILENT: _(
        "Ask the customer whether it is still in use. Stop managing it if it is gone for good."
    ),
    ProblemKind.CAME_BACK: _(
        "It was told to retire and still reports. Manage it again, or order once more to stop managing it."
    ),
    ProblemKind.TASK_FAILED: _("See why in the task's output, then try again."),
    ProblemKind.POLICY_GAP: _(
        "The computer is there and does not take its newest settings. Restart its agent; see its log."
    ),
    ProblemKind.POLICY_ERROR: _(
        "Look at the settings that the computer refuses and change the policy or the computer."
    ),
    ProblemKind.ENGINE_DIFFERS: _("See which settings differ and why; switch the policy from watching to enforcing."),
    ProblemKind.AGENT_OLD: _("Run the installer again on this computer; it keeps its place and its license."),
    ProblemKind.RESTART_NEEDED: _("Restart it when nobody is harmed by it; updates wait for that."),
    ProblemKind.CLOCK_WRONG: _("Set the computer's clock and its time server: licenses and sign-ins depend on it."),
    ProblemKind.DISK_LOW: _("Free space on the disk; updates and quarantine need some."),
    ProblemKind.GROUP_UNKNOWN: _(
        "Its installation named a group that does not exist. Move the computer, or make the group."
    ),
    ProblemKind.KEY_BUSY: _("See who installs. If nobody should, revoke the key and make another one."),
    ProblemKind.ROLLOUT_STOPPED: _(
        "All computers obey the former version. See what failed, and make a better version."
    ),
    ProblemKind.LINK_BROKEN: _(
        "Computers stay protected. New customers and licenses wait until Licensing answers again."
    ),
    ProblemKind.BACKUP_OLD: _("Run on the server: seatkeep backup. For one a day: seatkeep service install."),
    ProblemKind.CONSOLE_DISK_LOW: _("Free space on the server: when the disk is full, the console stops."),
}
"""What to do, for each kind."""


def advice(kind: str) -> str:
    """What to do about a kind."""
    return str(ADVICE.get(kind, ""))


def problem_words(problem: Problem, detection: Detection | None = None) -> str:
    """What exactly is wrong, in one line: the find, the reasons, the tasks.

    Args:
        problem: The problem.
        detection: The newest open find of its computer, for a problem of that kind.
    """
    if problem.kind == ProblemKind.OPEN_DETECTION and detection is not None:
        return _find_words(detection, int(problem.details.get("count") or 1))
    say = _WORDS.get(problem.kind)
    return say(problem.details) if say else ""


def event_words(event: ProblemEvent) -> str:
    """A line of a problem's history: what, to whom, until when."""
    label, details = str(ProblemVerb(event.verb).label), event.details
    if event.verb == ProblemVerb.ASSIGNED:
        return f"{label} {details['assignee']}" if details.get("assignee") else gettext("Given to nobody")
    if event.verb == ProblemVerb.SNOOZED:
        return gettext("Snoozed until %(when)s") % {"when": instant_words(details.get("until"))}
    if event.verb == ProblemVerb.SEVERITY:
        severity = dict(ProblemSeverity.choices).get(details.get("severity", ""), "")
        return gettext("Became: %(severity)s") % {"severity": severity}
    if event.verb == ProblemVerb.NOTED:
        return f"{label}: {details.get('note') or '–'}"
    if event.verb == ProblemVerb.FIXED:
        return f"{label}: {details.get('fix', '')}"
    return label


def instant_words(text: str | None) -> str:
    """An instant as details hold it, in the reader's zone."""
    found = parse_datetime(text) if text else None
    return date_format(localtime(found), "SHORT_DATETIME_FORMAT") if found else "–"


def _tasks(details: Mapping[str, Any]) -> str:
    return ", ".join(str(TASKS.get(kind, kind)) for kind in details.get("kinds") or [])


def _settings(details: Mapping[str, Any]) -> str:
    return ", ".join(_setting_title(name) for name in details.get("settings") or [])


def _refused_settings(details: Mapping[str, Any]) -> str:
    return "; ".join(f"{_setting_title(name)}: {why}" for name, why in (details.get("settings") or {}).items())


def _agent(details: Mapping[str, Any]) -> str:
    return gettext("Version %(version)s; the newest is %(newest)s.") % {
        "version": details.get("version", ""), "newest": details.get("newest", "")
    }  # fmt: skip


def _clock(details: Mapping[str, Any]) -> str:
    minutes = int(details.get("minutes") or 0)
    words = ngettext("%(n)s minute", "%(n)s minutes", abs(minutes)) % {"n": abs(minutes)}
    return gettext("%(time)s ahead") % {"time": words} if minutes > 0 else gettext("%(time)s behind") % {"time": words}


def _disk(details: Mapping[str, Any]) -> str:
    words = gettext("%(percent)s %% free") % {"percent": details.get("percent")}
    return f"{details['mount']}: {words}" if details.get("mount") else words


def _key(details: Mapping[str, Any]) -> str:
    return gettext("Key …%(hint)s; usual are %(usual)s new computers a day.") % {
        "hint": details.get("hint", ""), "usual": details.get("usual", "")
    }  # fmt: skip


def _rollout(details: Mapping[str, Any]) -> str:
    words = gettext("%(name)s, version %(version)s") % {
        "name": details.get("name", ""), "version": details.get("version", "")
    }  # fmt: skip
    return f"{words}: {details['reason']}" if details.get("reason") else words


def _backup(details: Mapping[str, Any]) -> str:
    if not details.get("made_at"):
        return gettext("There is no backup yet.")
    return gettext("The newest is of %(when)s.") % {"when": instant_words(details["made_at"])}


def _since(key: str, words: Promise) -> Callable[[Mapping[str, Any]], str]:
    return lambda details: str(words) % {"when": instant_words(details.get(key))}


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    ProblemKind.NOT_PROTECTED: lambda details: " ".join(reason_words(details.get("reasons") or [])),
    ProblemKind.SCAN_ONLY: lambda details: str(REASONS["NO_ON_ACCESS"]),
    ProblemKind.SIGNATURES_OLD: _since("made_at", _("Signatures of %(when)s.")),
    ProblemKind.NO_SEAT: lambda details: refusal_words("no_seat_left"),
    ProblemKind.WAITING_FOR_APPROVAL: lambda details: str(dict(WaitReason.choices).get(details.get("reason", ""), "")),
    ProblemKind.SERVER_SILENT: _since("seen_at", _("Last contact %(when)s.")),
    ProblemKind.WORKSTATION_SILENT: _since("seen_at", _("Last contact %(when)s.")),
    ProblemKind.TASK_FAILED: _tasks,
    ProblemKind.POLICY_ERROR: _refused_settings,
    ProblemKind.ENGINE_DIFFERS: _settings,
    ProblemKind.AGENT_OLD: _agent,
    ProblemKind.RESTART_NEEDED: _since("since", _("Since %(when)s.")),
    ProblemKind.CLOCK_WRONG: _clock,
    ProblemKind.DISK_LOW: _disk,
    ProblemKind.GROUP_UNKNOWN: lambda details: str(details.get("path") or ""),
    ProblemKind.KEY_BUSY: _key,
    ProblemKind.ROLLOUT_STOPPED: _rollout,
    ProblemKind.LINK_BROKEN: lambda details: str(details.get("reason") or ""),
    ProblemKind.BACKUP_OLD: _backup,
    ProblemKind.CONSOLE_DISK_LOW: _disk,
}


def _setting_title(name: str) -> str:
    setting = product_schema(ENDPOINT).properties.get(name)
    return setting.title if setting else name


def _find_words(detection: Detection, count: int) -> str:
    words = gettext("%(name)s in %(path)s") % {"name": detection.name, "path": detection.path or "–"}
    more = count - 1
    if not more:
        return words
    return words + " " + ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}
