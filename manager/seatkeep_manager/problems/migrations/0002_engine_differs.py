from django.db import migrations, models

KINDS = [
    ("open_detection", "Detection not handled"),
    ("not_protected", "Not protected"),
    ("scan_only", "Scan only"),
    ("no_seat", "No free seat"),
    ("waiting_for_approval", "Device waits for approval"),
    ("silent", "Device is silent"),
    ("task_failed", "Task failed"),
    ("policy_gap", "Device does not obey its newest settings"),
    ("engine_differs", "Defender is not set as policies want"),
    ("link_broken", "Licensing cannot be reached"),
]


class Migration(migrations.Migration):
    """One kind more; the wider constraint holds for the previous code too."""

    dependencies = [("problems", "0001_initial")]
    operations = [
        migrations.RemoveConstraint(model_name="problem", name="problem_kind"),
        migrations.AddConstraint(
            model_name="problem",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=[code for code, _words in KINDS]), name="problem_kind"
            ),
        ),
        migrations.AlterField(model_name="problem", name="kind", field=models.TextField(choices=KINDS)),
    ]
