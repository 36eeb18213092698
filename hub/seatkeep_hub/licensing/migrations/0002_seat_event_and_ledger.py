"""Seat events in monthly partitions, a ledger that only grows, and the first catalogue."""

import seatkeep_webkit.outbox.fields
from django.db import migrations, models

from seatkeep_hub.licensing.catalogue import CATALOGUE_SQL

SEAT_EVENT = """
CREATE SEQUENCE licensing_seatevent_id_seq AS bigint;
CREATE TABLE licensing_seatevent (
    at timestamptz NOT NULL,
    id bigint NOT NULL DEFAULT nextval('licensing_seatevent_id_seq'),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    license_id bigint NOT NULL,
    product_id bigint NOT NULL,
    node_id bigint NOT NULL,
    seat_id bigint NOT NULL,
    kind varchar(12) NOT NULL,
    delta smallint NOT NULL CHECK (delta BETWEEN -1 AND 1),
    actor varchar(200) NOT NULL,
    detail varchar(500) NOT NULL,
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
ALTER SEQUENCE licensing_seatevent_id_seq OWNED BY licensing_seatevent.id;
CREATE INDEX seat_event_node ON licensing_seatevent (license_id, node_id, at);
CREATE INDEX seat_event_seat ON licensing_seatevent (seat_id, at);
CREATE INDEX seat_event_order ON licensing_seatevent (xid, id);
CREATE TABLE licensing_seatevent_default PARTITION OF licensing_seatevent DEFAULT;

-- Make the partition of a month; rows that fell into the default partition before it existed move over.
CREATE FUNCTION seat_event_partition_ensure(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := 'licensing_seatevent_' || to_char(month, 'YYYYMM');
    low timestamptz := first::timestamp AT TIME ZONE 'UTC';
    high timestamptz := (first + interval '1 month')::timestamp AT TIME ZONE 'UTC';
BEGIN
    PERFORM pg_advisory_xact_lock(7302);
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE licensing_seatevent INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('WITH moved AS (DELETE FROM licensing_seatevent_default WHERE at >= %L AND at < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', low, high, name);
    EXECUTE format('ALTER TABLE licensing_seatevent ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
END $$;
SELECT seat_event_partition_ensure((now() + make_interval(months => n))::date) FROM generate_series(0, 3) AS n;
"""

DROP_SEAT_EVENT = """
DROP FUNCTION seat_event_partition_ensure(date);
DROP TABLE licensing_seatevent;
"""

LEDGER = """
CREATE FUNCTION license_entry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger only grows' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER license_entry_only_grows BEFORE UPDATE OR DELETE ON licensing_licenseentry
    FOR EACH ROW EXECUTE FUNCTION license_entry_refuse_change();
"""

DROP_LEDGER = """
DROP TRIGGER license_entry_only_grows ON licensing_licenseentry;
DROP FUNCTION license_entry_refuse_change();
"""

HOT_TABLES = """
ALTER TABLE licensing_poolnode SET (fillfactor = 70);
ALTER TABLE licensing_seat SET (fillfactor = 85);
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="SeatEvent",
                    fields=[
                        ("pk", models.CompositePrimaryKey("at", "id", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("at", models.DateTimeField(verbose_name="when")),
                        ("id", models.BigIntegerField()),
                        ("xid", seatkeep_webkit.outbox.fields.XidField(db_default=seatkeep_webkit.outbox.fields.CurrentXact())),
                        ("license_id", models.BigIntegerField()),
                        ("product_id", models.BigIntegerField()),
                        ("node_id", models.BigIntegerField()),
                        ("seat_id", models.BigIntegerField()),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("TAKEN", "Activated"),
                                    ("RETAKEN", "Activated again"),
                                    ("MOVED_OUT", "Moved away"),
                                    ("MOVED_IN", "Moved here"),
                                    ("KEY_REPLACED", "New key of the same device"),
                                    ("RECREATED", "Found after restore"),
                                    ("RELEASED", "Given back"),
                                    ("DEACTIVATED", "Protection stopped"),
                                    ("RESTORED", "Protection resumed"),
                                    ("RENAMED", "Renamed"),
                                ],
                                max_length=12,
                                verbose_name="what",
                            ),
                        ),
                        ("delta", models.SmallIntegerField(verbose_name="change of the count")),
                        ("actor", models.CharField(max_length=200, verbose_name="who")),
                        ("detail", models.CharField(blank=True, max_length=500, verbose_name="note")),
                    ],
                    options={
                        "verbose_name": "seat event",
                        "verbose_name_plural": "seat events",
                        "indexes": [
                            models.Index(fields=["license_id", "node_id", "at"], name="seat_event_node"),
                            models.Index(fields=["seat_id", "at"], name="seat_event_seat"),
                            models.Index(fields=["xid", "id"], name="seat_event_order"),
                        ],
                    },
                ),
            ],
            database_operations=[migrations.RunSQL(SEAT_EVENT, DROP_SEAT_EVENT)],
        ),
        migrations.RunSQL(LEDGER, DROP_LEDGER),
        migrations.RunSQL(HOT_TABLES, migrations.RunSQL.noop),
        migrations.RunSQL(CATALOGUE_SQL, migrations.RunSQL.noop),
    ]
