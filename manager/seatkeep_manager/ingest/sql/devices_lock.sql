-- Devices of a batch by uid, locked in id order, so that two batches never wait for each other in a circle.
SELECT id, uid FROM directory_device WHERE uid = ANY (%s) ORDER BY id FOR NO KEY UPDATE
