"""Tables of tasks and their runs."""

from __future__ import annotations

from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import ChoiceFilter, Column, Empty, Table

from seatkeep_manager.console.task_words import place_words
from seatkeep_manager.console.words import TASKS
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.models import ClientTask, TaskRun

RUN_TONES = {
    "QUEUED": "off", "RUNNING": "info", "FINISHED": "ok", "FAILED": "bad", "EXPIRED": "warn", "CANCELED": "off",
    "SUPPRESSED": "off",
}  # fmt: skip


class TaskTable(Table[ClientTask]):
    """Tasks with the progress of their runs."""

    name = "tasks"
    opens_pages = True
    order = "-id"
    search = ("kind__icontains", "created_by__icontains")
    columns = (
        Column("kind", _("Task"), sort="kind", is_title=True, template="console/cells/task_kind.html"),
        Column("place", _("Group"), template="console/cells/task_place.html", export=place_words),
        Column(
            "progress", _("Done"), kind="number", template="console/cells/task_runs.html", export=lambda t: t.runs_done
        ),
        Column("created_by", _("By"), sort="created_by"),
        Column("created_at", _("Since"), sort="id", kind="when"),
        Column("expires_at", _("Ends"), sort="expires_at", kind="when"),
    )
    filters = (ChoiceFilter("kind", _("Task"), list(TASKS.items())),)
    empty = Empty(
        _("No tasks yet."), _("Order one for a group with New task, or choose computers and press Scan…"),
        icon="list-check", url=reverse_lazy("console:computers"), label=_("Choose computers"),
    )  # fmt: skip

    def row_url(self, row: ClientTask) -> str:
        """The page of one task."""
        return reverse("console:task", args=[row.uid])


class RunTable(Table[TaskRun]):
    """The runs of one task or one computer."""

    name = "runs"
    order = "-id"
    search = ("device__hostname__icontains",)
    columns = (
        Column("device.name", _("Computer"), sort="device__hostname", is_title=True),
        Column("fired_at", _("Fired"), sort="fired_at", kind="when"),
        Column("state", _("State"), sort="state", badge=RUN_TONES),
        Column("progress", _("Progress"), sort="progress", kind="number", template="console/cells/percent.html"),
        Column("output", _("Says")),
        Column("finished_at", _("Ended"), sort="finished_at", kind="when"),
    )
    filters = (ChoiceFilter("state", _("State"), RunState.choices),)
    empty = Empty(_("No runs."), "", icon="list-check")

    def row_url(self, row: TaskRun) -> str:
        """What came out of it."""
        return reverse("console:run", args=[row.uid])
