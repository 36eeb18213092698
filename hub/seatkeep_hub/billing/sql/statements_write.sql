-- What several drafts came to, in one write.
UPDATE billing_statement AS statement
SET price_list_id = new.price_list, currency = new.currency, total_minor = new.total, flag_count = new.flags,
    counted_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(price_lists)s::bigint[], %(currencies)s::text[], %(totals)s::bigint[], %(flags)s::int[])
    AS new (id, price_list, currency, total, flags)
WHERE statement.id = new.id
