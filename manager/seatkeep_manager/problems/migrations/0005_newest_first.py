from django.db import migrations, models


class Migration(migrations.Migration):
    """The newest unresolved problems are read from an index, not sorted out of all of them."""

    dependencies = [("problems", "0004_former_facts")]
    operations = [
        migrations.AddIndex(
            model_name="problem",
            index=models.Index(
                condition=models.Q(("state__in", ("OPEN", "ACKNOWLEDGED", "SNOOZED"))),
                fields=["-since", "-id"],
                name="problem_newest",
            ),
        ),
    ]
