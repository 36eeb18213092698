"""Tables of sign-in policies and departures."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

MIN_IDLE_MINUTES, MAX_IDLE_MINUTES = 5, 1_440


class SignInRule(models.Model):
    """How people of a company, and of those below it, have to sign in."""

    company = models.OneToOneField("companies.Company", on_delete=models.CASCADE, related_name="sign_in_rule")
    requires_second_factor = models.BooleanField(_("everyone must have a second factor"), default=False)
    idle_minutes = models.PositiveSmallIntegerField(
        _("sign out after minutes without a click"), null=True, blank=True, help_text=_("Empty: never.")
    )
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(idle_minutes__isnull=True)
                | Q(idle_minutes__gte=MIN_IDLE_MINUTES, idle_minutes__lte=MAX_IDLE_MINUTES),
                name="sign_in_rule_idle",
            )
        ]

    def __str__(self) -> str:
        return str(self.company)


class Departure(models.Model):
    """One person who left: what became of what they had made, and which secrets they had seen."""

    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    user = models.OneToOneField("companies.User", on_delete=models.PROTECT, related_name="departure")
    by = models.CharField(_("removed by"), max_length=254)
    at = models.DateTimeField(_("left at"))
    ended = models.JSONField(default=dict, help_text=_("How many sessions, second factors and access settings ended."))
    items = models.JSONField(default=list, help_text=_("Kind, name, company and choice of each thing."))

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.user)
