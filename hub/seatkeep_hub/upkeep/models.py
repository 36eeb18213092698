"""Tables of upkeep: questions about seats, and rules for silent computers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.upkeep import enums


class SeatQuestion(models.Model):
    """Something about a seat that only a person can answer: one device or two?

    `seat` is the former one, `other` the one that came. A CLONE has one seat; `detail` names the key that came back.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    kind = models.CharField(_("what"), max_length=8, choices=enums.QuestionKind.choices)
    seat = models.ForeignKey(Seat, on_delete=models.CASCADE, related_name="questions", verbose_name=_("computer"))
    other = models.ForeignKey(
        Seat, null=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("new computer")
    )
    detail = models.CharField(_("why"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=enums.QuestionState.choices, default="OPEN")
    asked_at = models.DateTimeField(_("since"))
    answered_at = models.DateTimeField(_("answered at"), null=True)
    answered_by = models.CharField(_("answered by"), max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("question about a computer")
        verbose_name_plural = _("questions about computers")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=enums.QuestionKind.values), name="seat_question_kind_known"),
            models.CheckConstraint(condition=Q(state__in=enums.QuestionState.values), name="seat_question_state_known"),
            models.UniqueConstraint(
                fields=["seat", "other", "detail"], name="seat_question_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.seat}"


class SeatWatch(models.Model):
    """How far the seats' journal was searched for questions."""

    id = models.BigAutoField(primary_key=True)
    ran_at = models.DateTimeField()
    is_only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(is_only=True), name="seat_watch_is_only")]

    def __str__(self) -> str:
        return str(self.ran_at)


class StaleRule(models.Model):
    """After how many days without contact a computer's seat is proposed for release; holds for companies below, too."""

    id = models.BigAutoField(primary_key=True)
    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="stale_rule")
    days = models.PositiveSmallIntegerField(_("days without contact"))
    is_automatic = models.BooleanField(_("release by itself"), default=False)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("rule for silent computers")
        verbose_name_plural = _("rules for silent computers")
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=7, days__lte=730), name="stale_rule_days"),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.days} d"
