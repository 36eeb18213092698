-- After nodes and seats: the licenses that grow by themselves, in the order of their ids.
SELECT id FROM licensing_license WHERE id = ANY (%(licenses)s) ORDER BY id FOR UPDATE
