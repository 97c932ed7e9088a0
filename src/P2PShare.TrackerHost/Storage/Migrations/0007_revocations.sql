-- Users whose tickets for a group no longer count, because the user left the group or was removed from it, or because the group
-- was deleted. By name, as in the tickets, and without references: a row outlives its group and its user for as long as a ticket lasts.
CREATE TABLE revocations (
    group_key     TEXT   NOT NULL,
    user_key      TEXT   NOT NULL,
    group_name    TEXT   NOT NULL,
    user_name     TEXT   NOT NULL,
    tickets_until BIGINT NOT NULL, -- tickets issued up to this second do not count
    PRIMARY KEY (group_key, user_key)
);
INSERT INTO revocations (group_key, user_key, group_name, user_name, tickets_until)
    SELECT group_key, user_key, group_name, user_name, tickets_until FROM ended_accesses;
DROP TABLE ended_accesses;
CREATE INDEX revocations_until ON revocations (tickets_until);
CREATE INDEX revocations_user ON revocations (user_key);

-- Counts for quotas, as of some moment in the near past, in tables of their own.
CREATE TABLE user_quota_counts (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    groups_counted BIGINT NOT NULL DEFAULT 0,
    shares_counted BIGINT NOT NULL DEFAULT 0
);
INSERT INTO user_quota_counts (user_id, groups_counted, shares_counted) SELECT id, groups_counted, shares_counted FROM users;
ALTER TABLE users DROP COLUMN groups_counted;
ALTER TABLE users DROP COLUMN shares_counted;
CREATE TABLE group_quota_counts (
    group_id BIGINT NOT NULL PRIMARY KEY REFERENCES groups (id) ON DELETE CASCADE,
    files_counted BIGINT NOT NULL DEFAULT 0
);
INSERT INTO group_quota_counts (group_id, files_counted) SELECT id, files_counted FROM groups;
ALTER TABLE groups DROP COLUMN files_counted;
