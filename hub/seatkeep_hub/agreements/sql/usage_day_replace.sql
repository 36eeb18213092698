-- The end of usage_day_record.sql where the day may have been counted before. A new day goes without it: looking each
-- row up first, and writing that a conflict was waited for, cost a fifth of the whole count.
ON CONFLICT (day, buyer_id, node_id, seller_id) DO UPDATE
SET ordered = excluded.ordered, agreed = excluded.agreed, is_flexible = excluded.is_flexible,
    in_use = excluded.in_use, peak = excluded.peak, device_days = excluded.device_days,
    is_paused = excluded.is_paused, is_direct = excluded.is_direct, recorded_at = excluded.recorded_at
