from django.db import migrations, models

_FILL = """
UPDATE statedocs_licenseassignment AS assignment SET company_hub_id = device.company_hub_id
FROM directory_device AS device WHERE device.id = assignment.device_id
"""


class Migration(migrations.Migration):
    """Whose seat an assignment is; what stands there was assigned where its device is."""

    dependencies = [("statedocs", "0002_withdrawn"), ("directory", "0005_device_acts_and_mute")]
    operations = [
        migrations.AddField("licenseassignment", "company_hub_id", models.UUIDField(null=True)),
        migrations.AddField("licenseassignment", "moved_from", models.UUIDField(null=True)),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
