"""Lists of companies by name begin at once, however many there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("companies", "0005_roles_and_rights")]

    operations = [migrations.AddIndex("company", models.Index(fields=["name", "id"], name="company_name"))]
