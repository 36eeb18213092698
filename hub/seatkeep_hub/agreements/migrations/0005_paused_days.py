"""Days on which the billing of a license was stopped: they are not billed, whatever was in use."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agreements", "0004_usage_in_order")]

    operations = [
        migrations.AddField(
            model_name="usageday",
            name="is_paused",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Billing was stopped the whole day; what was in use is told only.",
            ),
        ),
    ]
