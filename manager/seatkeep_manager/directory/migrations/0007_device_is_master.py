from django.db import migrations, models


class Migration(migrations.Migration):
    """Computers whose image is put on others."""

    dependencies = [("directory", "0006_device_fingerprint")]
    operations = [
        migrations.AddField("device", "is_master", models.BooleanField(default=False, db_default=False)),
    ]
