-- Lock every node of every path of this batch in one statement, in the order of their ids: two batches that share
-- nodes never wait for each other in a circle. Paths of seats that exist already are included, for moves.
SELECT n.id, n.uid, n.license_id, n.product_id, n.path, n.kind, n.reserved, n.used, n.outstanding, n.hard_limit,
       n.is_suspended, n.closed_at IS NOT NULL, n.epoch, c.uid
FROM licensing_poolnode n
JOIN companies_company c ON c.id = n.company_id
WHERE n.id = ANY (
    SELECT unnest(leaf.path)
    FROM licensing_poolnode leaf
    WHERE leaf.id = ANY (
        SELECT unnest(%(leaves)s::bigint[])
        UNION
        SELECT s.node_id
        FROM unnest(%(licenses)s::bigint[], %(products)s::bigint[], %(fingerprints)s::text[])
             AS w (license_id, product_id, fingerprint)
        JOIN licensing_seat s USING (license_id, product_id, fingerprint)
        UNION
        SELECT s.node_id FROM licensing_seat s WHERE s.uid = ANY (%(seats)s)
    )
)
ORDER BY n.id
FOR UPDATE OF n
