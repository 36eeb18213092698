-- Devices of a batch by uid, locked in id order, so that two batches never wait for each other in a circle.
-- Parameter: their uids as hex digits, separated by commas; an array of them costs the sender ten times as much.
SELECT id, uid FROM directory_device WHERE uid = ANY (string_to_array(%s, ',')::uuid[]) ORDER BY id FOR NO KEY UPDATE
