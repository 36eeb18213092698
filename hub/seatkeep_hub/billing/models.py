"""Tables of billing: price lists, statements and their lines."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.billing.enums import (
    Basis,
    CorrectionState,
    DateFormat,
    DecimalMark,
    LineKind,
    LogoType,
    PriceUnit,
    Proration,
    Separator,
    StatementState,
)
from seatkeep_hub.billing.money import money_text
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import PoolNode, Product


class PriceList(models.Model):
    """What a seller charges one buyer, or all that have no list of their own, from a month on."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    seller = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", verbose_name=_("seller"))
    buyer = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("buyer")
    )
    valid_from_on = models.DateField(_("valid from"), help_text=_("The first day of a month."))
    currency = models.CharField(_("currency"), max_length=3)
    basis = models.CharField(_("what is billed"), max_length=15, choices=Basis.choices)
    unit = models.CharField(_("price per"), max_length=10, choices=PriceUnit.choices)
    proration = models.CharField(_("part of a month"), max_length=10, choices=Proration.choices)
    minimum_minor = models.BigIntegerField(_("minimum a month"), default=0)
    created_at = models.DateTimeField(_("since"))
    updated_at = models.DateTimeField(_("changed at"))

    class Meta:
        ordering = ["-valid_from_on", "-id"]
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        constraints = [
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="price_list_basis_known"),
            models.CheckConstraint(condition=Q(unit__in=PriceUnit.values), name="price_list_unit_known"),
            models.CheckConstraint(condition=Q(proration__in=Proration.values), name="price_list_proration_known"),
            models.CheckConstraint(condition=Q(valid_from_on__day=1), name="price_list_from_first_of_month"),
            models.CheckConstraint(condition=Q(minimum_minor__gte=0), name="price_list_minimum_positive"),
            models.UniqueConstraint(
                fields=["seller", "buyer", "valid_from_on"], name="price_list_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seller} → {self.buyer or '*'} {self.valid_from_on}"


class Price(models.Model):
    """What one seat of a product costs from so many seats of its category on."""

    id = models.BigAutoField(primary_key=True)
    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", verbose_name=_("product"))
    from_seats = models.PositiveIntegerField(_("from seats"), default=1)
    price_minor = models.DecimalField(_("price"), max_digits=14, decimal_places=4)

    class Meta:
        ordering = ["product__code", "from_seats"]
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(fields=["price_list", "product", "from_seats"], name="price_once"),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="price_positive"),
            models.CheckConstraint(condition=Q(from_seats__gte=1), name="price_from_one_on"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.from_seats}+"


class Statement(models.Model):
    """What a buyer owes a seller for one month. A closed one never changes (a trigger refuses it)."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    seller = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", verbose_name=_("seller"))
    buyer = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", verbose_name=_("buyer"))
    month_on = models.DateField(_("month"), help_text=_("Its first day."))
    state = models.CharField(_("state"), max_length=6, choices=StatementState.choices, default=StatementState.DRAFT)
    price_list = models.ForeignKey(PriceList, null=True, on_delete=models.PROTECT, related_name="statements")
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    total_minor = models.BigIntegerField(_("total"), default=0)
    flag_count = models.PositiveIntegerField(_("to look at"), default=0)
    counted_at = models.DateTimeField(_("counted at"))
    created_at = models.DateTimeField(_("since"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    closed_by = models.CharField(_("closed by"), max_length=200, blank=True)

    class Meta:
        ordering = ["-month_on", "-id"]
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        indexes = [models.Index(fields=["buyer", "month_on"], name="statement_buyer")]
        constraints = [
            models.UniqueConstraint(fields=["seller", "buyer", "month_on"], name="statement_once"),
            models.CheckConstraint(condition=Q(state__in=StatementState.values), name="statement_state_known"),
            models.CheckConstraint(condition=Q(month_on__day=1), name="statement_month_first_day"),
            models.CheckConstraint(
                condition=Q(state="CLOSED", closed_at__isnull=False) | Q(state="DRAFT", closed_at__isnull=True),
                name="statement_closed_when_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seller} → {self.buyer} {self.month_on:%Y-%m}"

    @property
    def total_text(self) -> str:
        """The total for people; empty without prices."""
        return money_text(self.total_minor, self.currency) if self.currency else ""


class StatementLine(models.Model):
    """One line: the usage of one share, the rest to the minimum, or a signed correction of a closed line."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(_("what"), max_length=10, choices=LineKind.choices)
    node = models.ForeignKey(PoolNode, null=True, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(
        Product, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("product")
    )
    days = models.PositiveSmallIntegerField(_("days"), default=0)
    ordered = models.PositiveIntegerField(_("ordered seat-days"), default=0)
    agreed = models.PositiveIntegerField(_("agreed seat-days"), default=0)
    device_days = models.PositiveIntegerField(_("device-days"), default=0)
    peak = models.PositiveIntegerField(_("peak"), default=0)
    seat_days = models.PositiveIntegerField(_("billed seat-days"), default=0)
    seats = models.PositiveIntegerField(_("billed seats"), default=0)
    volume = models.PositiveIntegerField(_("seats of the category"), default=0)
    price_minor = models.DecimalField(_("price"), max_digits=14, decimal_places=4, null=True)
    amount_minor = models.BigIntegerField(_("amount"), default=0)
    flags = ArrayField(models.CharField(max_length=12), verbose_name=_("to look at"), default=list)
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="corrections")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    enterer = models.CharField(_("entered by"), max_length=200, blank=True, default="", db_default="")
    approver = models.CharField(_("approved by"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        ordering = ["id"]
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="statement_line_kind_known"),
            models.UniqueConstraint(
                fields=["statement", "node"], condition=Q(kind="USAGE"), name="statement_line_once_per_share"
            ),
            models.CheckConstraint(
                condition=~Q(kind="CORRECTION")
                | (Q(corrects__isnull=False) & ~Q(reason="") & ~Q(approver="") & ~Q(amount_minor=0)),
                name="statement_line_correction_has_reason",
            ),
            models.CheckConstraint(condition=Q(kind="CORRECTION") | Q(amount_minor__gte=0), name="statement_line_sign"),
        ]

    def __str__(self) -> str:
        return f"{self.statement} #{self.pk}"


