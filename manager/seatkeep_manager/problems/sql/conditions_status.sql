-- What the protection products of a batch say of signatures, settings and engines; one row per device, in id order.
-- Parameter: told, a JSON array of objects with these columns.
INSERT INTO problems_devicecondition AS known
    (device_id, signatures_at, settings_errors, engine_differences, disk_mount)
SELECT t.device_id, t.signatures_at, t.settings_errors,
       ARRAY(SELECT jsonb_array_elements_text(t.engine_differences)), ''
FROM jsonb_to_recordset(%(told)s::jsonb) AS t (
    device_id bigint, signatures_at timestamptz, settings_errors jsonb, engine_differences jsonb
)
ORDER BY t.device_id
ON CONFLICT (device_id) DO UPDATE
SET signatures_at = excluded.signatures_at,
    settings_errors = excluded.settings_errors,
    engine_differences = excluded.engine_differences
WHERE (known.signatures_at, known.settings_errors, known.engine_differences)
    IS DISTINCT FROM (excluded.signatures_at, excluded.settings_errors, excluded.engine_differences)
