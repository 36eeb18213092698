-- What the inventories of a batch say of restarts and disks; one row per device, in id order. A restart that is still
-- needed keeps the time since when.
-- Parameter: told, a JSON array of objects with these columns.
INSERT INTO problems_devicecondition AS known
    (device_id, settings_errors, engine_differences, restart_since, disk_mount, disk_free_percent)
SELECT t.device_id, '{}', '{}', t.restart_since, t.disk_mount, t.disk_free_percent
FROM jsonb_to_recordset(%(told)s::jsonb) AS t (
    device_id bigint, restart_since timestamptz, disk_mount text, disk_free_percent smallint
)
ORDER BY t.device_id
ON CONFLICT (device_id) DO UPDATE
SET restart_since = CASE WHEN excluded.restart_since IS NOT NULL
                         THEN coalesce(known.restart_since, excluded.restart_since) END,
    disk_mount = excluded.disk_mount,
    disk_free_percent = excluded.disk_free_percent
WHERE (known.restart_since IS NULL, known.disk_mount, known.disk_free_percent)
    IS DISTINCT FROM (excluded.restart_since IS NULL, excluded.disk_mount, excluded.disk_free_percent)
