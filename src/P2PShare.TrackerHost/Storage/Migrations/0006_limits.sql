-- Invitations to make an account; of the token only the SHA-256.
CREATE TABLE invitations (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    uses_left  BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX invitations_expires ON invitations (expires);

-- Never less than there are: one is added with each new group, share or file, and nothing is taken off. Where such a
-- number reaches its quota the rows are counted, and it becomes what they are. To count them each time would cost more
-- than what is counted.
ALTER TABLE users ADD COLUMN groups_at_most BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN shares_at_most BIGINT NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN files_at_most BIGINT NOT NULL DEFAULT 0;
UPDATE users SET
    groups_at_most = (SELECT COUNT(*) FROM groups g WHERE g.owner_id = users.id),
    shares_at_most = (SELECT COUNT(*) FROM file_sharers s WHERE s.user_id = users.id);
UPDATE groups SET files_at_most = (SELECT COUNT(*) FROM files f WHERE f.group_id = groups.id);
