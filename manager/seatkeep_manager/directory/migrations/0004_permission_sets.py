"""Roles and permission sets; what stood in `instance_level` becomes a row of access without a company.

The old column stays, with a default of the database, for code that runs while this is applied; a later release drops it.
"""

import django.db.models.deletion
import seatkeep_webkit.ids
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower

LEVELS = [("WRITE", "Can change"), ("READ", "Can view"), ("NONE", "No access")]
ROLES = [
    ("OWNER", "Owner"), ("ADMINISTRATOR", "Administrator"), ("TECHNICIAN", "Technician"), ("HELP_DESK", "Help desk"),
    ("BILLING", "Billing"), ("CUSTOMER_IT", "Customer's IT"), ("READ_ONLY", "Read only"),
]  # fmt: skip
ROLE_VALUES = ["", *(value for value, _label in ROLES)]
BACKFILL = """
INSERT INTO directory_useraccess (user_id, company_hub_id, level, role)
SELECT id, NULL, instance_level, '' FROM directory_user WHERE instance_level <> 'NONE'
"""


class Migration(migrations.Migration):
    dependencies = [("directory", "0003_device_windows_inventory")]
    operations = [
        migrations.RemoveConstraint("useraccess", "user_access_once"),
        migrations.RemoveConstraint("useraccess", "user_access_level"),
        migrations.AlterField("useraccess", "company_hub_id", models.UUIDField(null=True)),
        migrations.AlterField("useraccess", "level", models.TextField(choices=LEVELS)),
        migrations.AddField(
            "useraccess", "role", models.TextField(blank=True, choices=ROLES, db_default="", default="")
        ),
        migrations.AddConstraint(
            "useraccess",
            models.UniqueConstraint(
                fields=("user", "company_hub_id"), name="user_access_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            "useraccess",
            models.CheckConstraint(condition=Q(level__in=["WRITE", "READ", "NONE"]), name="user_access_level"),
        ),
        migrations.AddConstraint(
            "useraccess", models.CheckConstraint(condition=Q(role__in=ROLE_VALUES), name="user_access_role")
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE directory_user ALTER COLUMN instance_level SET DEFAULT 'NONE'",
                    "ALTER TABLE directory_user ALTER COLUMN instance_level DROP DEFAULT",
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("user", "user_instance_level"),
                migrations.RemoveField("user", "instance_level"),
            ],
        ),
        migrations.AddConstraint(
            "user", models.CheckConstraint(condition=Q(email=Lower("email")), name="directory_user_email_lower")
        ),
        migrations.AddConstraint(
            "user", models.CheckConstraint(condition=Q(theme__in=["auto", "light", "dark"]), name="directory_user_theme")
        ),
        migrations.AddField(
            "user",
            "home_group",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="directory.staticgroup"
            ),
        ),
        migrations.AddField("user", "is_program", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("user", "left_at", models.DateTimeField(null=True)),
        migrations.RunSQL(
            "UPDATE directory_user SET is_program = true WHERE email LIKE 'api-%@token.invalid'",
            migrations.RunSQL.noop,
        ),
        migrations.CreateModel(
            name="PermissionSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=seatkeep_webkit.ids.new_uid, unique=True)),
                ("name", models.TextField(unique=True)),
                ("note", models.TextField(blank=True, default="")),
                ("levels", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(("name", ""), _negated=True), name="permission_set_named")
                ]
            },
        ),
        migrations.CreateModel(
            name="PermissionGrant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=seatkeep_webkit.ids.new_uid, unique=True)),
                ("role", models.TextField(blank=True, choices=ROLES, default="")),
                ("created_at", models.DateTimeField()),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
                        to="directory.staticgroup",
                    ),
                ),
                (
                    "permission_set",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="directory.permissionset",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(role__in=ROLE_VALUES), name="grant_role"),
                    models.CheckConstraint(
                        condition=Q(role="", permission_set__isnull=False)
                        | (~Q(role="") & Q(permission_set__isnull=True)),
                        name="grant_is_role_or_set",
                    ),
                    models.UniqueConstraint(
                        fields=("user", "group", "role", "permission_set"),
                        name="grant_once",
                        nulls_distinct=False,
                    ),
                ]
            },
        ),
    ]
