-- AUTO_GROW: more is ordered by itself; the ledger gets its entry and managers hear of it.
WITH grown AS (
    UPDATE licensing_license l
    SET quantity = w.quantity, last_entry_number = l.last_entry_number + 1, updated_at = %(now)s
    FROM unnest(%(licenses)s::bigint[], %(quantities)s::int[], %(before)s::int[]) AS w (id, quantity, before)
    WHERE l.id = w.id AND l.quantity < w.quantity
    RETURNING l.id, l.uid, l.owner_id, l.bundle_id, l.last_entry_number, w.before, l.quantity
), entered AS (
    INSERT INTO licensing_licenseentry (license_id, number, kind, bundle_id, quantity_before, quantity, actor, note, at)
    SELECT id, last_entry_number, 'AUTO_GROW', bundle_id, before, quantity, %(actor)s, '', %(now)s FROM grown
)
INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)
SELECT 'license', g.uid, c.path, false, %(now)s
FROM grown g
JOIN companies_company c ON c.id = g.owner_id
