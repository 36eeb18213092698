-- New seats of a batch. The order of ids is the order of the requests.
INSERT INTO licensing_seat
    (uid, license_id, product_id, node_id, fingerprint, device_key, key_thumbprint, held_by, device_name, name, serial,
     os, agent_device, state, seq, epoch, last_jti, activated_at, decided_at, last_seen_at)
SELECT w.uid, w.license_id, w.product_id, w.node_id, w.fingerprint, w.device_key, w.key_thumbprint, 'DEVICE',
       w.device_name, '', w.serial, w.os, w.agent_device, w.state, w.seq, w.epoch, w.last_jti, %(now)s, %(now)s, %(now)s
FROM unnest(%(uids)s::uuid[], %(licenses)s::bigint[], %(products)s::bigint[], %(nodes)s::bigint[],
            %(fingerprints)s::text[], %(keys)s::bytea[], %(thumbprints)s::text[], %(names)s::text[],
            %(serials)s::text[], %(systems)s::text[], %(agents)s::text[], %(states)s::text[], %(seqs)s::bigint[],
            %(epochs)s::int[], %(jtis)s::text[])
     WITH ORDINALITY
     AS w (uid, license_id, product_id, node_id, fingerprint, device_key, key_thumbprint, device_name, serial, os,
           agent_device, state, seq, epoch, last_jti, n)
ORDER BY w.n
RETURNING uid, id
