"""Tables of agreements, daily usage and off-boarding."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.agreements.enums import AgreementMode, JobState, OnExceed
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import License, PoolNode, Product


class Agreement(models.Model):
    """What one customer agreed to for one product: a fixed number, or what is in use."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    public_id = models.CharField(_("agreement"), max_length=11, unique=True)
    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="agreements", verbose_name=_("customer")
    )
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="agreements")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="agreements")
    node = models.OneToOneField(PoolNode, on_delete=models.PROTECT, related_name="agreement")
    mode = models.CharField(_("kind"), max_length=8, choices=AgreementMode.choices)
    quantity = models.PositiveIntegerField(_("seats"), default=0, help_text=_("Promised and billed when fixed."))
    on_exceed = models.CharField(_("one more device"), max_length=6, choices=OnExceed.choices, default=OnExceed.FLAG)
    warn_above = models.PositiveIntegerField(_("warn above"), null=True, blank=True)
    stop_above = models.PositiveIntegerField(_("stop above"), null=True, blank=True)
    created_at = models.DateTimeField(_("since"))
    updated_at = models.DateTimeField(_("changed at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=AgreementMode.values), name="agreement_mode_known"),
            models.CheckConstraint(condition=Q(on_exceed__in=OnExceed.values), name="agreement_on_exceed_known"),
            models.CheckConstraint(
                condition=Q(mode="FIXED", warn_above__isnull=True, stop_above__isnull=True)
                | Q(mode="FLEXIBLE", quantity=0),
                name="agreement_numbers_of_its_mode",
            ),
            models.CheckConstraint(
                condition=Q(warn_above__isnull=True) | Q(stop_above__isnull=True) | Q(warn_above__lte=F("stop_above")),
                name="agreement_warn_before_stop",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class AgreementEntry(models.Model):
    """One line of an agreement's ledger: what held from then on; numbered, never changed (a trigger refuses it)."""

    id = models.BigAutoField(primary_key=True)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField(_("number"))
    mode = models.CharField(_("kind"), max_length=8, choices=AgreementMode.choices)
    quantity = models.PositiveIntegerField(_("seats"))
    is_closed = models.BooleanField(_("closed"), default=False)
    actor = models.CharField(_("who"), max_length=200)
    note = models.CharField(_("note"), max_length=500, blank=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("agreement entry")
        verbose_name_plural = _("agreement entries")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="agreement_entry_number"),
            models.CheckConstraint(condition=Q(mode__in=AgreementMode.values), name="agreement_entry_mode_known"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} #{self.number}"


USAGE_ORDER = ("day", "buyer_id", "node_id", "seller_id")
"""What tells rows of usage apart, in the order of their index."""


class UsageDay(models.Model):
    """What one share was on one day, seen from one billing relation; seller and buyer are frozen in the row.

    Partitioned by month. A share appears once for each level of the tree at which its seats are sold on, and a whole
    license once for each level from its owner upward; rows that are `is_direct` count every device once. The database
    does not check the foreign keys: the one writer joins the rows that they name, and none of those is ever deleted.
    Nor does it keep `id` in an index: a row is found by day, buyer, share and seller (`USAGE_ORDER`).
    """

    id = models.BigAutoField(primary_key=True)
    seller = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="+", verbose_name=_("seller"), db_constraint=False
    )
    buyer = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="usage_days", verbose_name=_("customer"), db_constraint=False
    )
    node = models.ForeignKey(PoolNode, on_delete=models.PROTECT, related_name="usage_days", db_constraint=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    day = models.DateField(_("day"))
    ordered = models.PositiveIntegerField(_("ordered"))
    agreed = models.PositiveIntegerField(_("agreed"))
    in_use = models.PositiveIntegerField(_("in use"))
    peak = models.PositiveIntegerField(_("peak"))
    device_days = models.PositiveIntegerField(
        _("device-days"), default=0, help_text=_("Devices that held a seat at any time of the day.")
    )
    is_flexible = models.BooleanField(default=False, help_text=_("Nothing was promised: what is in use is billed."))
    is_paused = models.BooleanField(
        default=False, db_default=False, help_text=_("Billing was stopped the whole day; what was in use is told only.")
    )
    is_direct = models.BooleanField(default=True, help_text=_("The buyer is the company that uses the seats."))
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        ordering = ["-day", "id"]
        verbose_name = _("day's usage")
        verbose_name_plural = _("daily usage")
        constraints = [
            models.UniqueConstraint(fields=["day", "buyer", "node", "seller"], name="usage_day_once"),
            models.CheckConstraint(condition=Q(peak__gte=F("in_use")), name="usage_day_peak_is_highest"),
        ]

    def __str__(self) -> str:
        return f"{self.node_id} {self.day}"


class DayClock(models.Model):
    """When the days of a billing relation begin and end, from the first of a month on.

    Without one they run from midnight to midnight in the seller's zone. `day_clocks` says how the rows are read.
    """

    id = models.BigAutoField(primary_key=True)
    seller = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", verbose_name=_("seller"))
    buyer = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("buyer")
    )
    valid_from_on = models.DateField(_("valid from"), help_text=_("The first day of a month."))
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("IANA name; the seller's where empty.")
    )
    cut_off = models.TimeField(_("a day ends at"), default=time(), help_text=_("By the clock of the time zone."))

    class Meta:
        ordering = ["-valid_from_on", "-id"]
        verbose_name = _("day's end")
        verbose_name_plural = _("days' ends")
        constraints = [
            models.CheckConstraint(condition=Q(valid_from_on__day=1), name="day_clock_from_first_of_month"),
            models.UniqueConstraint(
                fields=["seller", "buyer", "valid_from_on"], name="day_clock_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seller} → {self.buyer or '*'} {self.valid_from_on}: {self.cut_off:%H:%M} {self.time_zone}"


class UsageRun(models.Model):
    """How far the hourly counting has come: days that were over then need not be counted again."""

    id = models.BigAutoField(primary_key=True)
    ran_at = models.DateTimeField()
    is_only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(is_only=True), name="usage_run_is_only")]

    def __str__(self) -> str:
        return str(self.ran_at)


class Offboarding(models.Model):
    """One customer's way out, as a job that can be interrupted and goes on where it was."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="offboardings")
    last_day_on = models.DateField(_("last day"))
    protect_until_on = models.DateField(_("protect until"))
    bill_until_on = models.DateField(_("bill until"))
    state = models.CharField(_("state"), max_length=8, choices=JobState.choices, default=JobState.RUNNING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    actor = models.CharField(_("who"), max_length=200)
    created_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("off-boarding")
        verbose_name_plural = _("off-boardings")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="offboarding_state_known"),
            models.UniqueConstraint(fields=["company"], condition=Q(state="RUNNING"), name="offboarding_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return str(self.uid)
