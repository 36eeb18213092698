-- Keys that sign or verify leases; a retired one verifies until the last lease it signed is over.
SELECT kid, public_key, seed_encrypted, state
FROM licensing_leasekey
WHERE retired_at IS NULL OR retired_at > %(now)s - interval '31 days'
ORDER BY id
