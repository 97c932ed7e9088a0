-- The contents that a name had before, as long as running downloads of them may finish.
-- How many contents the name has had; and what its earlier versions are found by: null until it was replaced, and new if the name was withdrawn and is shared again.
ALTER TABLE files ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE files ADD COLUMN history BIGINT;
CREATE INDEX files_history ON files (history) WHERE history IS NOT NULL;

-- user_id is the user who shared the content and replaced it, whose quota it counts in.
CREATE TABLE file_versions (
    history      BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    group_id     BIGINT NOT NULL REFERENCES all_groups (id) ON DELETE CASCADE,
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    size         BIGINT NOT NULL,
    piece_length BIGINT NOT NULL,
    pieces_root  TEXT,
    modified     BIGINT,
    executable   BIGINT,
    shared       BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    PRIMARY KEY (history, number)
);
CREATE INDEX file_versions_group ON file_versions (group_id);
CREATE INDEX file_versions_user ON file_versions (user_id, group_id);
CREATE INDEX file_versions_expires ON file_versions (expires);
