-- Tell managers of the customers whose count changed.
INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)
SELECT 'node', n.uid, c.path, false, %(now)s
FROM licensing_poolnode n
JOIN companies_company c ON c.id = n.company_id
WHERE n.id = ANY (%(ids)s) AND n.kind <> 'ROOT'
ORDER BY n.id
