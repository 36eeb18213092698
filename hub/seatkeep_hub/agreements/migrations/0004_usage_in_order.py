"""Daily usage as it is written: in the order of its index, and checked against other tables by its one writer.

A day of a million shares is one set-based write from the very rows that the foreign keys would look up again, four
times for each row; no company and no share is ever deleted. The unique index begins with the day, so that a new day
goes to its end.
"""

from django.db import migrations, models

ORDER = """
ALTER TABLE agreements_usageday
    DROP CONSTRAINT agreements_usageday_seller_id_fkey,
    DROP CONSTRAINT agreements_usageday_buyer_id_fkey,
    DROP CONSTRAINT agreements_usageday_node_id_fkey,
    DROP CONSTRAINT agreements_usageday_product_id_fkey,
    DROP CONSTRAINT usage_day_once;
ALTER TABLE agreements_usageday ADD CONSTRAINT usage_day_once UNIQUE (day, buyer_id, node_id, seller_id);
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0003_day_clock")]

    operations = [
        migrations.RunSQL(
            ORDER,
            migrations.RunSQL.noop,
            state_operations=[
                migrations.RemoveConstraint("usageday", "usage_day_once"),
                migrations.AddConstraint(
                    "usageday",
                    models.UniqueConstraint(fields=["day", "buyer", "node", "seller"], name="usage_day_once"),
                ),
                migrations.AlterField("usageday", "seller", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, related_name="+", to="companies.company", verbose_name="seller")),
                migrations.AlterField("usageday", "buyer", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, related_name="usage_days", to="companies.company", verbose_name="customer")),
                migrations.AlterField("usageday", "node", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, related_name="usage_days", to="licensing.poolnode")),
                migrations.AlterField("usageday", "product", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, related_name="+", to="licensing.product")),
            ],
        ),
    ]
