-- 0 if only those who are in it, ask to join it or know its exact name find it.
ALTER TABLE groups ADD COLUMN listed BIGINT NOT NULL DEFAULT 1;
CREATE INDEX groups_listed ON groups (listed, name_key);

-- The name without the differences of case (FileName.Key): what pages of files are ordered and searched by.
-- NAME_KEY stands for what each database makes it with.
ALTER TABLE files ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE files SET name_key = NAME_KEY(name);
CREATE UNIQUE INDEX files_name_key ON files (group_id, name_key, name);

-- The first sharer of each file of a page is found without its other sharers, and without the sharers of other files.
CREATE INDEX file_sharers_first ON file_sharers (file_id, id);

-- When the files of a group changed last: a number that no other change has. Pages that were made since then can be sent again.
CREATE TABLE file_changes (
    group_id BIGINT NOT NULL PRIMARY KEY REFERENCES groups (id) ON DELETE CASCADE,
    number   BIGINT NOT NULL
);
