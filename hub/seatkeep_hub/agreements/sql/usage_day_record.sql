-- The second half of counting a day of usage: the numbers of each relation of `usage_relation`. Every number follows
-- from a ledger (seat journal, license entries, agreement entries), so a late or repeated run gives the same ones.
-- Where the day may have rows already, usage_day_replace.sql follows.
WITH relation AS (
    SELECT * FROM usage_relation r
    -- Nor are days changed on which a share was bought from another.
    WHERE NOT EXISTS (
        SELECT 1 FROM agreements_usageday u
        WHERE u.node_id = r.node_id AND u.day = %(day)s AND u.buyer_id = r.buyer_id AND u.seller_id <> r.seller_id
            AND u.seller_id <> u.buyer_id AND r.seller_id <> r.buyer_id
    )
), ordered AS MATERIALIZED (
    SELECT wanted.*, CASE WHEN paused.is_so THEN 0 ELSE coalesce(entry.quantity, 0) END AS units, entry.bundle_id,
           paused.is_so AS is_paused
    FROM (SELECT DISTINCT license_id, low, high FROM usage_relation) AS wanted
    LEFT JOIN LATERAL (
        SELECT e.quantity, e.bundle_id FROM licensing_licenseentry e
        WHERE e.license_id = wanted.license_id AND e.at < high ORDER BY e.number DESC LIMIT 1
    ) AS entry ON true
    LEFT JOIN LATERAL (
        -- A suspended license counts through the day of its suspension.
        SELECT e.kind FROM licensing_licenseentry e
        WHERE e.license_id = wanted.license_id AND e.at < low AND e.kind IN ('SUSPEND', 'UNSUSPEND', 'CANCEL')
        ORDER BY e.number DESC LIMIT 1
    ) AS pause ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(pause.kind IN ('SUSPEND', 'CANCEL'), false) AND NOT EXISTS (
            SELECT 1 FROM licensing_licenseentry e
            WHERE e.license_id = wanted.license_id AND e.kind = 'UNSUSPEND' AND e.at >= low AND e.at < high
        ) AS is_so
    ) AS paused
), changed AS MATERIALIZED (
    SELECT DISTINCT agreement_id FROM agreements_agreemententry WHERE at >= (SELECT min(high) FROM usage_relation)
), agreed AS (
    -- An agreement is what the last line of its ledger says,
    SELECT node_id, NULL::timestamptz AS high, company_id, mode, quantity, closed_at AS ended_at
    FROM agreements_agreement a
    WHERE a.license_id >= %(license_from)s AND a.license_id < %(license_to)s
        AND (%(company)s::bigint IS NULL OR a.license_id IN (SELECT license_id FROM usage_relation))
        AND NOT EXISTS (SELECT 1 FROM changed WHERE changed.agreement_id = a.id)
    UNION ALL
    -- and where it was changed after the day, what the last line of the day said.
    (SELECT DISTINCT ON (r.node_id, r.high) r.node_id, r.high, a.company_id, e.mode, e.quantity,
            CASE WHEN e.is_closed THEN e.at END
     FROM changed
     JOIN agreements_agreement a ON a.id = changed.agreement_id
     JOIN usage_relation r ON r.node_id = a.node_id AND NOT r.is_whole
     JOIN agreements_agreemententry e ON e.agreement_id = a.id AND e.at < r.high
     ORDER BY r.node_id, r.high, e.number DESC)
), journal AS MATERIALIZED (
    SELECT n.id AS node_id, n.kind, n.parent_id, n.path[1] AS root_id, e.at, e.id, e.seat_id, e.delta
    FROM licensing_seatevent e
    JOIN licensing_poolnode n
        ON n.id = e.node_id AND n.license_id >= %(license_from)s AND n.license_id < %(license_to)s
    WHERE e.license_id >= %(license_from)s AND e.license_id < %(license_to)s AND e.at >= (SELECT min(low) FROM usage_relation) AND e.delta <> 0
        AND (%(company)s::bigint IS NULL OR e.license_id = ANY (ARRAY(SELECT DISTINCT license_id FROM usage_relation)))
), change AS MATERIALIZED (
    -- A change counts at the share that it happened in, or that its site belongs to, and at the whole license.
    SELECT CASE kind WHEN 'SITE' THEN parent_id ELSE node_id END AS node_id, false AS is_whole, at, id, seat_id, delta
    FROM journal
    UNION ALL
    SELECT root_id, true, at, id, seat_id, delta FROM journal
), event AS MATERIALIZED (
    SELECT c.*, low, high, c.at >= high AS is_after
    FROM (
        SELECT DISTINCT node_id, is_whole, low, high FROM usage_relation
        WHERE (node_id, is_whole) IN (SELECT node_id, is_whole FROM change)
    ) AS frame
    JOIN change c USING (node_id, is_whole)
    WHERE c.at >= low
), flow AS (
    SELECT node_id, is_whole, low, high, sum(delta) AS since, coalesce(sum(delta) FILTER (WHERE is_after), 0) AS after_day
    FROM event GROUP BY node_id, is_whole, low, high
), peak AS (
    SELECT node_id, is_whole, low, high, max(rise) AS rise
    FROM (
        SELECT node_id, is_whole, low, high,
               sum(delta) OVER (PARTITION BY node_id, is_whole, low, high ORDER BY at, id) AS rise
        FROM event WHERE NOT is_after
    ) AS run
    GROUP BY node_id, is_whole, low, high
), arrival AS (
    -- A device whose first change of the day is an arrival was not there when the day began; one that ended exactly as
    -- the day began was not there that day.
    SELECT node_id, is_whole, low, high,
           count(*) FILTER (WHERE first_delta > 0)
           - count(*) FILTER (WHERE first_delta < 0 AND first_at = low AND NOT is_taken) AS devices
    FROM (
        SELECT node_id, is_whole, low, high, (array_agg(delta ORDER BY at, id))[1] AS first_delta, min(at) AS first_at,
               bool_or(delta > 0) AS is_taken
        FROM event WHERE NOT is_after GROUP BY node_id, is_whole, low, high, seat_id
    ) AS seat
    GROUP BY node_id, is_whole, low, high
), moved AS MATERIALIZED (
    SELECT flow.*, coalesce(rise, 0) AS rise, coalesce(devices, 0) AS arrived
    FROM flow
    LEFT JOIN peak USING (node_id, is_whole, low, high)
    LEFT JOIN arrival USING (node_id, is_whole, low, high)
), below AS (
    -- A root counts all seats of its license; its owner uses those that no customer has.
    SELECT n.parent_id AS root_id, sum(n.used) AS used
    FROM licensing_poolnode n
    WHERE n.kind = 'CUSTOMER' AND n.license_id >= %(license_from)s AND n.license_id < %(license_to)s
        AND (%(company)s::bigint IS NULL OR n.license_id IN (SELECT license_id FROM usage_relation))
    GROUP BY n.parent_id
), counted AS (
    SELECT r.seller_id, r.buyer_id, r.node_id, n.product_id, r.is_direct, r.is_whole,
           floor(ordered.units * line.ratio)::int AS ordered, ordered.is_paused,
           CASE WHEN agreed.mode IS NULL OR (agreed.ended_at IS NOT NULL AND NOT leaving.is_billed) THEN 0
                ELSE agreed.quantity END AS agreed,
           coalesce(agreed.mode = 'FLEXIBLE', true) AS is_flexible,
           greatest(n.used - coalesce(below.used, 0) - coalesce(moved.since, 0), 0) AS at_start,
           greatest(n.used - coalesce(below.used, 0) - coalesce(moved.after_day, 0), 0) AS at_end,
           coalesce(moved.rise, 0) AS rise, coalesce(moved.arrived, 0) AS arrived
    FROM relation r
    JOIN licensing_poolnode n
        ON n.id = r.node_id AND n.license_id >= %(license_from)s AND n.license_id < %(license_to)s
    JOIN licensing_license l ON l.id = r.license_id
    JOIN ordered ON ordered.license_id = r.license_id AND ordered.low = r.low AND ordered.high = r.high
    -- What the license held at the end of the day: the day on which it moved to another bundle counts for the new one.
    JOIN licensing_bundleproduct line
        ON line.bundle_id = coalesce(ordered.bundle_id, l.bundle_id) AND line.product_id = n.product_id
    LEFT JOIN agreed
        ON agreed.node_id = r.node_id AND NOT r.is_whole AND (agreed.high IS NULL OR agreed.high = r.high)
    LEFT JOIN moved
        ON moved.node_id = r.node_id AND moved.is_whole = r.is_whole AND moved.low = r.low AND moved.high = r.high
    CROSS JOIN LATERAL (
        -- Off-boarding closed the agreement, and the customer still pays for what was agreed, the last day included.
        SELECT agreed.ended_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM agreements_offboarding o
            JOIN companies_company home ON home.id = agreed.company_id
            WHERE home.path @> ARRAY[o.company_id] AND o.bill_until_on >= %(day)s::date
                AND agreed.ended_at >= o.created_at AND agreed.ended_at <= coalesce(o.finished_at, %(now)s)
        ) AS is_billed
    ) AS leaving
    LEFT JOIN below ON below.root_id = r.node_id AND NOT r.is_whole
    WHERE n.closed_at IS NULL OR n.closed_at >= r.low OR leaving.is_billed
)
INSERT INTO agreements_usageday
    (seller_id, buyer_id, node_id, product_id, day, ordered, agreed, is_flexible, in_use, peak, device_days,
     is_paused, is_direct, recorded_at)
SELECT seller_id, buyer_id, node_id, product_id, %(day)s, ordered,
       CASE WHEN is_whole THEN ordered ELSE agreed END, is_flexible AND NOT is_whole,
       at_end, greatest(at_end, at_start, at_start + rise), at_start + arrived, is_paused, is_direct,
       %(now)s
FROM counted
ORDER BY buyer_id, node_id, seller_id
