-- What a member may do: 1 receives, 2 publishes too, 3 manages too. The owner is that of the group's row. Every member of before could publish.
ALTER TABLE members ADD COLUMN role BIGINT NOT NULL DEFAULT 2;
-- What a user becomes who is made a member without another role.
ALTER TABLE all_groups ADD COLUMN default_role BIGINT NOT NULL DEFAULT 2;
DROP VIEW groups;
CREATE VIEW groups AS SELECT id, guid, name_key, name, owner_id, created, listed, default_role FROM all_groups WHERE removed IS NULL;
