"""API clients move here from the app `api`, table and rows as they are; invitations, sign-in rule, departures are new."""

import django.db.models.deletion
import seatkeep_webkit.ids
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

ROLES = [
    ("OWNER", "Owner"), ("ADMINISTRATOR", "Administrator"), ("TECHNICIAN", "Technician"), ("HELP_DESK", "Help desk"),
    ("BILLING", "Billing"), ("CUSTOMER_IT", "Customer's IT"), ("READ_ONLY", "Read only"),
]  # fmt: skip
STATES = [("INVITED", "Invited"), ("ACCEPTED", "Accepted"), ("REVOKED", "Withdrawn")]
GRANT_API_ACCOUNTS = """
INSERT INTO directory_permissiongrant (uid, user_id, group_id, role, created_at)
SELECT gen_random_uuid(), t.account_id, g.id, CASE a.level WHEN 'WRITE' THEN 'ADMINISTRATOR' ELSE 'READ_ONLY' END,
       t.created_at
FROM api_apitoken t
JOIN directory_useraccess a ON a.user_id = t.account_id AND a.company_hub_id IS NULL
JOIN directory_staticgroup g ON g.kind = 'ROOT'
ON CONFLICT DO NOTHING
"""
"""Tokens that were made before there were sets held a level of the whole console."""


def pk():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def uid():
    return models.UUIDField(default=seatkeep_webkit.ids.new_uid, unique=True)


def user(on_delete=django.db.models.deletion.SET_NULL, related_name="+", **fields):
    return models.ForeignKey(on_delete=on_delete, related_name=related_name, to=settings.AUTH_USER_MODEL, **fields)


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("directory", "0004_permission_sets"),
        ("api", "0001_initial"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="ApiToken",
                    fields=[
                        ("id", pk()),
                        ("uid", uid()),
                        ("name", models.TextField()),
                        ("lookup", models.BinaryField(unique=True)),
                        ("hint", models.TextField()),
                        ("created_at", models.DateTimeField()),
                        ("last_used_at", models.DateTimeField(null=True)),
                        ("revoked_at", models.DateTimeField(null=True)),
                        ("account", user(django.db.models.deletion.CASCADE, "api_tokens")),
                    ],
                    options={
                        "db_table": "api_apitoken",
                        "constraints": [
                            models.CheckConstraint(condition=Q(("name", ""), _negated=True), name="api_token_named")
                        ],
                    },
                ),
            ]
        ),
        migrations.AddField("apitoken", "made_by", user(null=True)),
        migrations.RunSQL(GRANT_API_ACCOUNTS, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", pk()),
                ("uid", uid()),
                ("email", models.EmailField(max_length=254)),
                ("role", models.TextField(blank=True, choices=ROLES, default="")),
                ("state", models.TextField(choices=STATES, default="INVITED")),
                ("token_hmac", models.BinaryField(null=True, unique=True)),
                ("invited_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="directory.staticgroup"
                    ),
                ),
                (
                    "home_group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="directory.staticgroup",
                    ),
                ),
                (
                    "permission_set",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="directory.permissionset",
                    ),
                ),
                ("invited_by", user(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(state__in=["INVITED", "ACCEPTED", "REVOKED"]), name="invitation_state"
                    ),
                    models.CheckConstraint(
                        condition=Q(role="", permission_set__isnull=False)
                        | (~Q(role="") & Q(permission_set__isnull=True)),
                        name="invitation_is_role_or_set",
                    ),
                    models.UniqueConstraint(
                        fields=("email",), condition=Q(state="INVITED"), name="invitation_open_once"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="SignInRule",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("requires_second_factor", models.BooleanField(default=False)),
                ("idle_minutes", models.PositiveSmallIntegerField(null=True)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(id=1), name="sign_in_rule_single"),
                    models.CheckConstraint(
                        condition=Q(idle_minutes__isnull=True) | Q(idle_minutes__gte=5, idle_minutes__lte=1440),
                        name="sign_in_rule_idle",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Departure",
            fields=[
                ("id", pk()),
                ("uid", uid()),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
                ("ended", models.JSONField(default=dict)),
                ("items", models.JSONField(default=list)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="departure",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
