"""Tables of ordering: terms of use, planned changes, and acts on many things at once."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.licensing.models import License, Product
from seatkeep_hub.ordering import enums


class TermsText(models.Model):
    """Terms of use in one version: of one product, or of the vendor when there is none; never changed."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="terms")
    version = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"))
    published_at = models.DateTimeField(_("valid from"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("terms of use")
        verbose_name_plural = _("terms of use")
        constraints = [
            models.UniqueConstraint(fields=["product", "version"], name="terms_text_version", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.version})"


class TermsAcceptance(models.Model):
    """Who accepted which terms for which company, and when."""

    id = models.BigAutoField(primary_key=True)
    terms = models.ForeignKey(TermsText, on_delete=models.PROTECT, related_name="acceptances")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="terms_accepted")
    actor = models.CharField(_("who"), max_length=200)
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("acceptance of terms")
        verbose_name_plural = _("acceptances of terms")
        constraints = [models.UniqueConstraint(fields=["terms", "company"], name="terms_acceptance_once")]

    def __str__(self) -> str:
        return f"{self.terms} {self.company}"


class PlannedChange(models.Model):
    """Another number of seats from a day on: of an agreement, or of a license when there is none."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    license = models.ForeignKey(License, on_delete=models.CASCADE, related_name="planned")
    agreement = models.ForeignKey(Agreement, null=True, on_delete=models.CASCADE, related_name="planned")
    quantity = models.PositiveIntegerField(_("seats"))
    due_on = models.DateField(_("from"), help_text=_("From the first minute of this day in the owner's time zone."))
    note = models.CharField(_("note"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=enums.PlanState.choices, default="PLANNED")
    actor = models.CharField(_("who"), max_length=200)
    created_at = models.DateTimeField(_("planned at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    refusal = models.CharField(_("why not"), max_length=300, blank=True)

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("planned change")
        verbose_name_plural = _("planned changes")
        indexes = [models.Index(fields=["due_on"], condition=Q(state="PLANNED"), name="planned_change_due")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=enums.PlanState.values), name="planned_change_state_known"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="planned_change_quantity_positive"),
            models.UniqueConstraint(
                fields=["license", "agreement"],
                condition=Q(state="PLANNED"),
                name="planned_change_one_at_a_time",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement or self.license} → {self.quantity} {self.due_on}"


class BulkRun(models.Model):
    """One act on many things, done from the first of `items` to the last; a killed worker's run goes on where it was.

    `results` holds `[uid, name, code, words]` for each item; of computers, which may be very many, only for those that
    were refused. `succeeded` counts the others.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    kind = models.CharField(_("what"), max_length=20, choices=enums.BulkKind.choices)
    arguments = models.JSONField(default=dict)
    items = ArrayField(models.UUIDField())
    results = models.JSONField(default=list)
    done = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    acting = models.JSONField(default=dict, help_text=_("Who acts, as webkit packs an actor for a job."))
    state = models.CharField(_("state"), max_length=8, choices=enums.BulkState.choices, default="RUNNING")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="bulk_runs")
    company = models.ForeignKey(Company, null=True, on_delete=models.CASCADE, related_name="bulk_runs")
    actor = models.CharField(_("who"), max_length=200)
    created_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("act on many")
        verbose_name_plural = _("acts on many")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=enums.BulkKind.values), name="bulk_run_kind_known"),
            models.CheckConstraint(condition=Q(state__in=enums.BulkState.values), name="bulk_run_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"
