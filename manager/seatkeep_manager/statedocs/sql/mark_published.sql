-- What the bucket holds now, for many documents at once; rows are locked in id order.
-- Parameters: arrays of ids, versions that were put, revisions that the bucket gave; current time.
WITH put AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS p (id, version, revision)
), locked AS (
    SELECT id FROM statedocs_statedocument WHERE id IN (SELECT id FROM put) ORDER BY id FOR UPDATE
)
UPDATE statedocs_statedocument d
SET published_version = put.version, revision = put.revision, published_at = %s
FROM put JOIN locked USING (id)
WHERE d.id = put.id
