-- Make the first lease keys unless there are some; two processes that start at once agree by the unique states.
INSERT INTO licensing_leasekey (kid, public_key, seed_encrypted, state, created_at)
SELECT w.kid, w.public_key, w.seed, w.state, %(now)s
FROM unnest(%(kids)s::text[], %(publics)s::bytea[], %(seeds)s::bytea[], %(states)s::text[])
     AS w (kid, public_key, seed, state)
ON CONFLICT DO NOTHING
