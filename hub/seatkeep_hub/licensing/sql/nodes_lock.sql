-- Lock every node of every path of this batch in one statement, in the order of their ids: two batches that share
-- nodes never wait for each other in a circle. Paths of seats that exist already are included, for moves.
-- LATERAL with LIMIT and ARRAY keep every look-up an index look-up (see seats_lock).
SELECT n.id, n.uid, n.license_id, n.product_id, n.path, n.kind, n.reserved, n.used, n.outstanding, n.hard_limit,
       n.is_suspended, n.closed_at IS NOT NULL, n.epoch, c.uid
FROM licensing_poolnode n
JOIN companies_company c ON c.id = n.company_id
WHERE n.id = ANY (ARRAY(
    SELECT unnest(leaf.path)
    FROM licensing_poolnode leaf
    WHERE leaf.id = ANY (ARRAY(
        SELECT unnest(%(leaves)s::bigint[])
        UNION ALL
        SELECT held.node_id
        FROM unnest(%(licenses)s::bigint[], %(products)s::bigint[], %(fingerprints)s::text[])
             AS w (license_id, product_id, fingerprint)
        CROSS JOIN LATERAL (
            SELECT s2.node_id FROM licensing_seat s2
            WHERE s2.license_id = w.license_id AND s2.product_id = w.product_id AND s2.fingerprint = w.fingerprint
            LIMIT 1
        ) held
        UNION ALL
        SELECT s3.node_id FROM licensing_seat s3 WHERE s3.uid = ANY (%(seats)s)
    ))
))
ORDER BY n.id
FOR UPDATE OF n
