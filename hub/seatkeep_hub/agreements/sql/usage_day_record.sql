-- One day of every customer's share, or of those at and below one company. The day begins and ends at midnight of the license owner's time zone. What was in
-- use at its end, and the peak, follow from the seat journal, so a late or repeated run gives the same numbers.
WITH share AS (
    SELECT n.id AS node_id, n.product_id, n.used, l.owner_id AS seller_id, n.company_id AS buyer_id,
           CASE WHEN l.suspended_at < bounds.high THEN 0 ELSE floor(l.quantity * line.ratio)::int END AS ordered,
           CASE WHEN a.id IS NULL OR (a.closed_at < bounds.high AND NOT leaving.is_billed) THEN 0
                ELSE a.quantity END AS agreed,
           bounds.low, bounds.high
    FROM licensing_poolnode n
    JOIN licensing_license l ON l.id = n.license_id
    JOIN licensing_bundleproduct line ON line.bundle_id = l.bundle_id AND line.product_id = n.product_id
    JOIN companies_company owner ON owner.id = l.owner_id
    JOIN companies_company buyer ON buyer.id = n.company_id
    LEFT JOIN agreements_agreement a ON a.node_id = n.id
    CROSS JOIN LATERAL (
        SELECT %(day)s::date::timestamp AT TIME ZONE owner.time_zone AS low,
               (%(day)s::date + 1)::timestamp AT TIME ZONE owner.time_zone AS high
    ) AS bounds
    CROSS JOIN LATERAL (
        -- Off-boarding closed the agreement, and the customer still pays for what was agreed, the last day included.
        SELECT EXISTS (
            SELECT 1 FROM agreements_offboarding o
            WHERE buyer.path @> ARRAY[o.company_id] AND o.bill_until_on >= %(day)s::date
                AND a.closed_at >= o.created_at AND a.closed_at <= coalesce(o.finished_at, %(now)s)
        ) AS is_billed
    ) AS leaving
    WHERE n.kind <> 'SITE' AND n.created_at < bounds.high
        AND (n.closed_at IS NULL OR n.closed_at >= bounds.low OR leaving.is_billed)
        AND (%(company)s::bigint IS NULL OR buyer.path @> ARRAY[%(company)s::bigint])
), flow AS (
    -- A root's share is what its license's owner uses itself; customers' seats are journaled at their own nodes.
    SELECT s.node_id,
           coalesce(sum(e.delta) FILTER (WHERE e.at >= s.high), 0) AS after_day,
           coalesce(sum(e.delta) FILTER (WHERE e.at >= s.low AND e.at < s.high), 0) AS in_day,
           coalesce(sum(e.delta), 0) AS since
    FROM share s
    LEFT JOIN licensing_seatevent e ON e.node_id = s.node_id AND e.at >= s.low
    GROUP BY s.node_id
), own AS (
    SELECT s.node_id, count(*) FILTER (WHERE seat.state = 'ACTIVE') AS used
    FROM share s
    LEFT JOIN licensing_seat seat ON seat.node_id = s.node_id
    GROUP BY s.node_id
), run AS (
    SELECT s.node_id,
           own.used - flow.since + sum(e.delta) OVER (PARTITION BY s.node_id ORDER BY e.at, e.id) AS level
    FROM share s
    JOIN flow USING (node_id)
    JOIN own USING (node_id)
    JOIN licensing_seatevent e ON e.node_id = s.node_id AND e.at >= s.low AND e.at < s.high
), peak AS (
    SELECT node_id, max(level) AS level FROM run GROUP BY node_id
)
INSERT INTO agreements_usageday
    (seller_id, buyer_id, node_id, product_id, day, ordered, agreed, in_use, peak, recorded_at)
SELECT s.seller_id, s.buyer_id, s.node_id, s.product_id, %(day)s, s.ordered, s.agreed,
       greatest(own.used - flow.after_day, 0),
       greatest(own.used - flow.after_day, own.used - flow.since, coalesce(peak.level, 0), 0), %(now)s
FROM share s
JOIN flow USING (node_id)
JOIN own USING (node_id)
LEFT JOIN peak USING (node_id)
ON CONFLICT (node_id, day, seller_id, buyer_id) DO UPDATE
SET ordered = excluded.ordered, agreed = excluded.agreed, in_use = excluded.in_use, peak = excluded.peak,
    recorded_at = excluded.recorded_at
