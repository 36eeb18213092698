"""People, static groups, devices, what was last known of them, and the instance's own identity."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from seatkeep_webkit import roles
from seatkeep_webkit.fields import EncryptedBinaryField
from seatkeep_webkit.identity import AbstractPerson
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.enums import DeviceKind, DeviceState, DeviceVerb, GroupKind, ProtectionStatus


class User(AbstractPerson):
    """Who works in the console: a person of Licensing (`hub_sub`), a native one, or a program behind an API client.

    `home_group` is where what the person makes stands unless said otherwise.
    """

    hub_sub = models.TextField(null=True, unique=True)
    home_group = models.ForeignKey("StaticGroup", null=True, on_delete=models.SET_NULL, related_name="+")
    is_program = models.BooleanField(default=False, db_default=False)
    left_at = models.DateTimeField(null=True)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read anew, also what the person holds (see `access.holdings_of`)."""
        vars(self).pop("holdings", None)
        super().refresh_from_db(*args, **kwargs)


class UserAccess(models.Model):
    """What Licensing says that a person may do with a company and everything below; the nearest row wins.

    Without a company: with everything of this instance, also what belongs to no company.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="accesses")
    company_hub_id = models.UUIDField(null=True)
    level = models.TextField(choices=roles.AccessLevel.choices)
    role = models.TextField(choices=roles.Role.choices, blank=True, default="", db_default="")
    """Empty from a hub that does not tell it: the plainest role of the level."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "company_hub_id"], name="user_access_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(level__in=roles.AccessLevel.values), name="user_access_level"),
            models.CheckConstraint(condition=Q(role__in=["", *roles.Role.values]), name="user_access_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role or self.level} {self.company_hub_id}"


class PermissionSet(models.Model):
    """Permissions that somebody put together: functionality → level. The ready-made roles are sets in the code."""

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField(unique=True)
    note = models.TextField(blank=True, default="")
    levels = models.JSONField(default=dict)
    """Functionality → READ, USE or WRITE; what is missing is not permitted."""
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(name=""), name="permission_set_named")]

    def __str__(self) -> str:
        return self.name


