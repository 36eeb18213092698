from django.db import migrations
from seatkeep_webkit.search import trigrams

AT_ONCE = 2_000


def index_again(apps, schema_editor):
    """Let a search find companies by tax id, e-mail, contact and city, too."""
    company_model = apps.get_model("companies", "Company")
    last = 0
    while rows := list(company_model.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        for row in rows:
            words = [row.name, row.custom_identifier, row.vat_id, row.email, row.contact_name, row.city, *row.tags]
            row.search = trigrams(" ".join(words))
        company_model.objects.bulk_update(rows, ["search"])
        last = rows[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ('companies', '0003_company_details'),
    ]

    operations = [migrations.RunPython(index_again, migrations.RunPython.noop)]
