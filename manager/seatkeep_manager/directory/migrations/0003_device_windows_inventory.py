from django.db import migrations, models


class Migration(migrations.Migration):
    """What the lists show of an inventory; the database's own defaults let the previous code go on inserting."""

    dependencies = [("directory", "0002_device_hot_updates")]
    operations = [
        migrations.AddField("device", name, models.TextField(blank=True, default="", db_default=""))
        for name in ("os_edition", "os_build", "domain", "last_user")
    ]