class PermissionGrant(models.Model):
    """A role or a permission set that somebody has at a group and everything below; all that one has adds up."""

    uid = models.UUIDField(unique=True, default=new_uid)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    group = models.ForeignKey("StaticGroup", on_delete=models.CASCADE, related_name="grants")
    role = models.TextField(choices=roles.Role.choices, blank=True, default="")
    permission_set = models.ForeignKey(PermissionSet, null=True, on_delete=models.PROTECT, related_name="grants")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(role__in=["", *roles.Role.values]), name="grant_role"),
            models.CheckConstraint(
                condition=Q(role="", permission_set__isnull=False) | (~Q(role="") & Q(permission_set__isnull=True)),
                name="grant_is_role_or_set",
            ),
            models.UniqueConstraint(
                fields=["user", "group", "role", "permission_set"], name="grant_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role or self.permission_set_id} {self.group_id}"


class Instance(models.Model):
    """This manager itself; exactly one row, made at first start.

    `uid` names the instance inside signed documents and never changes, not even when it is linked anew.
    `restore_id` changes after a restore from a backup and asks every agent for a full report.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    uid = models.UUIDField(unique=True, default=new_uid)
    restore_id = models.UUIDField(default=new_uid)
    root_key = EncryptedBinaryField()
    state_key = EncryptedBinaryField()
    keys_version = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="instance_is_single")]

    def __str__(self) -> str:
        return f"instance {self.uid}"


class StaticGroup(models.Model):
    """A place in the tree; a device stands in exactly one.

    `path` holds the ids from All down to this group, inclusive. `company_hub_id` is the nearest mirrored company at or
    above the group; null means that no company owns what stands here.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = ArrayField(models.BigIntegerField(), default=list)
    kind = models.TextField(choices=GroupKind.choices, default=GroupKind.FREE)
    name = models.TextField()
    is_locked = models.BooleanField(default=False)
    hub_id = models.UUIDField(unique=True, null=True)
    company_hub_id = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=GroupKind.values), name="group_kind"),
            models.CheckConstraint(condition=~Q(name=""), name="group_named"),
            models.CheckConstraint(
                condition=Q(kind=GroupKind.ROOT, parent__isnull=True)
                | (~Q(kind=GroupKind.ROOT) & Q(parent__isnull=False)),
                name="group_only_root_has_no_parent",
            ),
            models.CheckConstraint(
                condition=Q(kind=GroupKind.MIRROR, hub_id__isnull=False)
                | (~Q(kind=GroupKind.MIRROR) & Q(hub_id__isnull=True)),
                name="group_mirror_has_hub_id",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(kind__in=[GroupKind.ROOT, GroupKind.COMPANIES, GroupKind.UNASSIGNED]),
                name="group_system_once",
            ),
            models.UniqueConstraint(
                fields=["parent", "name"], condition=Q(kind=GroupKind.FREE), name="group_free_name_once"
            ),
        ]
        indexes: ClassVar = [GinIndex(fields=["path"], name="group_path")]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """One machine, with a summary of everything last known about it.

    `hex_id` is the uid as it stands in broker subjects. `online_until` is the presence lease that heartbeats renew.
    `document_floor` is the lowest version of the device document (unix microseconds) an agent may take.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    kind = models.TextField(choices=DeviceKind.choices)
    state = models.TextField(choices=DeviceState.choices, default=DeviceState.ACTIVE)
    hostname = models.TextField()
    display_name = models.TextField(blank=True, default="")
    group = models.ForeignKey(StaticGroup, on_delete=models.PROTECT, related_name="devices")
    company_hub_id = models.UUIDField(null=True, db_index=True)

    agent_thumbprint = models.TextField(unique=True, null=True)
    agent_jwk = models.JSONField(null=True)
    x25519 = models.TextField(blank=True, default="")
    nkey = models.TextField(blank=True, default="")
    fingerprint = models.JSONField(default=dict)
    agent_version = models.TextField(blank=True, default="")
    endpoint_thumbprint = models.TextField(blank=True, default="")
    document_floor = models.BigIntegerField()

    os_family = models.TextField(blank=True, default="")
    os_name = models.TextField(blank=True, default="")
    os_version = models.TextField(blank=True, default="")
    os_edition = models.TextField(blank=True, default="", db_default="")
    """Such as `Professional` or `ServerStandard`, as the system itself calls it; Windows only."""
    os_build = models.TextField(blank=True, default="", db_default="")
    """Such as `22631.4317`; Windows only."""
    domain = models.TextField(blank=True, default="", db_default="")
    """The domain that it is joined to."""
    architecture = models.TextField(blank=True, default="")
    serial = models.TextField(blank=True, default="")
    manufacturer = models.TextField(blank=True, default="")
    model = models.TextField(blank=True, default="")
    cpu = models.TextField(blank=True, default="")
    cpu_count = models.PositiveIntegerField(null=True)
    memory_bytes = models.BigIntegerField(null=True)
    disk_bytes = models.BigIntegerField(null=True)
    ip_addresses = ArrayField(models.TextField(), default=list)

    enrolled_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True)
    online_until = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    heartbeat_spool = models.TextField(blank=True, default="")
    heartbeat_seq = models.BigIntegerField(default=0)
    heartbeat_at_us = models.BigIntegerField(default=0)
    """Spool, number in it and the device's own time of the newest heartbeat taken; an older one changes nothing."""
    status_spool = models.TextField(blank=True, default="")
    status_seq = models.BigIntegerField(default=0)
    status_at_us = models.BigIntegerField(default=0)
    applied_versions = models.JSONField(default=dict)
    """Document key → version that the agent last said it obeys."""
    spool_waiting = models.BigIntegerField(default=0)
    signed_in_user = models.TextField(blank=True, default="")
    last_user = models.TextField(blank=True, default="", db_default="")
    """Who is signed in, or was last."""

    protection = models.TextField(choices=ProtectionStatus.choices, default=ProtectionStatus.UNKNOWN)
    protection_reasons = ArrayField(models.TextField(), default=list)
    protection_at = models.DateTimeField(null=True)
    lease = models.JSONField(default=dict)
    """What the endpoint last said of its lease: state, license, product, seat, mode, soft and hard expiry, refusal."""
    endpoint_status = models.JSONField(default=dict)
    inventory_at = models.DateTimeField(null=True)
    muted_until = models.DateTimeField(null=True)
    """Until then nothing that is wrong with it counts as a problem."""
    is_master = models.BooleanField(default=False, db_default=False)
    """An image of it is put on other machines: who looks like it is a new computer, and nobody is asked."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=DeviceKind.values), name="device_kind"),
            models.CheckConstraint(condition=Q(state__in=DeviceState.values), name="device_state"),
            models.CheckConstraint(condition=Q(protection__in=ProtectionStatus.values), name="device_protection"),
            models.CheckConstraint(
                condition=Q(state=DeviceState.RETIRED, retired_at__isnull=False)
                | Q(state=DeviceState.ACTIVE, retired_at__isnull=True),
                name="device_retired_has_instant",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["group", "id"], name="device_group"),
            models.Index(fields=["company_hub_id", "id"], name="device_company"),
            # Each device that joins is looked for; what waits to be put into the index would be read each time.
            GinIndex(fields=["fingerprint"], name="device_fingerprint", opclasses=["jsonb_path_ops"], fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What people call it: the name they gave, else the host name."""
        return self.display_name or self.hostname

    @property
    def system(self) -> str:
        """The operating system with its version, such as `Windows 11 Pro 23H2`; empty before it is known.

        A Windows without a release name gives its build as version, which is told apart.
        """
        version = "" if self.os_build and self.os_build.startswith(self.os_version) else self.os_version
        return f"{self.os_name} {version}".strip()

    @property
    def hex_id(self) -> str:
        """The id as broker subjects and keys spell it: 32 lower-case hex digits."""
        return self.uid.hex


class DeviceAct(models.Model):
    """What a person did to computers, so that it can be taken back; the journal is elsewhere and says it for good.

    `former` maps a device's id to what it was and what it became: ids of groups, names, or states.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    verb = models.TextField(choices=DeviceVerb.choices)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="device_acts")
    at = models.DateTimeField()
    count = models.PositiveIntegerField()
    former = models.JSONField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(verb__in=DeviceVerb.values), name="act_verb")]
        indexes: ClassVar = [models.Index(fields=["user", "-at"], name="device_act_list")]

    def __str__(self) -> str:
        return f"{self.verb} {self.count}"


class InventorySnapshot(models.Model):
    """The newest full inventory of a device: hardware, operating system, software."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="inventory")
    spool = models.TextField()
    seq = models.BigIntegerField()
    at_us = models.BigIntegerField()
    taken_at = models.DateTimeField()
    received_at = models.DateTimeField()
    hardware = models.JSONField(default=dict)
    os = models.JSONField(default=dict)
    software = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"inventory of {self.device_id}"
