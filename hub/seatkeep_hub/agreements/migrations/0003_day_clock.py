"""When a relation's days begin and end: a cut-off and a time zone of its own."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

BEGIN = """
CREATE FUNCTION usage_day_begin(day date, cut_off time, zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT (day - (coalesce(cut_off, '00:00') > '12:00')::int + coalesce(cut_off, '00:00')) AT TIME ZONE zone
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0002_usage_from_ledgers"), ("companies", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DayClock",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from_on", models.DateField(help_text="The first day of a month.", verbose_name="valid from")),
                ("time_zone", models.CharField(blank=True, help_text="IANA name; the seller's where empty.", max_length=64, verbose_name="time zone")),
                ("cut_off", models.TimeField(default=datetime.time(0, 0), help_text="By the clock of the time zone.", verbose_name="a day ends at")),
                ("buyer", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="companies.company", verbose_name="buyer")),
                ("seller", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="companies.company", verbose_name="seller")),
            ],
            options={
                "verbose_name": "day's end",
                "verbose_name_plural": "days' ends",
                "ordering": ["-valid_from_on", "-id"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("valid_from_on__day", 1)), name="day_clock_from_first_of_month"),
                    models.UniqueConstraint(fields=("seller", "buyer", "valid_from_on"), name="day_clock_once", nulls_distinct=False),
                ],
            },
        ),
        migrations.RunSQL(BEGIN, "DROP FUNCTION usage_day_begin(date, time, text)"),
    ]
