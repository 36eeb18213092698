-- Everything a renewed lease says; a new statement after the lock.
SELECT s.uid, s.id, s.license_id, s.product_id, s.node_id, s.fingerprint, s.key_thumbprint, s.state, s.seq, s.epoch,
       n.uid, n.epoch, c.uid, root.used,
       EXISTS (SELECT 1 FROM licensing_poolnode up WHERE up.id = ANY (n.path) AND up.is_suspended)
FROM licensing_seat s
JOIN licensing_poolnode n ON n.id = s.node_id
JOIN licensing_poolnode root ON root.id = n.path[1]
JOIN companies_company c ON c.id = n.company_id
WHERE s.uid = ANY (%(seats)s)
