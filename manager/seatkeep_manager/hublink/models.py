"""The link itself, the instance's keys, and mirrors of what the hub sends, keyed by hub id and never by name."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from seatkeep_webkit.fields import EncryptedBinaryField, EncryptedTextField
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.hublink.enums import (
    ChangeKind,
    CustomerState,
    HubCompanyState,
    LinkState,
    SyncKind,
    SyncState,
    SyncTrigger,
)


class HubLink(models.Model):
    """The one link of this instance; there is exactly one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    state = models.TextField(choices=LinkState.choices, default=LinkState.NOT_LINKED)
    instance_id = models.UUIDField(null=True)
    company_id = models.UUIDField(null=True)
    company_name = models.TextField(default="")
    licensing_device_url = models.TextField(default="")
    device_code = EncryptedTextField(null=True)
    user_code = models.TextField(default="")
    verification_uri = models.TextField(default="")
    code_expires_at = models.DateTimeField(null=True)
    poll_interval_seconds = models.PositiveIntegerField(default=5)
    link_error = models.TextField(default="")
    linked_at = models.DateTimeField(null=True)
    feed = models.TextField(default="")
    cursor = models.TextField(default="")
    last_synced_at = models.DateTimeField(null=True)
    last_full_at = models.DateTimeField(null=True)
    disconnected_since = models.DateTimeField(null=True)
    disconnected_reason = models.TextField(default="")
    sync_requested_at = models.DateTimeField(null=True)
    full_requested = models.BooleanField(default=False)
    preview_requested_at = models.DateTimeField(null=True)
    removals_allowed = models.PositiveIntegerField(null=True)
    """How many customers the next full read may mark as gone without asking; a person said so."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="hub_link_is_single"),
            models.CheckConstraint(condition=Q(state__in=LinkState.values), name="hub_link_state"),
            models.CheckConstraint(
                condition=~Q(state=LinkState.LINKED) | Q(instance_id__isnull=False), name="hub_link_linked_has_instance"
            ),
        ]

    def __str__(self) -> str:
        return f"link {self.state}"


class InstanceKey(models.Model):
    """An Ed25519 key by which the hub knows this instance; the newest without `retired_at` signs."""

    kid = models.TextField(unique=True)
    private_key = EncryptedBinaryField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(retired_at__isnull=True), name="instance_key_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"instance key {self.kid}"


class MirroredCompany(models.Model):
    """A company of the hub that this instance may see; customers among them carry a set-up state."""

    uid = models.UUIDField(unique=True, default=new_uid)
    hub_id = models.UUIDField(unique=True)
    parent_hub_id = models.UUIDField(null=True, db_index=True)
    kind = models.TextField()
    name = models.TextField()
    custom_identifier = models.TextField(default="", blank=True)
    tags = ArrayField(models.TextField(), default=list)
    hub_state = models.TextField(choices=HubCompanyState.choices, default=HubCompanyState.ACTIVE)
    state = models.TextField(choices=CustomerState.choices, default=CustomerState.NOT_SET_UP)
    set_up_at = models.DateTimeField(null=True)
    group = models.OneToOneField("directory.StaticGroup", null=True, on_delete=models.PROTECT, related_name="+")
    seen_run = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=CustomerState.values), name="mirrored_company_state"),
            models.CheckConstraint(condition=Q(hub_state__in=HubCompanyState.values), name="mirrored_company_hub"),
            models.CheckConstraint(condition=~Q(name=""), name="mirrored_company_named"),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "name", "id"], name="mirrored_company_list")]

    def __str__(self) -> str:
        return self.name


class MirroredLicense(models.Model):
    """A license of the hub as this instance may see it; it holds no secret."""

    uid = models.UUIDField(unique=True, default=new_uid)
    hub_id = models.UUIDField(unique=True)
    public_id = models.TextField(db_index=True)
    owner_hub_id = models.UUIDField(null=True)
    kind = models.TextField(default="MSP")
    state = models.TextField(default="OK")
    quantity = models.PositiveIntegerField(default=0)
    overuse = models.TextField(default="")
    lapse = models.TextField(default="")
    expires_at = models.DateTimeField(null=True)
    bundle_code = models.TextField(default="")
    bundle_name = models.TextField(default="")
    products = models.JSONField(default=list)
    is_deleted = models.BooleanField(default=False)
    seen_run = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.public_id


class MirroredNode(models.Model):
    """A customer's seats of one product of one license."""

    uid = models.UUIDField(unique=True, default=new_uid)
    hub_id = models.UUIDField(unique=True)
    license_hub_id = models.UUIDField(db_index=True)
    company_hub_id = models.UUIDField(db_index=True)
    product = models.TextField()
    agreement_public_id = models.TextField(default="")
    agreement_mode = models.TextField(default="")
    agreed = models.PositiveIntegerField(null=True)
    warn_above = models.PositiveIntegerField(null=True)
    stop_above = models.PositiveIntegerField(null=True)
    used = models.PositiveIntegerField(default=0)
    hard_limit = models.PositiveIntegerField(null=True)
    is_suspended = models.BooleanField(default=False)
    is_deleted = models.BooleanField(default=False)
    seen_run = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.product} {self.used}/{self.hard_limit}"


