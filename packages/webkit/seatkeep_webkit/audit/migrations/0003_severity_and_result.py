"""How grave an entry is and whether the act was done. Earlier entries are what was done, as information."""

from django.db import migrations, models

SEVERITIES = [("INFO", "Information"), ("WARNING", "Warning"), ("ERROR", "Error")]
RESULTS = [("DONE", "Done"), ("REFUSED", "Refused"), ("FAILED", "Failed")]


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.AddField(
            "auditentry",
            "severity",
            models.CharField(choices=SEVERITIES, db_default="INFO", default="INFO", max_length=7),
        ),
        migrations.AddField(
            "auditentry",
            "result",
            models.CharField(choices=RESULTS, db_default="DONE", default="DONE", max_length=7),
        ),
        migrations.AddIndex(
            "auditentry",
            models.Index(condition=models.Q(("severity", "INFO"), _negated=True), fields=["-id"], name="audit_grave"),
        ),
        migrations.AddConstraint(
            "auditentry",
            models.CheckConstraint(
                condition=models.Q(("severity__in", ["INFO", "WARNING", "ERROR"])), name="audit_severity_known"
            ),
        ),
        migrations.AddConstraint(
            "auditentry",
            models.CheckConstraint(
                condition=models.Q(("result__in", ["DONE", "REFUSED", "FAILED"])), name="audit_result_known"
            ),
        ),
    ]
