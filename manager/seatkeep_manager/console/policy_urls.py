"""Addresses of the pages about policies."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.console.views import policies, policy_files, policy_places, policy_rollouts

urlpatterns = [
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.policy_new, name="policy-new"),
    path("policies/bin/", policies.policies_bin, name="policies-bin"),
    path("policies/export/", policy_files.policies_file, name="policies-export"),
    path("policies/import/", policy_files.policies_take, name="policies-import"),
    path("policies/groups/<uuid:uid>/", policy_places.group_policies, name="group-policies"),
    path("policies/groups/<uuid:uid>/order/", policy_places.group_policies_order, name="group-policies-order"),
    path("policies/groups/<uuid:uid>/add/", policy_places.group_policy_add, name="group-policy-add"),
    path("policies/assignments/<uuid:uid>/remove/", policy_places.policy_unassign_view, name="policy-unassign"),
    path("policies/assignments/<uuid:uid>/move/", policy_places.policy_move, name="policy-move"),
    path("policies/<uuid:uid>/", policies.policy, name="policy"),
    path("policies/<uuid:uid>/edit/", policies.policy_edit, name="policy-edit"),
    path("policies/<uuid:uid>/duplicate/", policies.policy_copy, name="policy-duplicate"),
    path("policies/<uuid:uid>/delete/", policies.policy_remove, name="policy-delete"),
    path("policies/<uuid:uid>/restore/", policies.policy_back, name="policy-restore"),
    path("policies/<uuid:uid>/assign/", policy_places.policy_assign, name="policy-assign"),
    path("policies/<uuid:uid>/preview/", policy_places.policy_preview, name="policy-preview"),
    path("policies/<uuid:uid>/versions/<int:number>/", policy_rollouts.version_back, name="policy-version-back"),
    path("policies/<uuid:uid>/rollout/", policy_rollouts.rollout_live, name="rollout-live"),
    path("policies/<uuid:uid>/rollout/<slug:act>/", policy_rollouts.rollout_act, name="rollout-act"),
]
