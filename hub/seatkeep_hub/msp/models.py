"""Tables of the MSP's daily work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.msp.enums import CompanyAct, InvitationState, RequestKind, RequestState, RunState


class Invitation(models.Model):
    """An open door for one person into one company, with the access that they will get."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey(
        "companies.Company", on_delete=models.CASCADE, related_name="invitations", verbose_name=_("company")
    )
    email = models.EmailField(_("email"), max_length=254)
    level = models.CharField(_("access"), max_length=8, choices=AccessLevel.choices)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.TECHNICIAN)
    sees_prices = models.BooleanField(_("sees prices"), null=True, blank=True)
    customers = models.ManyToManyField(
        "companies.Company",
        related_name="+",
        blank=True,
        verbose_name=_("only for"),
        help_text=_("Empty: the company and everything below it, also what comes later."),
    )
    state = models.CharField(_("state"), max_length=8, choices=InvitationState.choices, default=InvitationState.INVITED)
    token_hmac = models.BinaryField(max_length=32, null=True, unique=True)
    invited_by = models.CharField(_("invited by"), max_length=200)
    invited_at = models.DateTimeField(_("invited at"))
    expires_at = models.DateTimeField(_("ends at"))
    decided_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=InvitationState.values), name="invitation_state_known"),
            models.CheckConstraint(condition=Q(level__in=AccessLevel.values), name="invitation_level_known"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(state=InvitationState.INVITED) ^ Q(token_hmac__isnull=True),
                name="invitation_token_while_invited",
            ),
            models.UniqueConstraint(
                fields=["company", "email"],
                condition=Q(state=InvitationState.INVITED),
                name="invitation_once_per_company",
            ),
        ]

    def __str__(self) -> str:
        return self.email


class Request(models.Model):
    """What a managed MSP that is not trusted asks its manager for: a command that is carried out on approval."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="requests", verbose_name=_("asked by")
    )
    about = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="requests_about", verbose_name=_("for")
    )
    kind = models.CharField(_("what"), max_length=9, choices=RequestKind.choices)
    command = models.JSONField(default=dict, help_text=_("Arguments of the service that carries it out."))
    reason = models.CharField(_("why"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=RequestState.choices, default=RequestState.PENDING)
    requester = models.CharField(_("who"), max_length=200)
    requester_id = models.CharField(max_length=64, help_text=_("Id of the actor who asked, for the answer."))
    decider = models.CharField(_("answered by"), max_length=200, blank=True)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    outcome = models.UUIDField(_("what was made"), null=True, blank=True)
    created_at = models.DateTimeField(_("asked at"))
    decided_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        indexes = [models.Index(fields=["company"], condition=Q(state="PENDING"), name="request_waiting")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RequestKind.values), name="request_kind_known"),
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="request_state_known"),
            models.CheckConstraint(
                condition=Q(state="PENDING", decided_at__isnull=True)
                | (~Q(state="PENDING") & Q(decided_at__isnull=False)),
                name="request_decided_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class CompanyRun(models.Model):
    """One act on several companies, in somebody's name; what became of each is in its items."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    act = models.CharField(_("what"), max_length=10, choices=CompanyAct.choices)
    arguments = models.JSONField(default=dict)
    actor = models.JSONField(help_text=_("Who does it, so that a job asks for that one's access again."))
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(_("who"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=RunState.choices, default=RunState.RUNNING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("act on several companies")
        verbose_name_plural = _("acts on several companies")
        indexes = [models.Index(fields=["actor_id", "-id"], name="company_run_actor")]
        constraints = [
            models.CheckConstraint(condition=Q(act__in=CompanyAct.values), name="company_run_act_known"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="company_run_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.uid}"


class CompanyRunItem(models.Model):
    """One company of a run; `code` is empty until it is its turn, then `done`, `unchanged` or a refusal's code."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(CompanyRun, on_delete=models.CASCADE, related_name="items")
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    code = models.CharField(_("result"), max_length=60, blank=True)
    detail = models.CharField(_("why"), max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("company of an act")
        verbose_name_plural = _("companies of an act")
        constraints = [models.UniqueConstraint(fields=["run", "company"], name="company_run_item_once")]

    def __str__(self) -> str:
        return f"{self.company} {self.code}"
