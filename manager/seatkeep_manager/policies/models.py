"""Policies, their versions, and what they are assigned to."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.policies.enums import UNFINISHED, PolicyProduct, RolloutDeviceState, RolloutState


class Policy(models.Model):
    """Settings of one product with a name; owned by a company or, without one, by the whole instance.

    `settings` is `{setting: {"flag": "APPLY"|"FORCE", "value": …, "mode"?: "REPLACE"|"APPEND"|"PREPEND"}}`; a setting
    that is not in it is NOT_APPLY. `settings` and `version` are what is in force; while a roll-out is under way, some
    devices obey its newer version (`PolicyRollout`).
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField()
    description = models.TextField(blank=True, default="", db_default="")
    builtin = models.TextField(unique=True, null=True)
    """Code of a policy that comes with the program; nobody changes or deletes it."""
    product = models.TextField(choices=PolicyProduct.choices)
    company_hub_id = models.UUIDField(null=True, db_index=True)
    settings = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    former_targets = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    """What it was assigned to when it was deleted, so that it can be brought back: [{"group" | "device": id}]."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(product__in=PolicyProduct.values), name="policy_product"),
            models.CheckConstraint(condition=~Q(name=""), name="policy_named"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_locked(self) -> bool:
        """Whether nobody may change it."""
        return self.builtin is not None


class PolicyVersion(models.Model):
    """What a policy said at one time; never changed."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    settings = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    note = models.TextField(blank=True, default="", db_default="")
    """Why it was made."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "version"], name="policy_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_id} v{self.version}"


Target = StaticGroup | DynamicGroup | Device
TARGETS = ("group", "dynamic_group", "device")


def target_column(target: Target) -> str:
    """The column of an assignment that names such a target."""
    columns = {StaticGroup: "group", DynamicGroup: "dynamic_group", Device: "device"}
    return columns[type(target)]


class PolicyAssignment(models.Model):
    """A policy on a static group, a dynamic group or one device; within a target the lower position merges first."""

    uid = models.UUIDField(unique=True, default=new_uid)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="assignments")
    group = models.ForeignKey(StaticGroup, null=True, on_delete=models.CASCADE, related_name="policy_assignments")
    dynamic_group = models.ForeignKey(
        DynamicGroup, null=True, on_delete=models.CASCADE, related_name="policy_assignments"
    )
    device = models.ForeignKey(Device, null=True, on_delete=models.CASCADE, related_name="policy_assignments")
    position = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(group__isnull=False, dynamic_group__isnull=True, device__isnull=True)
                | Q(group__isnull=True, dynamic_group__isnull=False, device__isnull=True)
                | Q(group__isnull=True, dynamic_group__isnull=True, device__isnull=False),
                name="policy_assignment_one_target",
            ),
            models.UniqueConstraint(fields=["policy", "group"], name="policy_assignment_group_once"),
            models.UniqueConstraint(fields=["policy", "dynamic_group"], name="policy_assignment_dynamic_once"),
            models.UniqueConstraint(fields=["policy", "device"], name="policy_assignment_device_once"),
        ]

    def __str__(self) -> str:
        return f"policy {self.policy_id} on {self.target}"

    @property
    def target(self) -> Target:
        """What it is on."""
        found = self.group or self.dynamic_group or self.device
        assert found is not None  # noqa: S101 - the table holds exactly one
        return found

    @property
    def anchor_id(self) -> int | None:
        """The static group whose documents carry it; None on a device."""
        return self.dynamic_group.anchor_id if self.dynamic_group else self.group_id


class PolicyRollout(models.Model):
    """A version on its way to all devices of its policy, stage by stage; ADR 9.

    Its `uid` decides who is first; `reach` is what the documents carry. `counts` is what the progress showed last:
    {"total", "applied", "failed", "waiting", "online"} of the devices reached so far.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="rollouts")
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="rollouts")
    state = models.TextField(choices=RolloutState.choices, default=RolloutState.RUNNING)
    stages = ArrayField(models.PositiveSmallIntegerField())
    """Percentages that rise to 100."""
    stage = models.PositiveSmallIntegerField(default=0)
    """Index into `stages`."""
    reach = models.BigIntegerField()
    hold_seconds = models.PositiveIntegerField()
    """How long a stage is watched before the next begins."""
    failed_percent = models.PositiveSmallIntegerField()
    """It stops when more than this share of the devices that answered failed."""
    counts = models.JSONField(default=dict)
    reason = models.TextField(blank=True, default="")
    """Why it stopped."""
    started_at = models.DateTimeField()
    stage_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    created_by = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=RolloutState.values), name="policy_rollout_state"),
            models.CheckConstraint(
                condition=Q(state__in=UNFINISHED, finished_at__isnull=True)
                | (~Q(state__in=UNFINISHED) & Q(finished_at__isnull=False)),
                name="policy_rollout_ends_once",
            ),
            models.UniqueConstraint(
                fields=["policy"], condition=Q(state__in=UNFINISHED), name="policy_rollout_one_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"roll-out {self.uid} {self.state}"

    @property
    def percent(self) -> int:
        """The share of the present stage."""
        return self.stages[self.stage]

    @property
    def is_last_stage(self) -> bool:
        """Whether no stage comes after the present one."""
        return self.stage + 1 >= len(self.stages)


class PolicyRolloutDevice(models.Model):
    """A device that a roll-out has reached, and how it fares.

    `was_well` tells whether it was protected and without errors of this policy before: what was broken before is no
    reason to stop.
    """

    rollout = models.ForeignKey(PolicyRollout, on_delete=models.CASCADE, related_name="devices")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    state = models.TextField(choices=RolloutDeviceState.choices, default=RolloutDeviceState.WAITING)
    was_well = models.BooleanField()
    reason = models.TextField(blank=True, default="")
    reached_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=RolloutDeviceState.values), name="policy_rollout_device_state"
            ),
            models.UniqueConstraint(fields=["rollout", "device"], name="policy_rollout_device_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rollout_id} on {self.device_id}: {self.state}"
