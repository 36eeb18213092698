"""What came out of a run, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seatkeep_manager.tasks.models import TaskRun


def _until(value: Any) -> str:
    at = datetime.fromtimestamp(min(int(value), 2**57) / 1_000_000, UTC)
    return date_format(localtime(at), "DATETIME_FORMAT")


_WORDS: dict[str, tuple[Any, Callable[[Any], str]]] = {
    "exit_code": (gettext_lazy("Ended with"), str),
    "seconds": (gettext_lazy("Took (seconds)"), str),
    "deferred": (gettext_lazy("Put off (times)"), str),
    "needs_restart": (gettext_lazy("Needs a restart"), lambda value: _("Yes") if value else _("No")),
    "until_us": (gettext_lazy("Isolated until"), _until),
    "files_scanned": (gettext_lazy("Files scanned"), str),
    "threats": (gettext_lazy("Found"), str),
    "downloaded_bytes": (gettext_lazy("Downloaded"), filesizeformat),
    "bytes": (gettext_lazy("Sent"), filesizeformat),
}


def run_facts(run: TaskRun) -> list[tuple[str, str]]:
    """What its result says, line by line; what a later agent adds is left out, and nonsense too."""
    facts = []
    for name, (label, words) in _WORDS.items():
        if run.result.get(name) is None:
            continue
        try:
            facts.append((str(label), words(run.result[name])))
        except (TypeError, ValueError, OverflowError, OSError):
            continue
    return facts
