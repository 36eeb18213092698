"""Tables of companies, people, access, and the sync feed."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.identity import AbstractPerson
from seatkeep_webkit.ids import new_uid
from seatkeep_webkit.outbox.fields import XidField
from seatkeep_webkit.search import SearchField, search_index

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus, FeedKind, Role

SELLER_KINDS = (CompanyKind.MSP_MANAGER, CompanyKind.MSP, CompanyKind.MANAGED_MSP)
"""Kinds that sell to customers: no two of them have the same e-mail address (domain/licensing.md, section 1.1)."""


class Company(models.Model):
    """One company of the chain; `path` holds the ids from the root down to itself."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=CompanyKind.choices)
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children", verbose_name=_("parent")
    )
    path = ArrayField(models.BigIntegerField(), editable=False)
    status = models.CharField(_("status"), max_length=9, choices=CompanyStatus.choices, default=CompanyStatus.ACTIVE)
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Never used for mail to a customer by itself."))
    custom_identifier = models.CharField(
        _("custom identifier"), max_length=100, blank=True, help_text=_("Your own number, e.g. of the PSA.")
    )
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    vat_id = models.CharField(_("tax id"), max_length=40, blank=True)
    contact_name = models.CharField(_("contact person"), max_length=120, blank=True, default="", db_default="")
    phone = models.CharField(_("phone"), max_length=40, blank=True, default="", db_default="")
    street = models.CharField(_("street"), max_length=200, blank=True, default="", db_default="")
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True, default="", db_default="")
    city = models.CharField(_("city"), max_length=100, blank=True, default="", db_default="")
    region = models.CharField(_("state or region"), max_length=100, blank=True, default="", db_default="")
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166-1, two letters."))
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", help_text=_("IANA name."))
    is_trusted = models.BooleanField(
        _("trusted"), default=True, help_text=_("A managed MSP that is not trusted asks before it orders.")
    )
    allowed_bundles = ArrayField(
        models.CharField(max_length=60),
        verbose_name=_("allowed products"),
        null=True,
        blank=True,
        help_text=_("Codes of what may be ordered and shared here and below; nothing set means as above."),
    )
    is_trial_allowed = models.BooleanField(
        _("may have trials"),
        default=True,
        db_default=True,
        help_text=_("Here and below, unless a company above may not."),
    )
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("changed at"))
    placed_at = models.DateTimeField(_("stands here since"), null=True, help_text=_("Of it or a company above it."))
    status_changed_at = models.DateTimeField(_("status since"))
    search = SearchField()

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        indexes = [
            GinIndex(fields=["path"], name="company_path", fastupdate=False),
            models.Index(fields=["kind", "name", "id"], name="company_kind_name"),
            models.Index(fields=["name", "id"], name="company_name"),
            search_index("search", name="company_search"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=CompanyKind.values), name="company_kind_known"),
            models.CheckConstraint(condition=Q(status__in=CompanyStatus.values), name="company_status_known"),
            models.CheckConstraint(condition=Q(path__len__gte=1, path__len__lte=12), name="company_depth"),
            models.CheckConstraint(
                condition=Q(kind=CompanyKind.VENDOR, parent__isnull=True)
                | (~Q(kind=CompanyKind.VENDOR) & Q(parent__isnull=False)),
                name="company_only_vendor_is_root",
            ),
            models.UniqueConstraint(F("kind"), condition=Q(kind=CompanyKind.VENDOR), name="company_one_vendor"),
            models.UniqueConstraint(
                "parent", Lower("name"), condition=~Q(status=CompanyStatus.REMOVED), name="company_name_among_siblings"
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(kind__in=SELLER_KINDS) & ~Q(email="") & ~Q(status=CompanyStatus.REMOVED),
                name="company_email_of_one_seller",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """Levels from the root, the root being 1."""
        return len(self.path)


class CompanyNote(models.Model):
    """What somebody wrote down about a company, with its author and time; seen by whoever may see the company."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="notes", verbose_name=_("company"))
    text = models.TextField(_("note"), max_length=4000)
    author = models.CharField(_("author"), max_length=200)
    author_id = models.CharField(max_length=64, help_text=_("Id of the actor: only the author edits a note."))
    created_at = models.DateTimeField(_("written at"))
    edited_at = models.DateTimeField(_("edited at"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return self.text[:60]


class User(AbstractPerson):
    """A person who works for one company; what they may see is in `Access`."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="users", verbose_name=_("company"))
    is_contact = models.BooleanField(_("contact person"), default=False)
    may_use_api = models.BooleanField(
        _("may use the API"),
        default=True,
        db_default=True,
        help_text=_("Call the API in their own name, and make API clients where their role allows it."),
    )
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)
    sessions_ended_at = models.DateTimeField(
        _("sessions ended at"), null=True, blank=True, help_text=_("Sessions in consoles begun until then are over.")
    )

    class Meta(AbstractPerson.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")


class Access(models.Model):
    """What one person may do with one company and everything below it; the nearest setting wins."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="accesses", verbose_name=_("person"))
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="accesses", verbose_name=_("company"))
    level = models.CharField(_("access"), max_length=5, choices=AccessLevel.choices)
    role = models.CharField(_("role"), max_length=13, choices=Role.choices, default=Role.TECHNICIAN)
    sees_prices = models.BooleanField(_("sees prices"), null=True, blank=True, help_text=_("Empty: as the role says."))
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("access")
        verbose_name_plural = _("accesses")
        constraints = [
            models.UniqueConstraint(fields=["user", "company"], name="access_once"),
            models.CheckConstraint(condition=Q(level__in=AccessLevel.values), name="access_level_known"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="access_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.level} {self.company}"


class FeedEntry(models.Model):
    """One change that a manager must hear of; written in the transaction that made it, rendered when it is read."""

    id = models.BigAutoField(primary_key=True)
    xid = XidField()
    kind = models.CharField(max_length=7, choices=FeedKind.choices)
    uid = models.UUIDField()
    path = ArrayField(models.BigIntegerField(), help_text=_("Path of the company whose readers must hear of it."))
    is_deleted = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("feed entry")
        verbose_name_plural = _("feed entries")
        indexes = [
            models.Index(fields=["xid", "id"], name="feed_entry_order"),
            GinIndex(fields=["path"], name="feed_entry_path", fastupdate=False),
        ]
        constraints = [models.CheckConstraint(condition=Q(kind__in=FeedKind.values), name="feed_entry_kind_known")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class Feed(models.Model):
    """Which feed this is. A restored hub gets a new id, so that every reader reads in full again."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4)
    is_only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(is_only=True), name="feed_is_only")]

    def __str__(self) -> str:
        return str(self.uid)
