"""The table of the cache; without the write-ahead log, because after a crash people just sign in again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="KeptValue",
            fields=[
                ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RunSQL("ALTER TABLE kept_keptvalue SET UNLOGGED", "ALTER TABLE kept_keptvalue SET LOGGED"),
    ]
