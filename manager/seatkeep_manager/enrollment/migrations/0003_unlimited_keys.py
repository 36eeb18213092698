from django.db import migrations, models


class Migration(migrations.Migration):
    """Keys by which everybody is let in until they are revoked."""

    dependencies = [("enrollment", "0002_unknown_group")]
    operations = [
        migrations.AddField("enrollmenttoken", "is_unlimited", models.BooleanField(default=False, db_default=False)),
    ]
