"""Tables of alerts: what each person wants to be told, and what they were told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.alerts.enums import AlertKind, AlertMode, AlertScope
from seatkeep_hub.companies.models import Company, User


class AlertSettings(models.Model):
    """When and about what a person is told; without a row `rules.DEFAULT_HOUR` and their own company."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="alert_settings", primary_key=True)
    scope = models.CharField(_("about"), max_length=6, choices=AlertScope.choices, default=AlertScope.OWN)
    companies = models.ManyToManyField(Company, related_name="+", verbose_name=_("companies"))
    hour = models.PositiveSmallIntegerField(_("daily mail at"), help_text=_("Hour in the person's own time zone."))
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("alert settings")
        verbose_name_plural = _("alert settings")
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=AlertScope.values), name="alert_settings_scope_known"),
            models.CheckConstraint(condition=Q(hour__lte=23), name="alert_settings_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.scope}"


class AlertSwitch(models.Model):
    """How one kind of alert comes to a person, where it is not as `rules.usual_mode` says."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="alert_switches")
    kind = models.CharField(_("about"), max_length=17, choices=AlertKind.choices)
    mode = models.CharField(_("comes"), max_length=7, choices=AlertMode.choices)

    class Meta:
        verbose_name = _("alert switch")
        verbose_name_plural = _("alert switches")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="alert_switch_once"),
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_switch_kind_known"),
            models.CheckConstraint(condition=Q(mode__in=AlertMode.values), name="alert_switch_mode_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.kind} {self.mode}"


class AlertTold(models.Model):
    """One fact that one person was told; it goes a day after the fact is gone, so that its return is news again."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="alerts_told")
    kind = models.CharField(max_length=17, choices=AlertKind.choices)
    key = models.CharField(max_length=120)
    told_at = models.DateTimeField(_("told at"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="alert_told_once"),
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_told_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.key}"


class AlertDigest(models.Model):
    """The daily mail of one person and day; `count` is 0 where nothing was new and no mail went out."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="alert_digests")
    day = models.DateField(_("day"), help_text=_("In the person's own time zone."))
    count = models.PositiveIntegerField(_("facts"))
    at = models.DateTimeField(_("sent at"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="alert_digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.day}"
