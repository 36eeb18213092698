-- The counted days of one month for every customer of one MSP, and a price: what closing that month reads.
INSERT INTO agreements_usageday
    (seller_id, buyer_id, node_id, product_id, day, ordered, agreed, is_flexible, in_use, peak, device_days,
     is_direct, recorded_at)
SELECT %(seller)s, n.company_id, n.id, n.product_id, day::date, n.reserved, n.reserved, n.reserved = 0, n.used,
       n.used, n.used, true, %(now)s
FROM licensing_poolnode n
JOIN companies_company buyer ON buyer.id = n.company_id AND buyer.parent_id = %(seller)s
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS day
WHERE n.kind = 'CUSTOMER'
ORDER BY buyer.id, day
ON CONFLICT DO NOTHING
----
INSERT INTO billing_pricelist
    (uid, seller_id, valid_from_on, currency, basis, unit, proration, minimum_minor, created_at, updated_at)
VALUES (gen_random_uuid(), %(seller)s, %(first)s, 'EUR', 'IN_USE_DAYS', 'SEAT_MONTH', 'DAILY', 0, %(now)s, %(now)s)
----
INSERT INTO billing_price (price_list_id, product_id, from_seats, price_minor)
SELECT list.id, product.id, 1, 350 FROM billing_pricelist list, licensing_product product
WHERE list.seller_id = %(seller)s AND product.code = 'endpoint-workstation'
