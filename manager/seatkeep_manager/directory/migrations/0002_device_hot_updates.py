from django.db import migrations


class Migration(migrations.Migration):
    """Heartbeats update every device each minute: without an index on what they write and with room in each page,
    PostgreSQL keeps the new row version beside the old one (HOT) and writes no index at all."""

    dependencies = [("directory", "0001_initial")]
    operations = [
        migrations.RemoveIndex(model_name="device", name="device_online"),
        migrations.RunSQL(
            "ALTER TABLE directory_device SET (fillfactor = 70)", "ALTER TABLE directory_device RESET (fillfactor)"
        ),
    ]
