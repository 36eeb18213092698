-- Marks events as processed and returns those that were not before: a second delivery has no second effect.
INSERT INTO ingest_processedmessage (id, at)
SELECT DISTINCT unnest(%s::uuid[]), %s::timestamptz
ON CONFLICT (id) DO NOTHING
RETURNING id
