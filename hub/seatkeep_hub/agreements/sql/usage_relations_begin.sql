-- Where a session keeps who sold what to whom on the day that it counts (usage_relations_find.sql).
CREATE TEMPORARY TABLE IF NOT EXISTS usage_relation (
    node_id bigint NOT NULL, license_id bigint NOT NULL, seller_id bigint NOT NULL, buyer_id bigint NOT NULL,
    low timestamptz NOT NULL, high timestamptz NOT NULL, is_direct boolean NOT NULL, is_whole boolean NOT NULL
) ON COMMIT DELETE ROWS;
TRUNCATE usage_relation
