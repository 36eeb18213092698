-- What somebody holds, and at which group: what Licensing says (with a level), and what was granted here.
-- Columns: path of the group, level as Licensing set it, role, name of the own set, levels of the own set.
SELECT g.path, a.level, a.role, NULL, NULL
FROM directory_useraccess a
JOIN directory_staticgroup g ON g.hub_id = a.company_hub_id
WHERE a.user_id = %(user)s
UNION ALL
SELECT g.path, a.level, a.role, NULL, NULL
FROM directory_useraccess a
JOIN directory_staticgroup g ON g.kind = 'ROOT'
WHERE a.user_id = %(user)s AND a.company_hub_id IS NULL
UNION ALL
SELECT g.path, NULL, p.role, s.name, s.levels::text
FROM directory_permissiongrant p
JOIN directory_staticgroup g ON g.id = p.group_id
LEFT JOIN directory_permissionset s ON s.id = p.permission_set_id
WHERE p.user_id = %(user)s
