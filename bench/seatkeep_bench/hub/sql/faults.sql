-- What the hub's own rules say must be equal, and is not.
SELECT 'node ' || n.id || ' counts ' || n.used || ' seats, not ' || count(seat.id)
FROM licensing_poolnode n
LEFT JOIN licensing_seat seat ON seat.node_id = n.id AND seat.state = 'ACTIVE'
WHERE n.kind = 'CUSTOMER'
GROUP BY n.id HAVING n.used <> count(seat.id)
UNION ALL
SELECT 'root ' || root.id || ' counts ' || root.used || ' and ' || root.outstanding || ' of its shares, not '
       || coalesce(sum(part.used), 0) || ' and ' || coalesce(sum(greatest(part.reserved - part.used, 0)), 0)
FROM licensing_poolnode root
LEFT JOIN licensing_poolnode part ON part.parent_id = root.id
WHERE root.kind = 'ROOT'
GROUP BY root.id
HAVING root.used < coalesce(sum(part.used), 0)
    OR root.outstanding <> coalesce(sum(greatest(part.reserved - part.used, 0)), 0)
UNION ALL
SELECT 'path of company ' || c.id FROM companies_company c
LEFT JOIN companies_company above ON above.id = c.parent_id
WHERE c.path <> coalesce(above.path, '{}') || c.id
UNION ALL
SELECT 'path of node ' || n.id FROM licensing_poolnode n
LEFT JOIN licensing_poolnode above ON above.id = n.parent_id
WHERE n.path <> coalesce(above.path, '{}') || n.id
UNION ALL
SELECT 'seat ' || seat.id || ' and its journal differ' FROM licensing_seat seat
LEFT JOIN licensing_seatevent e ON e.seat_id = seat.id
GROUP BY seat.id HAVING (seat.state = 'ACTIVE')::int <> coalesce(sum(e.delta), 0)
UNION ALL
SELECT 'ledger of license ' || l.id FROM licensing_license l
LEFT JOIN licensing_licenseentry e ON e.license_id = l.id AND e.number = l.last_entry_number
WHERE e.quantity IS DISTINCT FROM l.quantity
LIMIT 20