class MirroredSeat(models.Model):
    """A seat that a person stopped in the hub at some time, and what became of it since; others are not mirrored."""

    uid = models.UUIDField(unique=True, default=new_uid)
    hub_id = models.UUIDField(unique=True)
    license_public_id = models.TextField()
    company_hub_id = models.UUIDField(db_index=True)
    product = models.TextField()
    key_thumbprint = models.TextField(db_index=True)
    """Of the endpoint's own key: by it the device is found."""
    is_stopped = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)
    is_deleted = models.BooleanField(default=False)
    seen_run = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.product} {self.key_thumbprint[:8]}"


class SyncRun(models.Model):
    """One synchronization: how far it is, what it changed, which items could not be taken over."""

    uid = models.UUIDField(unique=True, default=new_uid)
    kind = models.TextField(choices=SyncKind.choices)
    trigger = models.TextField(choices=SyncTrigger.choices)
    state = models.TextField(choices=SyncState.choices, default=SyncState.RUNNING)
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(default=0)
    cursor = models.TextField(default="", db_default="")
    feed = models.TextField(default="", db_default="")
    marker = models.BigIntegerField(default=0, db_default=0)
    """What a full read writes into `seen_run`; a run that goes on where another one stopped has that one's."""
    failed_ids = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    """Items that a full read showed but could not take over; they are not swept."""
    to_remove = models.PositiveIntegerField(default=0, db_default=0)
    """Customers that a full read did not show, when it asks before marking them as gone."""
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    item_errors = models.JSONField(default=list)
    diff = models.JSONField(default=list)
    error = models.TextField(default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=SyncState.values), name="sync_run_state"),
            models.CheckConstraint(condition=Q(kind__in=SyncKind.values), name="sync_run_kind"),
        ]

    def __str__(self) -> str:
        return f"sync {self.uid} {self.state}"


class SyncChange(models.Model):
    """One line of a preview, or of what a full read asks before removing."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes")
    change = models.TextField(choices=ChangeKind.choices)
    kind = models.TextField()
    hub_id = models.UUIDField()
    name = models.TextField()
    former = models.TextField(default="")
    """What it is here now, where that differs from `name`; for a move the name of the company above."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(change__in=ChangeKind.values), name="sync_change_kind"),
        ]
        indexes: ClassVar = [models.Index(fields=["run", "id"], name="sync_change_list")]

    def __str__(self) -> str:
        return f"{self.change} {self.name}"


class SyncTrouble(models.Model):
    """An item that could not be taken over, until it can."""

    item_id = models.TextField(unique=True)
    """Its id as Licensing wrote it."""
    kind = models.TextField()
    name = models.TextField()
    reason = models.TextField()
    raw = models.TextField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.kind} {self.item_id}"
