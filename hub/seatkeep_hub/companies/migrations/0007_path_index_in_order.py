"""The index that every request asks is always in order: a list of what is still to be sorted in made readers slow.

After 50,000 companies came at once, the planner read the whole table for one MSP's customers instead.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations

ORDER = "ALTER INDEX company_path SET (fastupdate = off); SELECT gin_clean_pending_list('company_path')"
BACK = "ALTER INDEX company_path SET (fastupdate = on)"


class Migration(migrations.Migration):
    dependencies = [("companies", "0006_company_name")]

    operations = [
        migrations.RunSQL(
            ORDER,
            BACK,
            state_operations=[
                migrations.RemoveIndex(model_name="company", name="company_path"),
                migrations.AddIndex(
                    model_name="company",
                    index=GinIndex(fields=["path"], name="company_path", fastupdate=False),
                ),
            ],
        ),
    ]
