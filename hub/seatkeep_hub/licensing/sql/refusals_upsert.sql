-- Devices that got no seat, once each, for the portal.
INSERT INTO licensing_seatrefusal
    (license_id, product_id, node_id, fingerprint, device_name, attempts, first_at, last_at)
SELECT DISTINCT ON (w.license_id, w.product_id, w.fingerprint)
       w.license_id, w.product_id, w.node_id, w.fingerprint, w.device_name, 1, %(now)s, %(now)s
FROM unnest(%(licenses)s::bigint[], %(products)s::bigint[], %(nodes)s::bigint[], %(fingerprints)s::text[],
            %(names)s::text[]) AS w (license_id, product_id, node_id, fingerprint, device_name)
ORDER BY w.license_id, w.product_id, w.fingerprint
ON CONFLICT (license_id, product_id, fingerprint) DO UPDATE
SET attempts = licensing_seatrefusal.attempts + 1, last_at = excluded.last_at, node_id = excluded.node_id,
    device_name = excluded.device_name
