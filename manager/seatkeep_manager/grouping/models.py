"""Templates of rules, the groups that use them, and who belongs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.grouping.enums import Operation


class GroupTemplate(models.Model):
    """What a device must be; owned by a company or, without one, by the whole instance.

    `rules` is a list of `{"symbol", "operator", "value", "is_negated"?}` (seatkeep_protocol.membership). A built-in one
    is never changed.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField()
    description = models.TextField(blank=True, default="")
    company_hub_id = models.UUIDField(null=True, db_index=True)
    operation = models.TextField(choices=Operation.choices)
    rules = models.JSONField(default=list)
    builtin = models.TextField(null=True, unique=True)
    """Code of one that comes with the program."""
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(operation__in=Operation.values), name="group_template_operation"),
            models.CheckConstraint(condition=~Q(name=""), name="group_template_named"),
        ]

    def __str__(self) -> str:
        return self.name


class DynamicGroup(models.Model):
    """Devices that a template takes out of those in and below a static group, and inside the group above.

    Groups of one place stand in the order of `position`; the policies of a later one win.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField()
    anchor = models.ForeignKey(StaticGroup, on_delete=models.CASCADE, related_name="dynamic_groups")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    template = models.ForeignKey(GroupTemplate, on_delete=models.PROTECT, related_name="groups")
    position = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="dynamic_group_named"),
            models.UniqueConstraint(
                fields=["anchor", "parent", "name"], name="dynamic_group_name_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A device that says it belongs to a group; only ever of a group on the device's own static path."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="memberships")
    group = models.ForeignKey(DynamicGroup, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "group"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"device {self.device_id} in {self.group_id}"
