"""Templates for the set-up of a customer, what was set up, and off-boardings."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.customers.enums import UNFINISHED, OffboardState, OffboardStep
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import Policy


class CustomerTemplate(models.Model):
    """What a new customer gets: groups, policies in this order, and the limits of its deployment key."""

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField(unique=True)
    groups = ArrayField(models.TextField(), default=list, blank=True)
    policies = models.ManyToManyField(Policy, related_name="+", blank=True)
    daily_cap = models.PositiveIntegerField(default=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(name=""), name="customer_template_named")]

    def __str__(self) -> str:
        return self.name


class CustomerRecord(models.Model):
    """What this console knows of a customer beyond the mirror."""

    company = models.OneToOneField(MirroredCompany, on_delete=models.PROTECT, related_name="record")
    template = models.ForeignKey(CustomerTemplate, null=True, on_delete=models.SET_NULL, related_name="+")
    set_up_at = models.DateTimeField(null=True)
    set_up_by = models.TextField(default="")
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"record of {self.company_id}"


class OffboardJob(models.Model):
    """One off-boarding; after a kill it goes on at `step`, which it enters again.

    `undo` is what a return brings back.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    company = models.ForeignKey(MirroredCompany, on_delete=models.PROTECT, related_name="offboards")
    state = models.TextField(choices=OffboardState.choices, default=OffboardState.SCHEDULED)
    step = models.TextField(choices=OffboardStep.choices, default=OffboardStep.KEYS)
    last_day = models.DateField()
    protect_until = models.DateField()
    bill_until = models.DateField()
    hub_job = models.UUIDField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    undo = models.JSONField(default=dict)
    error = models.TextField(default="")
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=OffboardState.values), name="offboard_state"),
            models.CheckConstraint(condition=Q(step__in=OffboardStep.values), name="offboard_step"),
            models.CheckConstraint(condition=Q(protect_until__gte=F("last_day")), name="offboard_protect_until"),
            models.CheckConstraint(condition=Q(bill_until__gte=F("last_day")), name="offboard_bill_until"),
            models.UniqueConstraint(
                fields=["company"], condition=Q(state__in=UNFINISHED), name="offboard_one_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"off-boarding {self.uid} {self.state}"
