"""The newest licenses, and a device by how its name begins, without reading the others."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("licensing", "0004_tiers_and_suspension")]

    operations = [
        migrations.AddIndex("license", models.Index(fields=["-created_at", "-id"], name="license_newest")),
        migrations.AddIndex(
            "seat",
            models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("device_name"), name="text_pattern_ops"
                ),
                name="seat_device_name",
            ),
        ),
    ]
