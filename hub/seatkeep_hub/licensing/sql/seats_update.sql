-- Seats of a batch that changed; all of them are locked.
UPDATE licensing_seat s
SET node_id = w.node_id, device_key = w.device_key, key_thumbprint = w.key_thumbprint, device_name = w.device_name,
    serial = w.serial, os = w.os, agent_device = w.agent_device, state = w.state, seq = w.seq, epoch = w.epoch,
    last_jti = w.last_jti, activated_at = w.activated_at, decided_at = w.decided_at, last_seen_at = w.last_seen_at,
    ended_at = w.ended_at
FROM unnest(%(ids)s::bigint[], %(nodes)s::bigint[], %(keys)s::bytea[], %(thumbprints)s::text[], %(names)s::text[],
            %(serials)s::text[], %(systems)s::text[], %(agents)s::text[], %(states)s::text[], %(seqs)s::bigint[],
            %(epochs)s::int[], %(jtis)s::text[], %(activated)s::timestamptz[], %(decided)s::timestamptz[],
            %(seen)s::timestamptz[], %(ended)s::timestamptz[])
     AS w (id, node_id, device_key, key_thumbprint, device_name, serial, os, agent_device, state, seq, epoch, last_jti,
           activated_at, decided_at, last_seen_at, ended_at)
WHERE s.id = w.id
