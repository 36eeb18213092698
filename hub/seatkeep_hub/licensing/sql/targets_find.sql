-- From what a device proved to the node where its seat will count. One row per request that names a license at all.
WITH wanted AS (
    SELECT *
    FROM unnest(%(numbers)s::int[], %(keys)s::bytea[], %(usernames)s::text[], %(secrets)s::bytea[],
                %(public_ids)s::text[], %(licenses)s::uuid[], %(products)s::text[], %(companies)s::uuid[])
         AS w (n, key_lookup, username, secret_lookup, public_id, license, product, company)
), found AS (
    SELECT w.n, l.id AS license_id
    FROM wanted w JOIN licensing_license l ON l.key_lookup = w.key_lookup
    UNION ALL
    SELECT w.n, s.license_id
    FROM wanted w
    JOIN licensing_credentialset s ON s.username = w.username AND s.secret_lookup = w.secret_lookup
    JOIN licensing_product p ON p.id = s.product_id AND p.code = w.product
    UNION ALL
    SELECT w.n, l.id
    FROM wanted w JOIN licensing_license l ON l.public_id = w.public_id
    UNION ALL
    SELECT w.n, l.id
    FROM wanted w JOIN licensing_license l ON l.uid = w.license
)
SELECT f.n, f.license_id, l.owner_id, p.id, root.id, c.id, c.path, share.id
FROM found f
JOIN wanted w ON w.n = f.n
JOIN licensing_license l ON l.id = f.license_id
LEFT JOIN licensing_product p ON p.code = w.product
LEFT JOIN licensing_poolnode root
       ON root.license_id = f.license_id AND root.product_id = p.id AND root.kind = 'ROOT'
      AND root.closed_at IS NULL
LEFT JOIN companies_company c ON c.uid = w.company
LEFT JOIN licensing_poolnode share
       ON share.license_id = f.license_id AND share.product_id = p.id AND share.company_id = c.id
      AND share.kind = 'CUSTOMER' AND share.closed_at IS NULL
