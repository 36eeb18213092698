"""Allowances may be forgotten after a crash; without the write-ahead log counting is cheap."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ratelimit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE ratelimit_ratebucket SET UNLOGGED", "ALTER TABLE ratelimit_ratebucket SET LOGGED"
        )
    ]
