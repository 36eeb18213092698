-- Ids of the groups that a person may see: the nearest explicit access at or above a group decides.
-- Parameters: user id, levels that count.
SELECT g.id
FROM directory_staticgroup g
WHERE (
    SELECT a.level
    FROM directory_useraccess a
    JOIN directory_staticgroup e ON e.hub_id = a.company_hub_id
    WHERE a.user_id = %s AND e.id = ANY (g.path)
    ORDER BY cardinality(e.path) DESC
    LIMIT 1
) = ANY (%s)
