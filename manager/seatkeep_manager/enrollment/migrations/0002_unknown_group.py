import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Devices whose installation named a group that does not exist."""

    dependencies = [("directory", "0004_permission_sets"), ("enrollment", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="UnknownGroup",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="unknown_group",
                        serialize=False,
                        to="directory.device",
                    ),
                ),
                ("path", models.TextField()),
                (
                    "placed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="directory.staticgroup"
                    ),
                ),
            ],
        ),
    ]
