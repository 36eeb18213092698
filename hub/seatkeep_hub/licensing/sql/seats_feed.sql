-- Tell managers of the seats that a person stopped or that are in use again.
INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)
SELECT 'seat', s.uid, c.path, false, %(now)s
FROM licensing_seat s
JOIN licensing_poolnode n ON n.id = s.node_id
JOIN companies_company c ON c.id = n.company_id
WHERE s.id = ANY (%(ids)s)
ORDER BY s.id
