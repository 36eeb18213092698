"""Addresses of tasks and of what stands beside them."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.console.views import device_tasks, task_lists

urlpatterns = [
    path("tasks/chosen/", device_tasks.tasks_chosen, name="tasks-chosen"),
    path("tasks/runs/<uuid:uid>/", device_tasks.run, name="run"),
    path("tasks/runs/<uuid:uid>/file/", device_tasks.run_file, name="run-file"),
    path("tasks/software/", task_lists.software, name="software"),
    path("tasks/software/new/", task_lists.software_new, name="software-new"),
    path("tasks/software/<uuid:uid>/remove/", task_lists.software_remove, name="software-remove"),
    path("tasks/rules/", task_lists.rules, name="rules"),
    path("tasks/rules/new/", task_lists.rule_new, name="rule-new"),
    path("tasks/rules/<uuid:uid>/run/", task_lists.rule_run, name="rule-run"),
    path("tasks/rules/<uuid:uid>/remove/", task_lists.rule_remove, name="rule-remove"),
    path("computers/<uuid:uid>/task/", device_tasks.device_task, name="device-task"),
    path("computers/<uuid:uid>/release/", device_tasks.device_release, name="device-release"),
]
