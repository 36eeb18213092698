-- Devices that got a seat after all wait no more.
DELETE FROM licensing_seatrefusal r
USING unnest(%(licenses)s::bigint[], %(products)s::bigint[], %(fingerprints)s::text[])
      AS w (license_id, product_id, fingerprint)
WHERE r.license_id = w.license_id AND r.product_id = w.product_id AND r.fingerprint = w.fingerprint
