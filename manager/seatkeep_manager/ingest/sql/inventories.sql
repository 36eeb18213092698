-- The newest inventory of each device of a batch: the snapshot, and what the lists show of it in the device's own row.
-- Last writer wins as with heartbeats; a device whose snapshot is newer keeps row and snapshot. Rows are locked already.
-- An inventory without a fingerprint or a last user leaves those that are known.
-- Parameter: JSON array of objects with the columns below.
WITH sent AS (
    SELECT *
    FROM jsonb_to_recordset(%s::jsonb) AS i (
        device_id bigint, spool text, seq bigint, at_us bigint, taken_at timestamptz, received_at timestamptz,
        hardware jsonb, os jsonb, software jsonb, hostname text, kind text, os_family text, os_name text,
        os_version text, os_edition text, os_build text, architecture text, domain text, last_user text, serial text,
        manufacturer text, model text, cpu text, cpu_count integer, memory_bytes bigint, disk_bytes bigint,
        fingerprint jsonb
    )
), taken AS (
    INSERT INTO directory_inventorysnapshot AS known
        (device_id, spool, seq, at_us, taken_at, received_at, hardware, os, software)
    SELECT device_id, spool, seq, at_us, taken_at, received_at, hardware, os, software FROM sent ORDER BY device_id
    ON CONFLICT (device_id) DO UPDATE
    SET spool = excluded.spool,
        seq = excluded.seq,
        at_us = excluded.at_us,
        taken_at = excluded.taken_at,
        received_at = excluded.received_at,
        hardware = excluded.hardware,
        os = excluded.os,
        software = excluded.software
    WHERE CASE WHEN known.spool = excluded.spool THEN excluded.seq > known.seq ELSE excluded.at_us > known.at_us END
    RETURNING device_id
)
UPDATE directory_device d
SET hostname = sent.hostname,
    kind = sent.kind,
    os_family = sent.os_family,
    os_name = sent.os_name,
    os_version = sent.os_version,
    os_edition = sent.os_edition,
    os_build = sent.os_build,
    architecture = sent.architecture,
    domain = sent.domain,
    last_user = coalesce(nullif(sent.last_user, ''), d.last_user),
    serial = sent.serial,
    manufacturer = sent.manufacturer,
    model = sent.model,
    cpu = sent.cpu,
    cpu_count = sent.cpu_count,
    memory_bytes = sent.memory_bytes,
    disk_bytes = sent.disk_bytes,
    inventory_at = sent.received_at,
    fingerprint = CASE WHEN sent.fingerprint = '{}' THEN d.fingerprint ELSE sent.fingerprint END
FROM sent
JOIN taken USING (device_id)
WHERE d.id = sent.device_id
RETURNING d.id
