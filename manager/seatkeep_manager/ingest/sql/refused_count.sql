INSERT INTO ingest_refusedmessages (day, reason, count) VALUES (%s, %s, %s)
ON CONFLICT (day, reason) DO UPDATE SET count = ingest_refusedmessages.count + excluded.count
