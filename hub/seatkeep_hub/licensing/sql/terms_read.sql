-- What the licenses of this batch say about its products. Suspension takes the node locks first, so this
-- read, after them, sees it.
SELECT l.id, line.product_id, l.uid, l.public_id, p.code, l.kind, l.quantity, line.ratio, l.overuse, l.lapse,
       l.lapse_days, l.expires_at, l.frozen_at IS NOT NULL, l.protection_stops_at,
       l.cancelled_at IS NOT NULL
FROM licensing_license l
JOIN licensing_bundleproduct line ON line.bundle_id = l.bundle_id
JOIN licensing_product p ON p.id = line.product_id
WHERE l.id = ANY (%(licenses)s) AND line.product_id = ANY (%(products)s)
