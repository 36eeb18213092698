"""Tables of imports: one run per uploaded file, one row per row of the file, and the columns as they were last time."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.companies.models import Company
from seatkeep_hub.imports.enums import ImportState, RowResult


class ImportRun(models.Model):
    """One uploaded file on its way from reading to applied, or undone."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    target = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="imports", verbose_name=_("into"))
    file_name = models.CharField(_("file"), max_length=200)
    content = models.BinaryField(help_text=_("The file as it came; emptied when the import is applied."))
    is_json = models.BooleanField(default=False)
    header = ArrayField(models.TextField(), verbose_name=_("columns"))
    mapping = models.JSONField(default=dict, help_text=_("Index of the column, by field."))
    erases_empty = models.BooleanField(
        _("empty cells erase"), default=False, db_default=False, help_text=_("Otherwise they keep what is there.")
    )
    state = models.CharField(_("state"), max_length=8, choices=ImportState.choices, default=ImportState.READ)
    actor = models.JSONField(help_text=_("Who does it, so that a job asks for that one's access again."))
    actor_label = models.CharField(_("by"), max_length=200)
    note = models.CharField(_("note"), max_length=500, blank=True, help_text=_("Code of why it stopped."))
    counts = models.JSONField(default=dict, help_text=_("Rows by result."))
    quantities = models.JSONField(default=dict, help_text=_("Of each license: units before, after, last entry."))
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("uploaded"))
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known")]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """One row: what it would do and, once applied, what it did (`trace`, with what was there before)."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("row"))
    key = models.CharField(_("your number"), max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    result = models.CharField(_("result"), max_length=6, choices=RowResult.choices)
    faults = models.JSONField(default=list, help_text=_("Column, code and detail of each."))
    changes = models.JSONField(default=dict, help_text=_("Before and after, by column."))
    trace = models.JSONField(default=dict)

    class Meta:
        ordering = ["number"]
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of an import")
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="import_row_once"),
            models.CheckConstraint(condition=Q(result__in=RowResult.values), name="import_row_result_known"),
        ]
        indexes = [models.Index(fields=["run", "result", "number"], name="import_row_result")]

    def __str__(self) -> str:
        return f"{self.number} {self.result}"


class ColumnMemory(models.Model):
    """Which heading held which field when a company last imported."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="+", primary_key=True)
    headings = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("remembered columns")
        verbose_name_plural = _("remembered columns")

    def __str__(self) -> str:
        return str(self.company_id)
