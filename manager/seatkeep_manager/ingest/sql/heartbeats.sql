-- The newest heartbeat of each device of a batch, in one statement; rows are locked already, in id order.
-- Last writer wins on (spool, seq); another spool wins when the device's own clock says that it is newer.
-- Parameter: JSON array of objects with the columns below; text arrays cost the sender five times as much.
UPDATE directory_device d
SET heartbeat_spool = h.spool,
    heartbeat_seq = h.seq,
    heartbeat_at_us = h.at_us,
    last_seen_at = greatest(d.last_seen_at, h.received_at),
    online_until = greatest(d.online_until, h.online_until),
    agent_version = h.agent_version,
    applied_versions = h.applied,
    spool_waiting = h.waiting,
    ip_addresses = ARRAY(SELECT jsonb_array_elements_text(h.addresses)),
    signed_in_user = h.user_name,
    last_user = coalesce(nullif(h.user_name, ''), d.last_user)
FROM json_to_recordset(%s::json) AS h (
    id bigint, spool text, seq bigint, at_us bigint, received_at timestamptz, online_until timestamptz,
    agent_version text, applied jsonb, waiting bigint, addresses jsonb, user_name text
)
WHERE d.id = h.id
  AND CASE WHEN d.heartbeat_spool = h.spool THEN h.seq > d.heartbeat_seq ELSE h.at_us > d.heartbeat_at_us END
RETURNING d.id
