from django.db import migrations

SILENT = """
UPDATE problems_problem p
SET kind = CASE d.kind WHEN 'SERVER' THEN 'server_silent' ELSE 'workstation_silent' END
FROM directory_device d
WHERE d.id = p.device_id AND p.kind = 'silent'
"""
CONDITIONS = """
INSERT INTO problems_devicecondition (device_id, signatures_at, settings_errors, engine_differences, disk_mount)
SELECT d.id,
       CASE WHEN coalesce((c.told ->> 'is_running')::boolean, false)
                 AND NOT coalesce((c.told ->> 'is_test_rules')::boolean, false)
            THEN to_timestamp(least((c.told ->> 'signatures_at_us')::numeric, 221845392000000000)::bigint / 1e6) END,
       coalesce(d.endpoint_status -> 'settings_errors', '{}'),
       ARRAY(SELECT DISTINCT jsonb_object_keys(e -> 'differences')
             FROM jsonb_array_elements(coalesce(d.endpoint_status -> 'engines', '[]')) AS e
             WHERE jsonb_typeof(e -> 'differences') = 'object'
             ORDER BY 1),
       ''
FROM directory_device d
CROSS JOIN LATERAL (SELECT d.endpoint_status -> 'capabilities' AS told) AS c
WHERE d.endpoint_status <> '{}'
ON CONFLICT (device_id) DO NOTHING
"""


class Migration(migrations.Migration):
    """What was one kind of silence becomes two; what devices said already is kept where problems are judged by it."""

    dependencies = [("problems", "0003_history_and_thresholds"), ("enrollment", "0002_unknown_group")]
    operations = [
        migrations.RunSQL(SILENT, migrations.RunSQL.noop),
        migrations.RunSQL(CONDITIONS, migrations.RunSQL.noop),
    ]
