-- Renewals touch no counter, so they lock their seats only, by id.
SELECT id FROM licensing_seat WHERE uid = ANY (%(seats)s) ORDER BY id FOR UPDATE
