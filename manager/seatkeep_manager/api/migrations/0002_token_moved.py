"""The table of tokens belongs to the app `rights` now; only the bookkeeping changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial"), ("rights", "0001_initial")]
    operations = [migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("ApiToken")])]
