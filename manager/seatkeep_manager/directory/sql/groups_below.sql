-- Ids of many groups and of everything below them: one look into the index of paths for each.
-- Parameter: ids of the groups.
SELECT below.id
FROM unnest(%s::bigint[]) AS top(id)
CROSS JOIN LATERAL (SELECT g.id FROM directory_staticgroup g WHERE g.path @> ARRAY[top.id]) AS below
