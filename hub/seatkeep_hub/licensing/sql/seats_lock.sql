-- A new statement after the nodes are locked: it sees what earlier batches committed. Seats are locked by id, too,
-- so that a renewal beside it waits instead of meeting it head-on. LATERAL with LIMIT and ARRAY keep every look-up an
-- index look-up, also in a plan that was made while the table was small.
SELECT s.id, s.uid, s.license_id, s.product_id, s.node_id, s.fingerprint, s.device_key, s.key_thumbprint, s.state,
       s.seq, s.epoch, s.device_name, s.serial, s.os, s.agent_device, s.last_jti, s.activated_at, s.decided_at,
       s.last_seen_at, s.ended_at
FROM licensing_seat s
WHERE s.id = ANY (ARRAY(
    SELECT held.id
    FROM unnest(%(licenses)s::bigint[], %(products)s::bigint[], %(fingerprints)s::text[])
         AS w (license_id, product_id, fingerprint)
    CROSS JOIN LATERAL (
        SELECT s2.id FROM licensing_seat s2
        WHERE s2.license_id = w.license_id AND s2.product_id = w.product_id AND s2.fingerprint = w.fingerprint
        LIMIT 1
    ) held
    UNION ALL
    SELECT s3.id FROM licensing_seat s3 WHERE s3.uid = ANY (%(seats)s)
))
ORDER BY s.id
FOR UPDATE OF s
