"""Seal stored answers. Those kept so far are in the clear; they are forgotten, which at worst repeats a request."""

from __future__ import annotations

from django.db import migrations

import seatkeep_webkit.fields


class Migration(migrations.Migration):
    dependencies = [("idempotency", "0001_initial")]

    operations = [
        migrations.RunSQL("DELETE FROM idempotency_idempotencyrecord", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="body",
            field=seatkeep_webkit.fields.EncryptedBinaryField(default=b""),
        ),
    ]
