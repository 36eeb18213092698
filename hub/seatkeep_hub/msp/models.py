"""Tables of the MSP's daily work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.msp.enums import InvitationState


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
