-- Plain SQL that SQLite and PostgreSQL both read. INTEGER PRIMARY KEY stands for a number that the database gives,
-- and for nothing else. Times are Unix seconds; hashes are lower-case hexadecimal; truth is 0 or 1.

-- One row for each fact about the tracker itself.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE ticket_keys (
    id          INTEGER PRIMARY KEY,
    key_id      TEXT   NOT NULL UNIQUE,
    private_key TEXT   NOT NULL, -- PKCS #8, base64
    created     BIGINT NOT NULL
);

-- name_key is the name in lower case: what names are compared by.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    name_key      TEXT   NOT NULL UNIQUE,
    name          TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    created       BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created    BIGINT NOT NULL,
    last_used  BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_last_used ON sessions (last_used);

CREATE TABLE groups (
    id       INTEGER PRIMARY KEY,
    name_key TEXT   NOT NULL UNIQUE,
    name     TEXT   NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (id),
    created  BIGINT NOT NULL
);
CREATE INDEX groups_owner ON groups (owner_id);

-- The owner is a member too.
CREATE TABLE members (
    group_id BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    joined   BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

CREATE TABLE join_requests (
    group_id  BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id   BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    requested BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX join_requests_user ON join_requests (user_id);

CREATE TABLE files (
    id           INTEGER PRIMARY KEY,
    group_id     BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    size         BIGINT NOT NULL,
    piece_length BIGINT NOT NULL,
    pieces_root  TEXT,
    shared       BIGINT NOT NULL,
    UNIQUE (group_id, name)
);
CREATE INDEX files_root ON files (group_id, pieces_root);

-- id gives the order in which they came, also within a second.
CREATE TABLE file_sharers (
    id      INTEGER PRIMARY KEY,
    file_id BIGINT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    shared  BIGINT NOT NULL,
    UNIQUE (file_id, user_id)
);
CREATE INDEX file_sharers_user ON file_sharers (user_id);

-- Contents that were replaced: running downloads may finish until then.
CREATE TABLE retired_contents (
    group_id    BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    pieces_root TEXT   NOT NULL,
    expires     BIGINT NOT NULL,
    PRIMARY KEY (group_id, pieces_root)
);
CREATE INDEX retired_contents_expires ON retired_contents (expires);

-- A logout ends the session, and the session's peers with it.
CREATE TABLE peers (
    id               INTEGER PRIMARY KEY,
    user_id          BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_hash     TEXT   NOT NULL REFERENCES sessions (token_hash) ON DELETE CASCADE,
    fingerprint      TEXT   NOT NULL,
    observed_address TEXT   NOT NULL,
    own_addresses    TEXT   NOT NULL, -- separated by spaces
    port             BIGINT NOT NULL,
    last_seen        BIGINT NOT NULL,
    UNIQUE (user_id, fingerprint)
);
CREATE INDEX peers_session ON peers (session_hash);
CREATE INDEX peers_last_seen ON peers (last_seen);

CREATE TABLE holdings (
    peer_id     BIGINT NOT NULL REFERENCES peers (id) ON DELETE CASCADE,
    group_id    BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    pieces_root TEXT   NOT NULL,
    complete    BIGINT NOT NULL,
    PRIMARY KEY (peer_id, group_id, pieces_root)
);
CREATE INDEX holdings_root ON holdings (group_id, pieces_root);
