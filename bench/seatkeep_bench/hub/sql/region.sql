-- One region: MSPs below a company, their customers, licenses that each MSP's customers share, and seats in use.
-- Statements are parted by a line of dashes. Ids are counted on from the highest one: nobody else writes meanwhile.
CREATE TEMP TABLE region_msp ON COMMIT DROP AS
SELECT msp, (SELECT max(id) FROM companies_company) + msp + 1 AS id, above.id AS parent_id, above.path AS above,
       (SELECT max(id) FROM companies_company) + %(msps)s::int + msp::bigint * %(customers)s::int AS first_customer,
       (SELECT coalesce(max(id), 0) FROM licensing_license) + msp::bigint * %(licenses)s::int AS first_license
FROM generate_series(0, %(msps)s::int - 1) AS msp, companies_company above
WHERE above.id = %(above)s
----
CREATE TEMP TABLE region_customer ON COMMIT DROP AS
SELECT m.*, customer, m.first_customer + customer + 1 AS customer_id
FROM region_msp m, generate_series(0, %(customers)s::int - 1) AS customer
----
CREATE TEMP TABLE region_license ON COMMIT DROP AS
SELECT m.*, license, m.first_license + license + 1 AS license_id
FROM region_msp m, generate_series(0, %(licenses)s::int - 1) AS license
----
-- Names as they are in a telephone book: a trade, a town and a number. Search finds each part of a word.
CREATE OR REPLACE FUNCTION pg_temp.bench_name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Ginkgo', 'Hazel', 'Ivy', 'Juniper', 'Kauri',
                  'Larch', 'Maple', 'Nutmeg', 'Oak', 'Pine', 'Quince', 'Rowan', 'Spruce', 'Teak'])[1 + n * 7 %% 20]
        || ' ' || (ARRAY['Dental', 'Legal', 'Logistics', 'Bakery', 'Architects', 'Clinic', 'School', 'Motors',
                         'Printing', 'Consulting', 'Foundry'])[1 + n %% 11]
        || ' ' || (ARRAY['Bratislava', 'Ghent', 'Lyon', 'Malmo', 'Porto', 'Turin', 'Zagreb', 'Utrecht', 'Leeds', 'Graz',
                         'Bergen', 'Cork', 'Essen'])[1 + n / 3 %% 13]
        || ' ' || lpad(n::text, 7, '0')
