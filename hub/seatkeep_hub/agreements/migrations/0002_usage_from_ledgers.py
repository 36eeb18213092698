"""A ledger of agreements, daily usage in monthly partitions and per level of the tree, and how far counting has come."""

import django.db.models.deletion
from django.db import migrations, models

ENTRIES = """
INSERT INTO agreements_agreemententry (agreement_id, number, mode, quantity, is_closed, actor, note, at)
    SELECT id, 1, mode, quantity, false, 'first run', '', created_at FROM agreements_agreement;
INSERT INTO agreements_agreemententry (agreement_id, number, mode, quantity, is_closed, actor, note, at)
    SELECT id, 2, mode, quantity, true, 'first run', '', closed_at FROM agreements_agreement
    WHERE closed_at IS NOT NULL;
CREATE TRIGGER agreement_entry_only_grows BEFORE UPDATE OR DELETE ON agreements_agreemententry
    FOR EACH ROW EXECUTE FUNCTION license_entry_refuse_change();
"""

USAGE = """
CREATE TEMPORARY TABLE usage_before ON COMMIT DROP AS SELECT * FROM agreements_usageday;
DROP TABLE agreements_usageday;
CREATE SEQUENCE agreements_usageday_id_seq AS bigint;
CREATE TABLE agreements_usageday (
    id bigint NOT NULL DEFAULT nextval('agreements_usageday_id_seq'),
    seller_id bigint NOT NULL REFERENCES companies_company (id) DEFERRABLE INITIALLY DEFERRED,
    buyer_id bigint NOT NULL REFERENCES companies_company (id) DEFERRABLE INITIALLY DEFERRED,
    node_id bigint NOT NULL REFERENCES licensing_poolnode (id) DEFERRABLE INITIALLY DEFERRED,
    product_id bigint NOT NULL REFERENCES licensing_product (id) DEFERRABLE INITIALLY DEFERRED,
    day date NOT NULL,
    ordered integer NOT NULL CHECK (ordered >= 0),
    agreed integer NOT NULL CHECK (agreed >= 0),
    in_use integer NOT NULL CHECK (in_use >= 0),
    peak integer NOT NULL CHECK (peak >= 0),
    device_days integer NOT NULL CHECK (device_days >= 0),
    is_flexible boolean NOT NULL,
    is_direct boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (day, id),
    CONSTRAINT usage_day_once UNIQUE (node_id, day, seller_id, buyer_id),
    CONSTRAINT usage_day_peak_is_highest CHECK (peak >= in_use)
) PARTITION BY RANGE (day);
ALTER SEQUENCE agreements_usageday_id_seq OWNED BY agreements_usageday.id;
CREATE INDEX usage_day_buyer ON agreements_usageday (buyer_id, day);
CREATE INDEX usage_day_relation ON agreements_usageday (seller_id, buyer_id, day);
CREATE TABLE agreements_usageday_default PARTITION OF agreements_usageday DEFAULT;

-- Make the partition of a month; rows that fell into the default partition before it existed move over.
CREATE FUNCTION usage_day_partition_ensure(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    low date := date_trunc('month', month)::date;
    high date := (date_trunc('month', month) + interval '1 month')::date;
    name text := 'agreements_usageday_' || to_char(month, 'YYYYMM');
BEGIN
    PERFORM pg_advisory_xact_lock(7303);
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE agreements_usageday INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('WITH moved AS (DELETE FROM agreements_usageday_default WHERE day >= %L AND day < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', low, high, name);
    EXECUTE format('ALTER TABLE agreements_usageday ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
END $$;
SELECT usage_day_partition_ensure((now() + make_interval(months => n))::date) FROM generate_series(-1, 3) AS n;

-- The next run of the hourly job counts every day again, so that what is new in the rows becomes right.
INSERT INTO agreements_usageday
    (seller_id, buyer_id, node_id, product_id, day, ordered, agreed, in_use, peak, device_days, is_flexible,
     is_direct, recorded_at)
    SELECT seller_id, buyer_id, node_id, product_id, day, ordered, agreed, in_use, peak, peak, agreed = 0, true,
           recorded_at
    FROM usage_before;
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_initial"), ("licensing", "0003_fewer_indexes")]

    operations = [
        migrations.CreateModel(
            name="AgreementEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("mode", models.CharField(choices=[("FIXED", "Fixed"), ("FLEXIBLE", "Flexible")], max_length=8, verbose_name="kind")),
                ("quantity", models.PositiveIntegerField(verbose_name="seats")),
                ("is_closed", models.BooleanField(default=False, verbose_name="closed")),
                ("actor", models.CharField(max_length=200, verbose_name="who")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("agreement", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="agreements.agreement")),
            ],
            options={
                "verbose_name": "agreement entry",
                "verbose_name_plural": "agreement entries",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("agreement", "number"), name="agreement_entry_number"),
                    models.CheckConstraint(condition=models.Q(("mode__in", ["FIXED", "FLEXIBLE"])), name="agreement_entry_mode_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageRun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("ran_at", models.DateTimeField()),
                ("is_only", models.BooleanField(default=True, editable=False, unique=True)),
            ],
            options={"constraints": [models.CheckConstraint(condition=models.Q(("is_only", True)), name="usage_run_is_only")]},
        ),
        migrations.RunSQL(ENTRIES, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField("usageday", "device_days", models.PositiveIntegerField(default=0, help_text="Devices that held a seat at any time of the day.", verbose_name="device-days")),
                migrations.AddField("usageday", "is_flexible", models.BooleanField(default=False, help_text="Nothing was promised: what is in use is billed.")),
                migrations.AddField("usageday", "is_direct", models.BooleanField(default=True, help_text="The buyer is the company that uses the seats.")),
            ],
            database_operations=[migrations.RunSQL(USAGE, migrations.RunSQL.noop)],
        ),
    ]
