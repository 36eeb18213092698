-- Where the seats of a batch count; a new statement after the lock.
SELECT n.id, n.uid, n.epoch, c.uid, root.used,
       EXISTS (SELECT 1 FROM licensing_poolnode up WHERE up.id = ANY (n.path) AND up.is_suspended)
FROM licensing_poolnode n
JOIN licensing_poolnode root ON root.id = n.path[1]
JOIN companies_company c ON c.id = n.company_id
WHERE n.id = ANY (%(nodes)s)
