-- Renewals touch no counter, so they lock their seats only, by id; each row is the one that the lock waited for.
SELECT uid, id, license_id, product_id, node_id, fingerprint, key_thumbprint, state, seq, epoch
FROM licensing_seat WHERE uid = ANY (%(seats)s) ORDER BY id FOR UPDATE
