from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    """Find the machine that joins by its fingerprint, however many devices its customer has."""

    dependencies = [("directory", "0005_device_acts_and_mute")]
    operations = [
        migrations.AddIndex(
            "device",
            GinIndex(fields=["fingerprint"], name="device_fingerprint", opclasses=["jsonb_path_ops"], fastupdate=False),
        ),
    ]
