-- One day of usage, one row per share and level of the tree at which its seats are sold on; or only what is at and
-- below one company, or only relations whose day ended after the last run. The day runs from midnight to midnight in
-- the seller's time zone. Every number follows from a ledger (seat journal, license entries, agreement entries), so a
-- late or repeated run gives the same ones.
WITH clock AS MATERIALIZED (
    SELECT seller_id, buyer_id, valid_from_on, cut_off, nullif(time_zone, '') AS zone
    FROM agreements_dayclock WHERE valid_from_on <= %(day)s
), edge AS (
    -- Who buys from whom (divisions only group), and when the day of the two begins and ends.
    SELECT buyer.id AS buyer_id, seller.id AS seller_id,
           usage_day_begin(%(day)s::date, former.cut_off, coalesce(former.zone, seller.time_zone)) AS low,
           usage_day_begin(%(day)s::date + 1, held.cut_off, coalesce(held.zone, seller.time_zone)) AS high
    FROM companies_company buyer
    JOIN companies_company above ON above.id = buyer.parent_id
    JOIN companies_company seller
        ON seller.id = CASE WHEN above.kind = 'DIVISION' THEN above.parent_id ELSE above.id END
    LEFT JOIN LATERAL (
        -- The clock that held the day before says when this one begins: a new clock leaves no hour out.
        SELECT cut_off, zone FROM clock
        WHERE clock.seller_id = seller.id AND (clock.buyer_id = buyer.id OR clock.buyer_id IS NULL)
            AND clock.valid_from_on < %(day)s
        ORDER BY clock.buyer_id IS NULL, clock.valid_from_on DESC LIMIT 1
    ) AS former ON true
    LEFT JOIN LATERAL (
        SELECT cut_off, zone FROM clock
        WHERE clock.seller_id = seller.id AND (clock.buyer_id = buyer.id OR clock.buyer_id IS NULL)
        ORDER BY clock.buyer_id IS NULL, clock.valid_from_on DESC LIMIT 1
    ) AS held ON true
    WHERE buyer.kind <> 'DIVISION'
), node AS (
    SELECT n.id AS node_id, n.kind, n.license_id, n.product_id, n.created_at, n.closed_at, l.bundle_id,
           owner.id AS owner_id, owner.path AS owner_path, owner.time_zone AS zone,
           home.id AS home_id, home.path AS home_path, home.placed_at
    FROM licensing_poolnode n
    JOIN licensing_license l ON l.id = n.license_id
    JOIN companies_company owner ON owner.id = l.owner_id
    JOIN companies_company home ON home.id = n.company_id
    WHERE n.kind <> 'SITE'
), relation AS (
    -- What a license's owner uses itself,
    SELECT node.*, owner_id AS seller_id, owner_id AS buyer_id, usage_day_begin(%(day)s::date, NULL, zone) AS low,
           usage_day_begin(%(day)s::date + 1, NULL, zone) AS high, true AS is_direct, false AS is_whole
    FROM node WHERE home_id = owner_id
    UNION ALL
    -- what is shared below the owner, at each level down to the customer,
    SELECT node.*, edge.seller_id, edge.buyer_id, edge.low, edge.high, edge.buyer_id = home_id, false
    FROM node
    CROSS JOIN LATERAL unnest(home_path[cardinality(owner_path) + 1:]) AS step (company_id)
    JOIN edge ON edge.buyer_id = step.company_id
    WHERE home_id <> owner_id AND home_path @> ARRAY[owner_id]
    UNION ALL
    -- and the whole license, at each level from the owner upward.
    SELECT node.*, edge.seller_id, edge.buyer_id, edge.low, edge.high, false, true
    FROM node
    CROSS JOIN LATERAL unnest(owner_path) AS step (company_id)
    JOIN edge ON edge.buyer_id = step.company_id
    WHERE kind = 'ROOT'
), share AS (
    SELECT r.node_id, r.license_id, r.product_id, r.seller_id, r.buyer_id, r.is_direct, r.is_whole,
           r.low, r.high,
           CASE WHEN pause.kind IN ('SUSPEND', 'CANCEL') AND NOT freed.is_so THEN 0
                ELSE floor(coalesce(entry.quantity, 0) * line.ratio)::int END AS ordered,
           CASE WHEN agreed.id IS NULL OR (agreed.is_closed AND NOT leaving.is_billed) THEN 0
                ELSE agreed.quantity END AS agreed,
           coalesce(agreed.mode = 'FLEXIBLE', true) AS is_flexible
    FROM relation r
    JOIN companies_company buyer ON buyer.id = r.buyer_id
    JOIN licensing_bundleproduct line ON line.bundle_id = r.bundle_id AND line.product_id = r.product_id
    LEFT JOIN LATERAL (
        SELECT e.quantity FROM licensing_licenseentry e
        WHERE e.license_id = r.license_id AND e.at < r.high ORDER BY e.number DESC LIMIT 1
    ) AS entry ON true
    LEFT JOIN LATERAL (
        -- A suspended license counts through the day of its suspension.
        SELECT e.kind FROM licensing_licenseentry e
        WHERE e.license_id = r.license_id AND e.at < r.low AND e.kind IN ('SUSPEND', 'UNSUSPEND', 'CANCEL')
        ORDER BY e.number DESC LIMIT 1
    ) AS pause ON true
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT 1 FROM licensing_licenseentry e
            WHERE e.license_id = r.license_id AND e.kind = 'UNSUSPEND' AND e.at >= r.low AND e.at < r.high
        ) AS is_so
    ) AS freed
    LEFT JOIN LATERAL (
        SELECT ae.id, ae.mode, ae.quantity, ae.is_closed, ae.at
        FROM agreements_agreemententry ae
        JOIN agreements_agreement a ON a.id = ae.agreement_id
        WHERE a.node_id = r.node_id AND ae.at < r.high ORDER BY ae.number DESC LIMIT 1
    ) AS agreed ON true
    CROSS JOIN LATERAL (
        -- Off-boarding closed the agreement, and the customer still pays for what was agreed, the last day included.
        SELECT EXISTS (
            SELECT 1 FROM agreements_offboarding o
            WHERE r.home_path @> ARRAY[o.company_id] AND o.bill_until_on >= %(day)s::date
                AND agreed.is_closed AND agreed.at >= o.created_at AND agreed.at <= coalesce(o.finished_at, %(now)s)
        ) AS is_billed
    ) AS leaving
    WHERE r.created_at < r.high AND r.low <= %(now)s
        AND (r.closed_at IS NULL OR r.closed_at >= r.low OR leaving.is_billed)
        AND (%(since)s::timestamptz IS NULL OR r.high > %(since)s)
        AND (%(company)s::bigint IS NULL OR buyer.path @> ARRAY[%(company)s::bigint])
        -- A company that moved keeps the days that were over when it moved: they were counted then.
        AND (r.placed_at IS NULL OR r.high > r.placed_at)
        AND NOT EXISTS (
            SELECT 1 FROM agreements_usageday u
            WHERE u.node_id = r.node_id AND u.day = %(day)s AND u.buyer_id = r.buyer_id AND u.seller_id <> r.seller_id
                AND u.seller_id <> u.buyer_id AND r.seller_id <> r.buyer_id
        )
), span AS (
    SELECT DISTINCT node_id, license_id, product_id, is_whole, low, high FROM share
), member AS (
    SELECT span.*, node_id AS member_id FROM span WHERE NOT is_whole
    UNION ALL
    SELECT span.*, site.id FROM span
    JOIN licensing_poolnode site ON site.parent_id = span.node_id AND site.kind = 'SITE' WHERE NOT is_whole
    UNION ALL
    SELECT span.*, part.id FROM span
    JOIN licensing_poolnode part ON part.license_id = span.license_id AND part.product_id = span.product_id
    WHERE is_whole
), event AS MATERIALIZED (
    SELECT m.node_id, m.is_whole, m.low, e.at, e.id, e.seat_id, e.delta, e.at >= m.high AS is_after
    FROM member m
    JOIN licensing_seatevent e ON e.license_id = m.license_id AND e.node_id = m.member_id AND e.at >= m.low
    WHERE e.delta <> 0
), flow AS (
    SELECT node_id, is_whole, low, sum(delta) AS since, coalesce(sum(delta) FILTER (WHERE is_after), 0) AS after_day
    FROM event GROUP BY node_id, is_whole, low
), own AS (
    SELECT m.node_id, m.is_whole, m.low, count(seat.id) AS used
    FROM member m
    LEFT JOIN licensing_seat seat ON seat.node_id = m.member_id AND seat.state = 'ACTIVE'
    GROUP BY m.node_id, m.is_whole, m.low
), run AS (
    SELECT node_id, is_whole, low, sum(delta) OVER (PARTITION BY node_id, is_whole, low ORDER BY at, id) AS rise
    FROM event WHERE NOT is_after
), peak AS (
    SELECT node_id, is_whole, low, max(rise) AS rise FROM run GROUP BY node_id, is_whole, low
), change AS (
    SELECT node_id, is_whole, low, (array_agg(delta ORDER BY at, id))[1] AS first_delta, min(at) AS first_at,
           bool_or(delta > 0) AS is_taken
    FROM event WHERE NOT is_after GROUP BY node_id, is_whole, low, seat_id
), arrival AS (
    -- A device whose first change of the day is an arrival was not there when the day began; one that ended exactly as
    -- the day began was not there that day.
    SELECT node_id, is_whole, low,
           count(*) FILTER (WHERE first_delta > 0)
           - count(*) FILTER (WHERE first_delta < 0 AND first_at = low AND NOT is_taken) AS devices
    FROM change GROUP BY node_id, is_whole, low
), counted AS (
    SELECT own.node_id, own.is_whole, own.low,
           greatest(own.used - coalesce(flow.since, 0), 0) AS at_start,
           greatest(own.used - coalesce(flow.after_day, 0), 0) AS at_end,
           coalesce(peak.rise, 0) AS rise, coalesce(arrival.devices, 0) AS arrived
    FROM own
    LEFT JOIN flow USING (node_id, is_whole, low)
    LEFT JOIN peak USING (node_id, is_whole, low)
    LEFT JOIN arrival USING (node_id, is_whole, low)
)
INSERT INTO agreements_usageday
    (seller_id, buyer_id, node_id, product_id, day, ordered, agreed, is_flexible, in_use, peak, device_days,
     is_direct, recorded_at)
SELECT s.seller_id, s.buyer_id, s.node_id, s.product_id, %(day)s, s.ordered,
       CASE WHEN s.is_whole THEN s.ordered ELSE s.agreed END, s.is_flexible AND NOT s.is_whole,
       c.at_end, greatest(c.at_end, c.at_start, c.at_start + c.rise), c.at_start + c.arrived, s.is_direct, %(now)s
FROM share s
JOIN counted c USING (node_id, is_whole, low)
ON CONFLICT (node_id, day, seller_id, buyer_id) DO UPDATE
SET ordered = excluded.ordered, agreed = excluded.agreed, is_flexible = excluded.is_flexible,
    in_use = excluded.in_use, peak = excluded.peak, device_days = excluded.device_days,
    is_direct = excluded.is_direct, recorded_at = excluded.recorded_at
