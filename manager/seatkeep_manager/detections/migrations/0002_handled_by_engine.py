from django.db import migrations, models


class Migration(migrations.Migration):
    """An engine may end a threat by itself; the wider constraint holds for the previous code too."""

    dependencies = [("detections", "0001_initial")]
    operations = [
        migrations.RemoveConstraint(model_name="detection", name="detection_resolution"),
        migrations.AddConstraint(
            model_name="detection",
            constraint=models.CheckConstraint(
                condition=models.Q(resolved_at__isnull=True, resolution="")
                | models.Q(
                    resolved_at__isnull=False,
                    resolution__in=["DELETED", "RESTORED", "RESOLVED", "FALSE_POSITIVE", "HANDLED"],
                ),
                name="detection_resolution",
            ),
        ),
        migrations.AlterField(
            model_name="detection",
            name="resolution",
            field=models.TextField(
                blank=True,
                choices=[
                    ("DELETED", "Deleted from quarantine"), ("RESTORED", "Restored from quarantine"),
                    ("RESOLVED", "Resolved by a person"), ("FALSE_POSITIVE", "False alarm"),
                    ("HANDLED", "Handled by the engine"),
                ],
                default="",
            ),
        ),
    ]  # fmt: skip
