-- Customers beside the bench's own, each with a group of its own; statements are parted by a line of dashes.
CREATE TEMP TABLE bench_customer AS
SELECT n, (SELECT max(id) FROM directory_staticgroup) + n AS group_id, gen_random_uuid() AS company,
       above.id AS parent_id, above.path AS above, own.parent_hub_id
FROM generate_series(1, %(customers)s::int) AS n, hublink_mirroredcompany own
JOIN directory_staticgroup place ON place.id = own.group_id
JOIN directory_staticgroup above ON above.id = place.parent_id
WHERE own.name = %(own)s
----
INSERT INTO directory_staticgroup (id, uid, parent_id, path, kind, name, is_locked, hub_id, company_hub_id, created_at)
SELECT group_id, gen_random_uuid(), parent_id, above || group_id, 'MIRROR', 'Customer ' || lpad(n::text, 4, '0'), true,
       company, company, %(now)s
FROM bench_customer
----
SELECT setval(pg_get_serial_sequence('directory_staticgroup', 'id'), max(id)) FROM directory_staticgroup
----
INSERT INTO hublink_mirroredcompany
    (uid, hub_id, parent_hub_id, kind, name, custom_identifier, tags, hub_state, state, set_up_at, group_id, seen_run,
     changed_at)
SELECT gen_random_uuid(), company, parent_hub_id, 'CUSTOMER', 'Customer ' || lpad(n::text, 4, '0'), 'C' || n, '{}',
       'ACTIVE', 'NORMAL', %(now)s, group_id, 0, %(now)s
FROM bench_customer
----
CREATE TEMP TABLE bench_place AS
SELECT group_id, company, 1 + (n - 1) * (%(devices)s::int / %(customers)s::int) AS first,
       n * (%(devices)s::int / %(customers)s::int) AS last
FROM bench_customer
