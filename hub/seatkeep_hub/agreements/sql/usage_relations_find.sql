-- Who sold what share to whom on a day, and when that day began and ended: the first half of counting a day of usage.
-- One row per share and level of the tree at which its seats are sold on; or only what is at and below one company, or
-- only relations whose day ended after the last run. A day runs from cut-off to cut-off by the relation's clock
-- (day_clocks.py). Kept in a temporary table, so that the second half is planned by its true size. The licenses of one
-- part of the count lie from license_from up to license_to; each scan of shares says so again, to read no others.
WITH held AS MATERIALIZED (
    SELECT DISTINCT ON (seller_id, buyer_id) seller_id, buyer_id, cut_off, nullif(time_zone, '') AS zone
    FROM agreements_dayclock WHERE valid_from_on <= %(day)s ORDER BY seller_id, buyer_id, valid_from_on DESC
), former AS MATERIALIZED (
    -- The clock that held the day before says when this one begins: a new clock leaves no hour out.
    SELECT DISTINCT ON (seller_id, buyer_id) seller_id, buyer_id, cut_off, nullif(time_zone, '') AS zone
    FROM agreements_dayclock WHERE valid_from_on < %(day)s ORDER BY seller_id, buyer_id, valid_from_on DESC
), edge AS MATERIALIZED (
    -- Who buys from whom (divisions only group), and when the day of the two begins and ends.
    SELECT buyer.id AS buyer_id, buyer.path, buyer.placed_at, seller.id AS seller_id,
           usage_day_begin(
               %(day)s::date, CASE WHEN own_former.seller_id IS NULL THEN all_former.cut_off ELSE own_former.cut_off END,
               coalesce(CASE WHEN own_former.seller_id IS NULL THEN all_former.zone ELSE own_former.zone END,
                        seller.time_zone)) AS low,
           usage_day_begin(
               %(day)s::date + 1, CASE WHEN own_held.seller_id IS NULL THEN all_held.cut_off ELSE own_held.cut_off END,
               coalesce(CASE WHEN own_held.seller_id IS NULL THEN all_held.zone ELSE own_held.zone END,
                        seller.time_zone)) AS high
    FROM companies_company buyer
    JOIN companies_company above ON above.id = buyer.parent_id
    JOIN companies_company seller
        ON seller.id = CASE WHEN above.kind = 'DIVISION' THEN above.parent_id ELSE above.id END
    LEFT JOIN held own_held ON own_held.seller_id = seller.id AND own_held.buyer_id = buyer.id
    LEFT JOIN held all_held ON all_held.seller_id = seller.id AND all_held.buyer_id IS NULL
    LEFT JOIN former own_former ON own_former.seller_id = seller.id AND own_former.buyer_id = buyer.id
    LEFT JOIN former all_former ON all_former.seller_id = seller.id AND all_former.buyer_id IS NULL
    WHERE buyer.kind <> 'DIVISION'
        AND (%(company)s::bigint IS NULL OR buyer.path @> ARRAY[%(company)s::bigint])
), held_by AS (
    SELECT l.id AS license_id, owner.id AS owner_id, owner.path, owner.placed_at, owner.time_zone AS zone,
           cardinality(owner.path) AS depth
    FROM licensing_license l
    JOIN companies_company owner ON owner.id = l.owner_id
    WHERE l.id >= %(license_from)s AND l.id < %(license_to)s
), sold AS (
    -- What a license's owner uses itself,
    SELECT n.id AS node_id, n.license_id, n.created_at, placed_at, owner_id AS seller_id, owner_id AS buyer_id,
           usage_day_begin(%(day)s::date, NULL, zone) AS low, usage_day_begin(%(day)s::date + 1, NULL, zone) AS high,
           true AS is_direct, false AS is_whole
    FROM licensing_poolnode n
    JOIN held_by USING (license_id)
    WHERE n.company_id = owner_id AND n.kind <> 'SITE'
        AND n.license_id >= %(license_from)s AND n.license_id < %(license_to)s
        AND (%(company)s::bigint IS NULL OR held_by.path @> ARRAY[%(company)s::bigint])
    UNION ALL
    -- what a customer below the owner bought from the company above it,
    SELECT n.id, n.license_id, n.created_at, edge.placed_at, edge.seller_id, edge.buyer_id, edge.low, edge.high, true, false
    FROM licensing_poolnode n
    JOIN held_by USING (license_id)
    JOIN edge ON edge.buyer_id = n.company_id
    WHERE n.company_id <> owner_id AND n.kind <> 'SITE' AND edge.path[depth] = owner_id
        AND n.license_id >= %(license_from)s AND n.license_id < %(license_to)s
    UNION ALL
    -- the same at each level between the customer and the owner,
    SELECT n.id, n.license_id, n.created_at, home.placed_at, edge.seller_id, edge.buyer_id, edge.low, edge.high, false,
           false
    FROM licensing_poolnode n
    JOIN held_by USING (license_id)
    JOIN companies_company home ON home.id = n.company_id AND cardinality(home.path) > depth + 1
    CROSS JOIN LATERAL unnest(home.path[depth + 1:cardinality(home.path) - 1]) AS step (company_id)
    JOIN edge ON edge.buyer_id = step.company_id
    WHERE n.kind <> 'SITE' AND home.path[depth] = owner_id
        AND n.license_id >= %(license_from)s AND n.license_id < %(license_to)s
    UNION ALL
    -- and the whole license, at each level from the owner upward.
    SELECT n.id, n.license_id, n.created_at, held_by.placed_at, edge.seller_id, edge.buyer_id, edge.low, edge.high,
           false, true
    FROM licensing_poolnode n
    JOIN held_by USING (license_id)
    CROSS JOIN LATERAL unnest(held_by.path) AS step (company_id)
    JOIN edge ON edge.buyer_id = step.company_id
    WHERE n.kind = 'ROOT' AND n.license_id >= %(license_from)s AND n.license_id < %(license_to)s
)
INSERT INTO usage_relation (node_id, license_id, seller_id, buyer_id, low, high, is_direct, is_whole)
SELECT node_id, license_id, seller_id, buyer_id, low, high, is_direct, is_whole
FROM sold
WHERE created_at < high AND low <= %(now)s AND (%(since)s::timestamptz IS NULL OR high > %(since)s)
    -- A company that moved keeps the days that were over when it moved: they were counted then.
    AND (placed_at IS NULL OR high > placed_at)
