-- Everything the agent must still know after a power cut.
CREATE TABLE IF NOT EXISTS fact (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL            -- msgpack
) WITHOUT ROWID;

-- Messages for the manager until the broker has them on disk.
CREATE TABLE IF NOT EXISTS spool (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL,
    slot       TEXT,               -- telemetry only: the newest of a slot replaces the older ones
    message_id TEXT NOT NULL,
    raw        BLOB NOT NULL       -- the whole envelope
);
CREATE INDEX IF NOT EXISTS spool_slot ON spool (slot) WHERE slot IS NOT NULL;

-- The newest verified document of each key: nothing older is ever taken again.
CREATE TABLE IF NOT EXISTS document (
    key     TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    raw     BLOB NOT NULL
) WITHOUT ROWID;

-- Every task run that this machine ever accepted: a run is begun at most once.
CREATE TABLE IF NOT EXISTS run (
    run     TEXT PRIMARY KEY,
    task    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    params  BLOB NOT NULL,         -- msgpack
    state   TEXT NOT NULL,         -- RECEIVED, RUNNING, then a final state
    at_us   INTEGER NOT NULL,
    detail  TEXT NOT NULL DEFAULT '',
    result  BLOB,                  -- msgpack
    is_told INTEGER NOT NULL DEFAULT 0 -- whether the spool has its newest state
) WITHOUT ROWID;

-- Which fire of a group task a run is; runs of single tasks stand only in `run`.
CREATE TABLE IF NOT EXISTS fire (
    run         TEXT PRIMARY KEY,
    fired_at_us INTEGER NOT NULL
) WITHOUT ROWID;

-- How far each group task is settled on this machine.
CREATE TABLE IF NOT EXISTS trigger_state (
    task      TEXT PRIMARY KEY,
    since_us  INTEGER NOT NULL,    -- only later fires count
    is_member INTEGER NOT NULL,    -- whether the device stood under the task at the last look
    ran_us    INTEGER              -- when it last fired and was not suppressed
) WITHOUT ROWID;
