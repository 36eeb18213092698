-- How many groups hang below All, and how deep the deepest stands: fewer than there are means that some stand below
-- themselves.
WITH RECURSIVE tree(id, depth) AS (
    SELECT id, 1 FROM directory_staticgroup WHERE parent_id IS NULL
    UNION ALL
    SELECT below.id, tree.depth + 1
    FROM directory_staticgroup AS below JOIN tree ON below.parent_id = tree.id
)
SELECT count(*), max(depth) FROM tree
