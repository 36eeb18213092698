"""Templates for the set-up of a customer, what was set up, set-ups of many, and off-boardings."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.customers.enums import UNFINISHED, ItemOutcome, OffboardState, OffboardStep, SetupState
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import Policy


class CustomerTemplate(models.Model):
    """What a new customer gets: groups, policies, tags, and whether and with which limit a deployment key."""

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField(unique=True)
    groups = ArrayField(models.TextField(), default=list, blank=True)
    policies = models.ManyToManyField(Policy, related_name="+", blank=True)
    makes_key = models.BooleanField(default=True, db_default=True)
    daily_cap = models.PositiveIntegerField(default=200)
    tags = ArrayField(
        models.TextField(), default=list, blank=True, db_default=Value([], ArrayField(models.TextField()))
    )
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
    tags = ArrayField(
        models.TextField(), default=list, blank=True, db_default=Value([], ArrayField(models.TextField()))
    )
    """Given here, beside those that Licensing brings."""

    def __str__(self) -> str:
        return f"record of {self.company_id}"


class SetupJob(models.Model):
    """One order to set many customers up alike; after a kill it goes on with the customers that are left.

    What the template said when it was ordered is kept, so that all customers get the same.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    template = models.ForeignKey(CustomerTemplate, null=True, on_delete=models.SET_NULL, related_name="+")
    template_name = models.TextField()
    groups = ArrayField(models.TextField(), default=list, blank=True)
    policy_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    tags = ArrayField(models.TextField(), default=list, blank=True)
    makes_key = models.BooleanField()
    daily_cap = models.PositiveIntegerField()
    state = models.TextField(choices=SetupState.choices, default=SetupState.RUNNING)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    """Whose access is judged for each customer, when its turn comes."""
    actor = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=SetupState.values), name="setup_job_state"),
        ]

    def __str__(self) -> str:
        return f"set-up of many {self.uid} {self.state}"


class SetupItem(models.Model):
    """One customer of such an order, and what came of it."""

    job = models.ForeignKey(SetupJob, on_delete=models.CASCADE, related_name="items")
    company = models.ForeignKey(MirroredCompany, on_delete=models.PROTECT, related_name="+")
    outcome = models.TextField(choices=ItemOutcome.choices, default=ItemOutcome.WAITING)
    made = models.JSONField(default=list)
    """What was not there before, as codes: `group`, `policy`, `key`, `tag`, `ready`, with a count each."""
    error_code = models.TextField(default="")
    error = models.TextField(default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(outcome__in=ItemOutcome.values), name="setup_item_outcome"),
            models.UniqueConstraint(fields=["job", "company"], name="setup_item_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["job", "outcome", "id"], name="setup_item_next")]

    def __str__(self) -> str:
        return f"{self.company_id} {self.outcome}"


class OffboardJob(models.Model):
    """One off-boarding; after a kill it goes on at `step`, which it enters again.

    `undo` is what a return brings back. `steps` tells of each step when it began and ended (ISO 8601).
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    company = models.ForeignKey(MirroredCompany, on_delete=models.PROTECT, related_name="offboards")
    state = models.TextField(choices=OffboardState.choices, default=OffboardState.SCHEDULED)
    step = models.TextField(choices=OffboardStep.choices, default=OffboardStep.KEYS)
    last_day = models.DateField()
    protect_until = models.DateField()
    bill_until = models.DateField()
    keeps_product = models.BooleanField(default=False, db_default=False)
    """The protection product stays installed, without a license; else agent and product are removed."""
    hub_job = models.UUIDField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    steps = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    undo = models.JSONField(default=dict)
    error = models.TextField(default="")
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    finished_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    """When the customer was brought back."""

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


class HandOverPack(models.Model):
    """The archive that the leaving customer gets: what was here of it, without secrets."""

    job = models.OneToOneField(OffboardJob, on_delete=models.PROTECT, related_name="pack")
    data = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    sha256 = models.TextField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"hand-over pack {self.sha256[:8]}"
