-- The device was heard of, and its next lease has the next number.
UPDATE licensing_seat s
SET seq = w.seq, last_seen_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(seqs)s::bigint[]) AS w (id, seq)
WHERE s.id = w.id
