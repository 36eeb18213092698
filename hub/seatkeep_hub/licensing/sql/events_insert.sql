-- The journal of the batch: audit, outbox and source of daily usage at once.
INSERT INTO licensing_seatevent (at, license_id, product_id, node_id, seat_id, kind, delta, actor, detail)
SELECT %(now)s, w.license_id, w.product_id, w.node_id, w.seat_id, w.kind, w.delta, %(actor)s, w.detail
FROM unnest(%(licenses)s::bigint[], %(products)s::bigint[], %(nodes)s::bigint[], %(seats)s::bigint[],
            %(kinds)s::text[], %(deltas)s::smallint[], %(details)s::text[]) WITH ORDINALITY
     AS w (license_id, product_id, node_id, seat_id, kind, delta, detail, n)
ORDER BY w.n
