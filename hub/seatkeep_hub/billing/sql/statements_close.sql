-- Freeze several months: a trigger refuses any later change.
UPDATE billing_statement SET state = 'CLOSED', closed_at = %(now)s, closed_by = %(by)s WHERE id = ANY (%(ids)s)