class BillingSettings(models.Model):
    """How a seller closes its months and what its papers look like; one without a row has the defaults."""

    id = models.BigAutoField(primary_key=True)
    seller = models.OneToOneField(Company, on_delete=models.PROTECT, related_name="+", verbose_name=_("seller"))
    is_second_person_needed = models.BooleanField(_("a second person approves corrections"), default=False)
    is_draft_mail_sent = models.BooleanField(_("mail when drafts are ready"), default=True)
    letterhead = models.CharField(_("letterhead"), max_length=300, blank=True, help_text=_("Below the logo."))
    logo = models.BinaryField(_("logo"), default=b"", blank=True)
    logo_type = models.CharField(max_length=13, choices=LogoType.choices, default=LogoType.NONE, blank=True)
    updated_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("billing settings")
        verbose_name_plural = _("billing settings")
        constraints = [
            models.CheckConstraint(condition=Q(logo_type__in=LogoType.values), name="billing_settings_logo_type_known"),
            models.CheckConstraint(
                condition=Q(logo_type="", logo=b"") | (~Q(logo_type="") & ~Q(logo=b"")),
                name="billing_settings_logo_has_type",
            ),
        ]

    def __str__(self) -> str:
        return str(self.seller)


class CorrectionRequest(models.Model):
    """A correction that waits for a second person; approved, it becomes a line of the open month."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    line = models.ForeignKey(StatementLine, on_delete=models.PROTECT, related_name="correction_requests")
    amount_minor = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=500)
    enterer = models.CharField(_("entered by"), max_length=200)
    enterer_id = models.CharField(max_length=200, help_text=_("Who it is, whatever the name becomes."))
    created_at = models.DateTimeField(_("entered at"))
    state = models.CharField(_("state"), max_length=8, choices=CorrectionState.choices, default=CorrectionState.WAITING)
    decider = models.CharField(_("decided by"), max_length=200, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    made = models.OneToOneField(StatementLine, null=True, on_delete=models.PROTECT, related_name="request")

    class Meta:
        ordering = ["-id"]
        verbose_name = _("correction to approve")
        verbose_name_plural = _("corrections to approve")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CorrectionState.values), name="correction_request_state_known"
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="correction_request_amount"),
            models.CheckConstraint(
                condition=Q(state="WAITING", decided_at__isnull=True) | ~Q(state="WAITING") & ~Q(decider=""),
                name="correction_request_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.amount_minor}"


class ExportLayout(models.Model):
    """How a seller's accounting wants the lines of statements: columns, item codes and the form of a file."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    seller = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", verbose_name=_("seller"))
    name = models.CharField(_("name"), max_length=100)
    columns = ArrayField(models.CharField(max_length=20), verbose_name=_("columns"), help_text=_("In their order."))
    item_codes = models.JSONField(_("item codes"), default=dict, help_text=_("By product code."))
    separator = models.CharField(_("between cells"), max_length=1, choices=Separator.choices, default=Separator.COMMA)
    decimal_mark = models.CharField(_("decimals"), max_length=1, choices=DecimalMark.choices, default=DecimalMark.POINT)
    date_format = models.CharField(_("days as"), max_length=10, choices=DateFormat.choices, default=DateFormat.ISO)
    has_heading = models.BooleanField(_("a first line with headings"), default=True)
    has_mark = models.BooleanField(_("byte order mark, which Excel needs"), default=True)
    created_at = models.DateTimeField(_("since"))
    updated_at = models.DateTimeField(_("changed at"))

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("export layout")
        verbose_name_plural = _("export layouts")
        constraints = [
            models.UniqueConstraint(fields=["seller", "name"], name="export_layout_name_once"),
            models.CheckConstraint(condition=Q(separator__in=Separator.values), name="export_layout_separator_known"),
            models.CheckConstraint(
                condition=Q(decimal_mark__in=DecimalMark.values), name="export_layout_decimal_mark_known"
            ),
            models.CheckConstraint(condition=Q(date_format__in=DateFormat.values), name="export_layout_date_known"),
            models.CheckConstraint(condition=Q(columns__len__gte=1), name="export_layout_has_columns"),
        ]

    def __str__(self) -> str:
        return self.name


class StatementSending(models.Model):
    """A mark: a closed statement was sent to somebody, such as the accounting; kept for ever."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="sendings")
    sent_to = models.CharField(_("sent to"), max_length=100)
    layout = models.CharField(_("layout"), max_length=100, blank=True, help_text=_("Its name at that time."))
    is_again = models.BooleanField(_("sent once more"), default=False)
    sender = models.CharField(_("by"), max_length=200)
    sent_at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("sent mark")
        verbose_name_plural = _("sent marks")

    def __str__(self) -> str:
        return f"{self.statement} → {self.sent_to}"
