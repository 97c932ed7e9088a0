-- Users who were deleted, until all that they had is removed.
CREATE TABLE removed_users (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
);
