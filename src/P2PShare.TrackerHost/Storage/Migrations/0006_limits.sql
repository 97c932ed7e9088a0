-- Invitations to make an account; of the token only the SHA-256.
CREATE TABLE invitations (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    uses_left  BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX invitations_expires ON invitations (expires);

-- How many there were when they were last counted, which is now and then: for quotas.
ALTER TABLE users ADD COLUMN groups_counted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN shares_counted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN files_counted BIGINT NOT NULL DEFAULT 0;
UPDATE users SET
    groups_counted = (SELECT COUNT(*) FROM groups g WHERE g.owner_id = users.id),
    shares_counted = (SELECT COUNT(*) FROM file_sharers s WHERE s.user_id = users.id);
UPDATE groups SET files_counted = (SELECT COUNT(*) FROM files f WHERE f.group_id = groups.id);
