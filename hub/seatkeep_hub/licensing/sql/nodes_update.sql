-- Counters move by what was decided; the CHECK constraint is the belt. A limit that lies above the wanted one only
-- because older seats still do sinks as they are given back, and never rises here.
UPDATE licensing_poolnode n
SET used = n.used + w.used, outstanding = n.outstanding + w.outstanding,
    hard_limit = CASE WHEN n.limit_wanted IS NOT NULL
                      THEN least(n.hard_limit, greatest(n.limit_wanted, n.used + w.used)) END
FROM unnest(%(ids)s::bigint[], %(used)s::int[], %(outstanding)s::int[]) AS w (id, used, outstanding)
WHERE n.id = w.id
