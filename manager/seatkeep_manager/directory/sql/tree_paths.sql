-- Write the path of every group anew where it is not what the parents say; tells which.
WITH RECURSIVE tree(id, path) AS (
    SELECT id, ARRAY[id] FROM directory_staticgroup WHERE parent_id IS NULL
    UNION ALL
    SELECT below.id, tree.path || below.id
    FROM directory_staticgroup AS below JOIN tree ON below.parent_id = tree.id
)
UPDATE directory_staticgroup AS found SET path = tree.path
FROM tree WHERE found.id = tree.id AND found.path <> tree.path
RETURNING found.id
