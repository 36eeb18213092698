-- Instances that may sign: their keys and whose they are. Revoked ones are strangers.
SELECT uid, company_id, public_key
FROM instances_instance
WHERE uid = ANY (%(uids)s) AND NOT is_revoked
