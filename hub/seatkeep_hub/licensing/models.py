"""Tables of licensing: catalogue, licenses, pools, seats, delegation, lease keys."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.fields import EncryptedBinaryField, EncryptedTextField
from seatkeep_webkit.ids import new_uid
from seatkeep_webkit.outbox.fields import XidField

from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.licensing import enums


class Product(models.Model):
    """Something that a device activates, such as workstation protection."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    code = models.CharField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    category = models.CharField(_("category"), max_length=60)
    platform = models.CharField(_("platform"), max_length=11, choices=enums.Platform.choices)
    is_retired = models.BooleanField(_("retired"), default=False, db_default=False, help_text=_("No longer sold."))

    class Meta:
        ordering = ["code"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(condition=Q(platform__in=enums.Platform.values), name="product_platform_known")
        ]

    def __str__(self) -> str:
        return self.name


class Bundle(models.Model):
    """What is sold: a group of products."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    code = models.CharField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    category = models.CharField(_("category"), max_length=60, help_text=_("Seats of one category count for one price."))
    tier = models.PositiveSmallIntegerField(
        _("tier"), default=1, db_default=1, help_text=_("A license moves up or down between tiers of one category.")
    )
    is_offered = models.BooleanField(_("can be ordered"), default=True, db_default=True)
    successor = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("successor"),
        help_text=_("What the vendor wants licenses of this bundle to move to."),
    )
    products = models.ManyToManyField(Product, through="BundleProduct", related_name="bundles")

    class Meta:
        ordering = ["name"]
        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")

    def __str__(self) -> str:
        return self.name


class BundleProduct(models.Model):
    """One product of a bundle and how many seats of it one ordered unit gives."""

    id = models.BigAutoField(primary_key=True)
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lines")
    ratio = models.DecimalField(_("seats per unit"), max_digits=8, decimal_places=4, default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bundle", "product"], name="bundle_product_once"),
            models.CheckConstraint(condition=Q(ratio__gt=0), name="bundle_product_ratio_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle} × {self.product}"


class License(models.Model):
    """An ordered bundle with a number of seats, shared by the customers of its owner."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    public_id = models.CharField(_("license"), max_length=11, unique=True, help_text=_("May be told to anybody."))
    owner = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="licenses", verbose_name=_("owner"))
    bundle = models.ForeignKey(Bundle, on_delete=models.PROTECT, related_name="licenses", verbose_name=_("bundle"))
    kind = models.CharField(_("kind"), max_length=7, choices=enums.LicenseKind.choices)
    quantity = models.PositiveIntegerField(_("ordered seats"))
    overuse = models.CharField(_("when seats run out"), max_length=15, choices=enums.Overuse.choices)
    grow_ceiling = models.PositiveIntegerField(_("grow up to"), null=True, blank=True)
    lapse = models.CharField(_("when it runs out"), max_length=28, choices=enums.Lapse.choices)
    lapse_days = models.PositiveSmallIntegerField(_("days until protection stops"), default=0)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    trial_extensions = models.PositiveSmallIntegerField(_("trial extended"), default=0, db_default=0)
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True)
    billing_stopped_at = models.DateTimeField(_("billing stopped at"), null=True, blank=True)
    frozen_at = models.DateTimeField(_("changes frozen at"), null=True, blank=True)
    protection_stops_at = models.DateTimeField(_("protection stops at"), null=True, blank=True)
    is_protection_stopped = models.BooleanField(_("protection stopped"), default=False, db_default=False)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    key_lookup = models.BinaryField(max_length=32, unique=True)
    key_encrypted = EncryptedTextField()
    last_entry_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("ordered at"))
    updated_at = models.DateTimeField(_("changed at"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("license")
        verbose_name_plural = _("licenses")
        indexes = [models.Index(fields=["-created_at", "-id"], name="license_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=enums.LicenseKind.values), name="license_kind_known"),
            models.CheckConstraint(condition=Q(overuse__in=enums.Overuse.values), name="license_overuse_known"),
            models.CheckConstraint(condition=Q(lapse__in=enums.Lapse.values), name="license_lapse_known"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="license_quantity_positive"),
            models.CheckConstraint(
                condition=Q(overuse=enums.Overuse.AUTO_GROW, grow_ceiling__gte=F("quantity"))
                | (~Q(overuse=enums.Overuse.AUTO_GROW) & Q(grow_ceiling__isnull=True)),
                name="license_ceiling_with_auto_grow",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class CredentialSet(models.Model):
    """User name and secret by which a device may activate one product of a license."""

    id = models.BigAutoField(primary_key=True)
    license = models.ForeignKey(License, on_delete=models.CASCADE, related_name="credentials")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    username = models.CharField(_("user name"), max_length=40, unique=True)
    secret_lookup = models.BinaryField(max_length=32)
    secret_encrypted = EncryptedTextField()
    created_at = models.DateTimeField(_("since"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["license", "product"], name="credential_set_once")]

    def __str__(self) -> str:
        return self.username


class LicenseEntry(models.Model):
    """One line of a license's commercial ledger: numbered without gaps, never changed (a trigger refuses it)."""

    id = models.BigAutoField(primary_key=True)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("what"), max_length=10, choices=enums.EntryKind.choices)
    bundle = models.ForeignKey(
        Bundle, null=True, on_delete=models.PROTECT, related_name="+", help_text=_("What it held from then on.")
    )
    quantity_before = models.PositiveIntegerField(_("before"))
    quantity = models.PositiveIntegerField(_("seats"))
    actor = models.CharField(_("who"), max_length=200)
    note = models.CharField(_("note"), max_length=500, blank=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["license", "number"], name="license_entry_number"),
            models.CheckConstraint(condition=Q(kind__in=enums.EntryKind.values), name="license_entry_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.license} #{self.number}"


class PoolNode(models.Model):
    """A share of one product of one license: the license's root, a customer, or a customer's site.

    `used` counts the seats taken at this node and below it. `outstanding` is what its children were promised and have
    not taken. `hard_limit` is what may never be passed; it lies above `limit_wanted` only while older seats still do.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="nodes", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="nodes", db_index=False)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = ArrayField(models.BigIntegerField(), editable=False)
    kind = models.CharField(max_length=8, choices=enums.NodeKind.choices)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="nodes", verbose_name=_("customer"))
    name = models.CharField(_("site"), max_length=200, blank=True)
    reserved = models.PositiveIntegerField(_("promised"), default=0)
    used = models.IntegerField(_("in use"), default=0)
    outstanding = models.IntegerField(_("promised and free"), default=0)
    limit_wanted = models.PositiveIntegerField(_("limit"), null=True)
    hard_limit = models.PositiveIntegerField(_("effective limit"), null=True)
    is_suspended = models.BooleanField(_("suspended"), default=False)
    epoch = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("customer's seats")
        verbose_name_plural = _("customers' seats")
        indexes = [models.Index(fields=["license", "product"], name="pool_node_license")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=enums.NodeKind.values), name="pool_node_kind_known"),
            models.CheckConstraint(
                condition=Q(used__gte=0) & (Q(hard_limit__isnull=True) | Q(used__lte=F("hard_limit"))),
                name="pool_node_within_limit",
            ),
            models.CheckConstraint(condition=Q(outstanding__gte=0), name="pool_node_outstanding_positive"),
            models.CheckConstraint(
                condition=Q(limit_wanted__isnull=True, hard_limit__isnull=True)
                | Q(limit_wanted__isnull=False, hard_limit__gte=F("limit_wanted")),
                name="pool_node_limit_wanted",
            ),
            models.CheckConstraint(
                condition=Q(kind="ROOT", parent__isnull=True) | (~Q(kind="ROOT") & Q(parent__isnull=False)),
                name="pool_node_root_has_no_parent",
            ),
            models.UniqueConstraint(fields=["license", "product"], condition=Q(kind="ROOT"), name="pool_node_one_root"),
            models.UniqueConstraint(
                fields=["license", "product", "company"],
                condition=Q(kind="CUSTOMER"),
                name="pool_node_one_per_customer",
            ),
            models.UniqueConstraint(fields=["parent", "name"], condition=Q(kind="SITE"), name="pool_node_site_name"),
        ]

    def __str__(self) -> str:
        return f"{self.license} {self.product} {self.company}"


class Seat(models.Model):
    """One device's share of one product of a license.

    Foreign keys have no indexes of their own: `seat_one_per_device` and `seat_node_state` begin with them, each more
    costs every activation, and a plan made for an empty table once chose `product_id` to look a device up.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="seats", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="seats", db_index=False)
    node = models.ForeignKey(PoolNode, on_delete=models.PROTECT, related_name="seats", db_index=False)
    fingerprint = models.CharField(_("device"), max_length=128)
    device_key = models.BinaryField(max_length=32, null=True)
    key_thumbprint = models.CharField(max_length=43, blank=True)
    held_by = models.CharField(max_length=8, choices=enums.HeldBy.choices, default=enums.HeldBy.DEVICE)
    device_name = models.CharField(_("device name"), max_length=200)
    name = models.CharField(_("name"), max_length=200, blank=True, help_text=_("Given by a person; else the device's."))
    serial = models.CharField(_("serial number"), max_length=200, blank=True)
    os = models.CharField(_("system"), max_length=200, blank=True)
    agent_device = models.CharField(max_length=32, blank=True, help_text=_("Its id in the console, 32 hex digits."))
    state = models.CharField(_("state"), max_length=11, choices=enums.SeatState.choices)
    seq = models.BigIntegerField(default=1)
    epoch = models.PositiveIntegerField(default=1)
    last_jti = models.CharField(max_length=64, blank=True)
    activated_at = models.DateTimeField(_("activated at"))
    decided_at = models.DateTimeField(help_text=_("Last decision; a request made before it is a replay."))
    last_seen_at = models.DateTimeField(_("last seen"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        indexes = [
            models.Index(fields=["node", "state"], name="seat_node_state"),
            models.Index(fields=["last_seen_at", "id"], name="seat_last_seen"),
            models.Index(OpClass(Upper("device_name"), name="text_pattern_ops"), name="seat_device_name"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["license", "product", "fingerprint"], name="seat_one_per_device"),
            models.CheckConstraint(condition=Q(state__in=enums.SeatState.values), name="seat_state_known"),
            models.CheckConstraint(condition=Q(held_by__in=enums.HeldBy.values), name="seat_held_by_known"),
            models.CheckConstraint(
                condition=Q(state="ACTIVE", ended_at__isnull=True) | (~Q(state="ACTIVE") & Q(ended_at__isnull=False)),
                name="seat_ended_when_not_active",
            ),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The name given by a person, else the device's."""
        return self.name or self.device_name


class SeatEvent(models.Model):
    """What happened to a seat: audit, outbox (cursor on xid, id) and source of daily usage. Partitioned by month."""

    pk = models.CompositePrimaryKey("at", "id")
    at = models.DateTimeField(_("when"))
    id = models.BigIntegerField()
    xid = XidField()
    license_id = models.BigIntegerField()
    product_id = models.BigIntegerField()
    node_id = models.BigIntegerField()
    seat_id = models.BigIntegerField()
    kind = models.CharField(_("what"), max_length=12, choices=enums.SeatEventKind.choices)
    delta = models.SmallIntegerField(_("change of the count"))
    actor = models.CharField(_("who"), max_length=200)
    detail = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("seat event")
        verbose_name_plural = _("seat events")
        indexes = [
            models.Index(fields=["license_id", "node_id", "at"], name="seat_event_node"),
            models.Index(fields=["seat_id", "at"], name="seat_event_seat"),
            models.Index(fields=["xid", "id"], name="seat_event_order"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.seat_id}"


class SeatRefusal(models.Model):
    """A device that got no seat: one row until it gets one, so that the portal can show who waits."""

    id = models.BigAutoField(primary_key=True)
    license = models.ForeignKey(License, on_delete=models.CASCADE, related_name="refusals", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    node = models.ForeignKey(PoolNode, on_delete=models.CASCADE, related_name="refusals")
    fingerprint = models.CharField(_("device"), max_length=128)
    device_name = models.CharField(_("device name"), max_length=200)
    attempts = models.PositiveIntegerField(_("attempts"), default=1)
    first_at = models.DateTimeField(_("since"))
    last_at = models.DateTimeField(_("last attempt"))

    class Meta:
        verbose_name = _("device without a seat")
        verbose_name_plural = _("devices without a seat")
        constraints = [
            models.UniqueConstraint(fields=["license", "product", "fingerprint"], name="seat_refusal_once"),
        ]

    def __str__(self) -> str:
        return self.device_name


class SecurityAdmin(models.Model):
    """A person who manages a company's licenses for it: invited by the owner, in force when accepted."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="security_admins")
    email = models.EmailField(_("e-mail"))
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="security_admin_of")
    status = models.CharField(_("status"), max_length=8, choices=enums.AdminStatus.choices)
    token_lookup = models.BinaryField(max_length=32, unique=True)
    invited_by = models.CharField(_("invited by"), max_length=200)
    invited_at = models.DateTimeField(_("invited at"))
    expires_at = models.DateTimeField(_("invitation ends"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("Security Admin")
        verbose_name_plural = _("Security Admins")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=enums.AdminStatus.values), name="security_admin_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="ACCEPTED") | Q(user__isnull=False, accepted_at__isnull=False),
                name="security_admin_accepted_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["company", "user"], condition=Q(status="ACCEPTED"), name="security_admin_once"
            ),
        ]

    def __str__(self) -> str:
        return self.email


class LeaseKey(models.Model):
    """An Ed25519 key that signs leases."""

    id = models.BigAutoField(primary_key=True)
    kid = models.CharField(max_length=43, unique=True)
    public_key = models.BinaryField(max_length=32)
    seed_encrypted = EncryptedBinaryField()
    state = models.CharField(max_length=7, choices=enums.LeaseKeyState.choices)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=enums.LeaseKeyState.values), name="lease_key_state_known"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="CURRENT"), name="lease_key_one_current"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="NEXT"), name="lease_key_one_next"),
        ]

    def __str__(self) -> str:
        return self.kid
