-- Whether a reader's feed went on: settled (readable now), or on its way (an older transaction is still open).
SELECT f.uid, c.uid,
       EXISTS (SELECT 1 FROM companies_feedentry e
               WHERE (e.xid, e.id) > (%(xid)s::text::xid8, %(id)s) AND e.path @> ARRAY[c.id]
                 AND e.xid < pg_snapshot_xmin(pg_current_snapshot())),
       EXISTS (SELECT 1 FROM companies_feedentry e
               WHERE (e.xid, e.id) > (%(xid)s::text::xid8, %(id)s) AND e.path @> ARRAY[c.id])
FROM companies_feed f, companies_company c
WHERE c.id = %(company)s
