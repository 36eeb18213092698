"""A row of usage is found by what it is: two indexes less to write for each row of each day.

Nobody asks for its number. One buyer's days are found by the index that keeps them apart, which begins with the day:
PostgreSQL 18 skips from day to day in it, and chose that before the other index was dropped.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agreements", "0005_paused_days")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE agreements_usageday DROP CONSTRAINT agreements_usageday_pkey", migrations.RunSQL.noop
        ),
        migrations.RemoveIndex(model_name="usageday", name="usage_day_buyer"),
    ]
