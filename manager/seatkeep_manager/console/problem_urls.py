"""Addresses of problems and of thresholds."""

from __future__ import annotations

from django.urls import path, re_path

from seatkeep_manager.console.views import problem_acts, problems

_ACTS = "(?P<act>seen|snooze|assign|note|reopen)"
_UID = "(?P<uid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"

urlpatterns = [
    path("", problems.problems, name="problems"),
    path("problems/list/", problems.problems_list, name="problems-list"),
    path("problems/fold/", problems.problems_fold, name="problems-fold"),
    path("problems/visit/", problems.problems_visit, name="problems-visit"),
    path("problems/known/", problems.problems_known, name="problems-known"),
    path("problems/fix/", problem_acts.problems_fix_many, name="problems-fix"),
    path("problems/undo/<uuid:act>/", problem_acts.problem_undo, name="problem-undo"),
    re_path(rf"^problems/all/{_ACTS}/$", problem_acts.problems_act, name="problems-act"),
    path("problems/<uuid:uid>/", problems.problem, name="problem"),
    path("problems/<uuid:uid>/fix/", problem_acts.problem_fix, name="problem-fix"),
    re_path(rf"^problems/{_UID}/{_ACTS}/$", problem_acts.problem_act, name="problem-act"),
    path("groups/<uuid:uid>/thresholds/", problem_acts.group_thresholds, name="group-thresholds"),
]
