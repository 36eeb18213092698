-- What looks wrong about seats that changed since the last run. Both cases are asked once: the unique constraint keeps
-- what was answered. Found beside the activation, never in it.
WITH taken AS (
    SELECT DISTINCT e.seat_id FROM licensing_seatevent e
    WHERE e.at > %(since)s AND e.kind IN ('TAKEN', 'RETAKEN')
), pair AS (
    -- The same agent, or the same serial number, took a second seat under another fingerprint. Serial numbers that
    -- makers leave empty or that more than two computers of a customer share say nothing.
    SELECT former.id AS seat_id, came.id AS other_id,
           CASE WHEN former.agent_device <> '' AND former.agent_device = came.agent_device THEN 'agent' ELSE 'serial' END
               AS detail
    FROM taken
    JOIN licensing_seat came ON came.id = taken.seat_id AND came.state = 'ACTIVE'
    JOIN licensing_seat former
        ON former.node_id = came.node_id AND former.state = 'ACTIVE' AND former.id <> came.id
        AND former.activated_at <= came.activated_at AND former.fingerprint <> came.fingerprint
    WHERE (former.agent_device <> '' AND former.agent_device = came.agent_device)
        OR (length(former.serial) >= 5 AND former.serial = came.serial
            AND lower(former.serial) NOT IN ('default string', 'to be filled by o.e.m.', 'system serial number',
                                             'not specified', 'none', 'unknown', '00000000', '123456789')
            AND (SELECT count(*) FROM licensing_seat same
                 WHERE same.node_id = came.node_id AND same.state = 'ACTIVE' AND same.serial = came.serial) = 2)
), back AS (
    -- A key that was replaced came back: two computers take turns with one identity. One that is set up anew never
    -- shows its former key again.
    SELECT e.seat_id, split_part(e.detail, ' → ', 2) AS detail
    FROM licensing_seatevent e
    JOIN licensing_seat s ON s.id = e.seat_id AND s.state = 'ACTIVE'
    WHERE e.at > %(since)s AND e.kind = 'KEY_REPLACED' AND EXISTS (
        SELECT 1 FROM licensing_seatevent before
        WHERE before.seat_id = e.seat_id AND before.at < e.at AND before.kind = 'KEY_REPLACED'
            AND split_part(before.detail, ' → ', 1) = split_part(e.detail, ' → ', 2)
    )
)
INSERT INTO upkeep_seatquestion (uid, kind, seat_id, other_id, detail, state, asked_at, answered_by)
SELECT gen_random_uuid(), 'HARDWARE', seat_id, other_id, detail, 'OPEN', %(now)s, '' FROM pair
UNION ALL
SELECT DISTINCT gen_random_uuid(), 'CLONE', seat_id, NULL::bigint, detail, 'OPEN', %(now)s::timestamptz, '' FROM back
ON CONFLICT DO NOTHING
