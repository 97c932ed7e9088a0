-- Users, groups and sessions have an id that never comes back: a random UUID as lower-case text. Tickets, announces and revocations
-- carry it, so that a name which was freed and taken again opens nothing of what was. The numbers stay what rows refer to each other by.
-- RANDOM_UUID stands for what each database makes one with: gen_random_uuid() in PostgreSQL, randomblob() in SQLite.
ALTER TABLE users ADD COLUMN guid TEXT NOT NULL DEFAULT '';
UPDATE users SET guid = RANDOM_UUID;
CREATE UNIQUE INDEX users_guid ON users (guid);
ALTER TABLE groups ADD COLUMN guid TEXT NOT NULL DEFAULT '';
UPDATE groups SET guid = RANDOM_UUID;
CREATE UNIQUE INDEX groups_guid ON groups (guid);
ALTER TABLE sessions ADD COLUMN guid TEXT NOT NULL DEFAULT '';
UPDATE sessions SET guid = RANDOM_UUID;
CREATE UNIQUE INDEX sessions_guid ON sessions (guid);

-- 1 if the password was prepared (RFC 8265) before it was hashed; 0 for accounts of before, until their next login.
ALTER TABLE users ADD COLUMN password_prepared BIGINT NOT NULL DEFAULT 0;

-- Clients that resume a stream from before do not speak this version.
DELETE FROM events;
ALTER TABLE events ADD COLUMN group_guid TEXT NOT NULL DEFAULT '';

-- A sequence that is only appended to; a row is deleted when every ticket that it concerns has expired. By id and without references,
-- because it outlives its group and its user. Null stands for any. The tickets of before name nothing by id, and count nowhere any more.
DROP TABLE revocations;
CREATE TABLE revocations (
    number        BIGINT NOT NULL PRIMARY KEY,
    group_guid    TEXT,
    user_guid     TEXT,
    session_guid  TEXT,
    tickets_until BIGINT NOT NULL -- tickets issued up to this second do not count
);
CREATE INDEX revocations_group ON revocations (group_guid, number);
CREATE INDEX revocations_user ON revocations (user_guid);
CREATE INDEX revocations_until ON revocations (tickets_until);

-- The number of the last revocation. The next one changes this row, so that they become visible in the order of their numbers.
CREATE TABLE last_revocation (
    number BIGINT NOT NULL
);
INSERT INTO last_revocation (number) VALUES (0);

-- Users who were members of a group until a revocation: their peers have to know those of the group up to it.
CREATE TABLE former_members (
    group_guid TEXT   NOT NULL,
    user_guid  TEXT   NOT NULL,
    number     BIGINT NOT NULL,
    PRIMARY KEY (user_guid, group_guid)
);
CREATE INDEX former_members_number ON former_members (number);

-- Contents that their groups have no longer, until the holdings of them are removed.
CREATE TABLE withdrawn_contents (
    group_id    BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    pieces_root TEXT   NOT NULL,
    PRIMARY KEY (group_id, pieces_root)
);

-- Holdings of them that were removed, until the peer is told at its next announce.
CREATE TABLE lost_holdings (
    peer_id     BIGINT NOT NULL REFERENCES peers (id) ON DELETE CASCADE,
    group_id    BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    pieces_root TEXT   NOT NULL,
    PRIMARY KEY (peer_id, group_id, pieces_root)
);
