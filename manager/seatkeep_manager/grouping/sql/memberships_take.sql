-- Makes memberships what devices of a batch say; the devices' rows are locked already.
-- A group counts only when its anchor lies on the device's own static path: a device speaks for itself, not for others.
-- Parameters: array of device ids, array of their groups' uids as JSON arrays of 32 hex digits, now.
WITH told AS (
    SELECT t.device_id, ARRAY(SELECT jsonb_array_elements_text(t.groups::jsonb))::uuid[] AS uids
    FROM unnest(%s::bigint[], %s::text[]) AS t (device_id, groups)
), wanted AS (
    SELECT told.device_id, g.id AS group_id
    FROM told
    JOIN directory_device d ON d.id = told.device_id
    JOIN directory_staticgroup s ON s.id = d.group_id
    JOIN grouping_dynamicgroup g ON g.uid = ANY (told.uids) AND g.anchor_id = ANY (s.path)
), gone AS (
    DELETE FROM grouping_membership m
    USING told
    WHERE m.device_id = told.device_id
      AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.device_id = m.device_id AND w.group_id = m.group_id)
)
INSERT INTO grouping_membership (device_id, group_id, since)
SELECT device_id, group_id, %s FROM wanted ORDER BY device_id, group_id
ON CONFLICT (device_id, group_id) DO NOTHING
