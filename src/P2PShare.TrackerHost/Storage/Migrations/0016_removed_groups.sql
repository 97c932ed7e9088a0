-- A deleted group is out of sight with one write, and what it had is removed some at a time. "groups" is a view of the groups that there are: what reads
-- or joins it never sees a deleted one. all_groups has the deleted ones until they are empty.
ALTER TABLE groups RENAME TO all_groups;
-- The number of the revocation with which the group was deleted; null if it was not.
ALTER TABLE all_groups ADD COLUMN removed BIGINT;
CREATE INDEX groups_removed ON all_groups (removed) WHERE removed IS NOT NULL;
-- With what the view looks at, so that a user's groups are counted in the index alone.
DROP INDEX groups_owner;
CREATE INDEX groups_owner ON all_groups (owner_id, removed);
CREATE VIEW groups AS SELECT id, guid, name_key, name, owner_id, created, listed FROM all_groups WHERE removed IS NULL;

-- Of the event of a group's deletion: that revocation. The event is for those who were members until then: it is one row, however many they are.
ALTER TABLE events ADD COLUMN members_until BIGINT;
CREATE INDEX events_members_until ON events (members_until) WHERE members_until IS NOT NULL;

CREATE INDEX lost_holdings_group ON lost_holdings (group_id);
