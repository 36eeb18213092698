"""Policies, their versions, and what they are assigned to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.policies.enums import PolicyProduct


class Policy(models.Model):
    """Settings of one product with a name; owned by a company or, without one, by the whole instance.

    `settings` is `{setting: {"flag": "APPLY"|"FORCE", "value": …, "mode"?: "REPLACE"|"APPEND"|"PREPEND"}}`; a setting
    that is not in it is NOT_APPLY.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField()
    product = models.TextField(choices=PolicyProduct.choices)
    company_hub_id = models.UUIDField(null=True, db_index=True)
    settings = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(product__in=PolicyProduct.values), name="policy_product"),
            models.CheckConstraint(condition=~Q(name=""), name="policy_named"),
        ]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """What a policy said at one time; never changed."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    settings = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "version"], name="policy_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_id} v{self.version}"


class PolicyAssignment(models.Model):
    """A policy on a group or on one device; within a target the lower position is merged first."""

    uid = models.UUIDField(unique=True, default=new_uid)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="assignments")
    group = models.ForeignKey(StaticGroup, null=True, on_delete=models.CASCADE, related_name="policy_assignments")
    device = models.ForeignKey(Device, null=True, on_delete=models.CASCADE, related_name="policy_assignments")
    position = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(group__isnull=True, device__isnull=False) | Q(group__isnull=False, device__isnull=True),
                name="policy_assignment_one_target",
            ),
            models.UniqueConstraint(fields=["policy", "group"], name="policy_assignment_group_once"),
            models.UniqueConstraint(fields=["policy", "device"], name="policy_assignment_device_once"),
        ]

    def __str__(self) -> str:
        return f"policy {self.policy_id} on {self.group_id or self.device_id}"
