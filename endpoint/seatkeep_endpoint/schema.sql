-- Everything the endpoint must still know after a power cut.
CREATE TABLE IF NOT EXISTS fact (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL           -- msgpack
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS quarantine (
    item        TEXT PRIMARY KEY, -- 32 hex digits
    path        BLOB NOT NULL,    -- the original path, bytes as the file system gave them
    mode        INTEGER NOT NULL,
    uid         INTEGER NOT NULL,
    gid         INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    key         BLOB NOT NULL,    -- 32 bytes, AES-256-CTR; so that the stored copy cannot be run or matched
    threat      TEXT NOT NULL,
    engine      TEXT NOT NULL,
    at_us       INTEGER NOT NULL,
    detection   TEXT NOT NULL,    -- 32 hex digits
    state       TEXT NOT NULL CHECK (state IN ('MOVING', 'HELD'))
) WITHOUT ROWID;

-- What Windows remembers of a file in quarantine; empty elsewhere.
CREATE TABLE IF NOT EXISTS quarantine_security (
    item       TEXT PRIMARY KEY,
    attributes INTEGER NOT NULL,
    security   TEXT NOT NULL       -- owner and access list, SDDL
) WITHOUT ROWID;

-- Files that a person restored: not taken again.
CREATE TABLE IF NOT EXISTS allowed (
    sha256 TEXT PRIMARY KEY,
    at_us  INTEGER NOT NULL
) WITHOUT ROWID;

-- Detections that were not dealt with; a row goes when the file does.
CREATE TABLE IF NOT EXISTS open_threat (
    path   TEXT PRIMARY KEY,
    threat TEXT NOT NULL
) WITHOUT ROWID;

-- News for the agent, kept until it says that it has them.
CREATE TABLE IF NOT EXISTS news (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event  TEXT NOT NULL,
    body   BLOB NOT NULL           -- msgpack
);

-- Scans that ever began: none begins twice.
CREATE TABLE IF NOT EXISTS scan (
    run TEXT PRIMARY KEY
) WITHOUT ROWID;

-- What Microsoft Defender found, as far as the agent has heard of it.
CREATE TABLE IF NOT EXISTS defender_threat (
    detection TEXT PRIMARY KEY,   -- 32 hex digits, Defender's own
    name      TEXT NOT NULL,
    path      TEXT NOT NULL,
    is_file   INTEGER NOT NULL,
    at_us     INTEGER NOT NULL,
    action    TEXT NOT NULL,      -- what was told last
    is_told   INTEGER NOT NULL    -- 0 = it was history when we came
) WITHOUT ROWID;
