import django.db.models.deletion
import seatkeep_webkit.ids
from django.conf import settings
from django.db import migrations, models

VERBS = [
    ("MOVE", "Moved"),
    ("RENAME", "Renamed"),
    ("RETIRE", "No longer managed"),
    ("RESTORE", "Managed again"),
]


class Migration(migrations.Migration):
    """Acts on computers that can be taken back, and computers whose troubles count for nothing for a while."""

    dependencies = [("directory", "0004_permission_sets")]
    operations = [
        migrations.AddField("device", "muted_until", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="DeviceAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=seatkeep_webkit.ids.new_uid, unique=True)),
                ("verb", models.TextField(choices=VERBS)),
                ("at", models.DateTimeField()),
                ("count", models.PositiveIntegerField()),
                ("former", models.JSONField()),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="device_acts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["user", "-at"], name="device_act_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verb__in", ["MOVE", "RENAME", "RETIRE", "RESTORE"])), name="act_verb"
                    )
                ],
            },
        ),
    ]
