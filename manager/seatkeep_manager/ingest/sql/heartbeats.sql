-- The newest heartbeat of each device of a batch, in one statement; rows are locked already, in id order.
-- Last writer wins on (spool, seq); another spool wins when the device's own clock says that it is newer.
-- Parameters: arrays of device id, spool, seq, at_us, received at, lease end, agent version, applied, waiting, addresses, user.
UPDATE directory_device d
SET heartbeat_spool = h.spool,
    heartbeat_seq = h.seq,
    heartbeat_at_us = h.at_us,
    last_seen_at = greatest(d.last_seen_at, h.received_at),
    online_until = greatest(d.online_until, h.online_until),
    agent_version = h.agent_version,
    applied_versions = h.applied::jsonb,
    spool_waiting = h.waiting,
    ip_addresses = ARRAY(SELECT jsonb_array_elements_text(h.addresses::jsonb)),
    signed_in_user = h.user_name,
    last_user = coalesce(nullif(h.user_name, ''), d.last_user)
FROM unnest(
    %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[],
    %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[]
) AS h (id, spool, seq, at_us, received_at, online_until, agent_version, applied, waiting, addresses, user_name)
WHERE d.id = h.id
  AND CASE WHEN d.heartbeat_spool = h.spool THEN h.seq > d.heartbeat_seq ELSE h.at_us > d.heartbeat_at_us END
RETURNING d.id
