-- Memberships that ended, until what the user shared in the group by then is removed.
CREATE TABLE ended_memberships (
    group_id  BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id   BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_name TEXT   NOT NULL,
    ended     BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