$$
----
-- The same as seatkeep_webkit.search.trigrams for such names; a test of the hub compares them.
CREATE OR REPLACE FUNCTION pg_temp.bench_grams(name text) RETURNS varchar(12)[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(DISTINCT gram COLLATE "C" ORDER BY gram COLLATE "C") FROM (
        SELECT ' ' || left(word, 1) AS gram FROM regexp_split_to_table(lower(name), ' ') AS word
        UNION ALL SELECT ' ' || left(word, 2) FROM regexp_split_to_table(lower(name), ' ') AS word
        UNION ALL SELECT substr(word, at, 3) FROM regexp_split_to_table(lower(name), ' ') AS word,
            generate_series(1, length(word) - 2) AS at
    ) AS grams
$$
----
INSERT INTO companies_company
    (id, uid, kind, name, parent_id, path, status, email, custom_identifier, tags, description, vat_id, country,
     time_zone, is_trusted, created_at, updated_at, status_changed_at, search)
SELECT id, gen_random_uuid(), 'MSP', pg_temp.bench_name(id), parent_id, above || id, 'ACTIVE', '', 'M' || id, '{}', '',
       '', '', 'UTC', true, %(since)s, %(since)s, %(since)s,
       pg_temp.bench_grams(pg_temp.bench_name(id) || ' M' || id)
FROM region_msp
----
INSERT INTO companies_company
    (id, uid, kind, name, parent_id, path, status, email, custom_identifier, tags, description, vat_id, country,
     time_zone, is_trusted, created_at, updated_at, status_changed_at, search)
SELECT customer_id, gen_random_uuid(), 'CUSTOMER', pg_temp.bench_name(customer_id), id, above || id || customer_id,
       'ACTIVE', '', 'C' || customer_id, '{}', '', '', '', 'UTC', true, %(since)s, %(since)s, %(since)s,
       pg_temp.bench_grams(pg_temp.bench_name(customer_id) || ' C' || customer_id)
FROM region_customer
----
SELECT setval(pg_get_serial_sequence('companies_company', 'id'), max(id)) FROM companies_company
----
INSERT INTO licensing_license
    (id, uid, public_id, owner_id, bundle_id, kind, quantity, overuse, lapse, lapse_days, key_lookup, key_encrypted,
     last_entry_number, created_at, updated_at)
SELECT license_id, gen_random_uuid(), replace(to_char(license_id, 'FM000,000,000'), ',', '-'), owner.id, bundle.id, 'MSP',
       greatest(%(customers)s::int, 1) * 6, 'ALLOW_AND_ALERT', 'KEEP_PROTECTING', 0, sha256(license_id::text::bytea), %(sealed)s, 1,
       %(since)s, %(since)s
FROM region_license owner, licensing_bundle bundle WHERE bundle.code = 'endpoint-protection'
----
SELECT setval(pg_get_serial_sequence('licensing_license', 'id'), max(id)) FROM licensing_license
----
INSERT INTO licensing_licenseentry (license_id, number, kind, quantity_before, quantity, actor, note, at)
SELECT license_id, 1, 'ORDER', 0, greatest(%(customers)s::int, 1) * 6, 'bench', '', %(since)s FROM region_license
----
-- Shares: a root for each product, and one for each customer of the MSP, of workstations. Every second customer agreed
-- to a fixed number of 4, the others pay what they use; 0 to 2 devices hold a seat.
CREATE TEMP TABLE region_share ON COMMIT DROP AS
SELECT l.license_id, l.id AS msp_id, c.customer_id, c.above || c.id || c.customer_id AS path,
       root.root_id, root.product_id, row_number() OVER () + root.highest AS node_id,
       CASE WHEN c.customer %% 2 = 1 THEN 4 ELSE 0 END AS agreed, (c.customer + l.license + l.msp) %% 3 AS used
FROM region_license l
JOIN region_customer c USING (id)
JOIN LATERAL (
    SELECT (SELECT coalesce(max(id), 0) FROM licensing_poolnode) + (l.msp::bigint * %(licenses)s::int + l.license) * 2 + 1
               AS root_id,
           (SELECT coalesce(max(id), 0) FROM licensing_poolnode) + %(msps)s::bigint * %(licenses)s::int * 2 AS highest,
           product.id AS product_id
    FROM licensing_product product WHERE product.code = 'endpoint-workstation'
) AS root ON true
----
INSERT INTO licensing_poolnode
    (id, uid, license_id, product_id, parent_id, path, kind, company_id, name, reserved, used, outstanding,
     is_suspended, epoch, created_at)
SELECT base.root_id + place.n, gen_random_uuid(), license_id, product.id, NULL, ARRAY[base.root_id + place.n], 'ROOT', l.id, '', 0,
       CASE WHEN place.n = 0 THEN coalesce(total.used, 0) ELSE 0 END,
       CASE WHEN place.n = 0 THEN coalesce(total.outstanding, 0) ELSE 0 END, false, 1, %(since)s
FROM region_license l
CROSS JOIN LATERAL (
    SELECT (SELECT coalesce(max(id), 0) FROM licensing_poolnode) + (l.msp::bigint * %(licenses)s::int + l.license) * 2 + 1
               AS root_id
) AS base
CROSS JOIN (VALUES (0, 'endpoint-workstation'), (1, 'endpoint-server')) AS place (n, code)
JOIN licensing_product product ON product.code = place.code
LEFT JOIN (
    SELECT license_id, sum(used) AS used, sum(greatest(agreed - used, 0)) AS outstanding FROM region_share GROUP BY license_id
) AS total USING (license_id)
----
INSERT INTO licensing_poolnode
    (id, uid, license_id, product_id, parent_id, path, kind, company_id, name, reserved, used, outstanding,
     is_suspended, epoch, created_at)
SELECT node_id, gen_random_uuid(), license_id, product_id, root_id, ARRAY[root_id, node_id], 'CUSTOMER', customer_id, '', agreed,
       used, 0, false, 1, %(since)s
FROM region_share
----
SELECT setval(pg_get_serial_sequence('licensing_poolnode', 'id'), greatest(max(id), 1)) FROM licensing_poolnode
----
WITH agreement AS (
    INSERT INTO agreements_agreement
        (uid, public_id, company_id, license_id, product_id, node_id, mode, quantity, on_exceed, created_at, updated_at)
    SELECT gen_random_uuid(), replace(to_char(node_id, 'FM000,000,000'), ',', '-'), customer_id, license_id, product_id, node_id,
           CASE WHEN agreed > 0 THEN 'FIXED' ELSE 'FLEXIBLE' END, agreed, 'FLAG', %(since)s, %(since)s
    FROM region_share
    RETURNING id, mode, quantity
)
INSERT INTO agreements_agreemententry (agreement_id, number, mode, quantity, is_closed, actor, note, at)
SELECT id, 1, mode, quantity, false, 'bench', '', %(since)s FROM agreement
----
-- One seat in fifty was taken on the day that is counted.
WITH seat AS (
    INSERT INTO licensing_seat
        (uid, license_id, product_id, node_id, fingerprint, key_thumbprint, held_by, device_name, name, serial, os,
         agent_device, state, seq, epoch, last_jti, activated_at, decided_at, last_seen_at)
    SELECT gen_random_uuid(), license_id, product_id, node_id, md5(node_id || '-' || n), '', 'DEVICE', 'pc-' || node_id || '-' || n,
           '', '', 'Debian GNU/Linux', '', 'ACTIVE', 1, 1, '', at, at, at
    FROM region_share
    CROSS JOIN LATERAL generate_series(1, used) AS n
    CROSS JOIN LATERAL (
        SELECT CASE WHEN node_id %% 50 = 0 THEN %(day)s::date + (node_id %% 86400) * interval '1 second'
                    ELSE %(since)s END AS at
    ) AS moment
    RETURNING id, license_id, product_id, node_id, activated_at
)
INSERT INTO licensing_seatevent (at, license_id, product_id, node_id, seat_id, kind, delta, actor, detail)
SELECT activated_at, license_id, product_id, node_id, id, 'TAKEN', 1, 'device', '' FROM seat
----
INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)
SELECT 'company', uid, path, false, %(since)s FROM companies_company WHERE path @> ARRAY[%(above)s::bigint] AND id >= (SELECT min(id) FROM region_msp)
----
INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)
SELECT 'license', l.uid, r.above || r.id, false, %(since)s FROM region_license r JOIN licensing_license l ON l.id = r.license_id
----
INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)
SELECT 'node', n.uid, r.path, false, %(since)s FROM region_share r JOIN licensing_poolnode n ON n.id = r.node_id
