"""Tables of programs, invitations, sign-in rules and departures; sets and grants stand in the directory."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from seatkeep_webkit.ids import new_uid
from seatkeep_webkit.roles import Role

from seatkeep_manager.rights.enums import InvitationState

MIN_IDLE_MINUTES, MAX_IDLE_MINUTES = 5, 1_440


class ApiToken(models.Model):
    """An API client: a program with a secret of its own, kept as HMAC only.

    It acts as a service account that holds roles or sets at groups, so a person who leaves takes nothing with them.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField()
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    lookup = models.BinaryField(unique=True)
    hint = models.TextField()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_apitoken"
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(name=""), name="api_token_named")]

    def __str__(self) -> str:
        return f"{self.name} …{self.hint}"


class Invitation(models.Model):
    """Somebody is asked to work here, signing in at the console itself; the link's secret is kept as HMAC only."""

    uid = models.UUIDField(unique=True, default=new_uid)
    email = models.EmailField()
    group = models.ForeignKey("directory.StaticGroup", on_delete=models.CASCADE, related_name="+")
    role = models.TextField(choices=Role.choices, blank=True, default="")
    permission_set = models.ForeignKey("directory.PermissionSet", null=True, on_delete=models.CASCADE, related_name="+")
    home_group = models.ForeignKey("directory.StaticGroup", null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.TextField(choices=InvitationState.choices, default=InvitationState.INVITED)
    token_hmac = models.BinaryField(null=True, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=InvitationState.values), name="invitation_state"),
            models.CheckConstraint(
                condition=Q(role="", permission_set__isnull=False) | (~Q(role="") & Q(permission_set__isnull=True)),
                name="invitation_is_role_or_set",
            ),
            models.UniqueConstraint(
                fields=["email"], condition=Q(state=InvitationState.INVITED), name="invitation_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.state}"


class SignInRule(models.Model):
    """How people have to sign in at this console; one row at most."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    requires_second_factor = models.BooleanField(default=False)
    idle_minutes = models.PositiveSmallIntegerField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="sign_in_rule_single"),
            models.CheckConstraint(
                condition=Q(idle_minutes__isnull=True)
                | Q(idle_minutes__gte=MIN_IDLE_MINUTES, idle_minutes__lte=MAX_IDLE_MINUTES),
                name="sign_in_rule_idle",
            ),
        ]

    def __str__(self) -> str:
        return f"second factor {self.requires_second_factor}, {self.idle_minutes} min"


class Departure(models.Model):
    """One person who left: what became of what they had made."""

    uid = models.UUIDField(unique=True, default=new_uid)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="departure")
    by = models.TextField()
    at = models.DateTimeField()
    ended = models.JSONField(default=dict)
    """How many sessions, second factors and grants ended."""
    items = models.JSONField(default=list)
    """Kind, name, place and choice of each thing, and its heir."""

    def __str__(self) -> str:
        return f"{self.user_id} left"
