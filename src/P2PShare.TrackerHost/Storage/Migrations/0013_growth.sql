-- Instances on one PostgreSQL database no longer wait for each other. A line that begins with "--postgres " is for PostgreSQL alone.

-- One sequence of numbers for events and revocations. In SQLite the last one; in PostgreSQL what a number has beyond the id of its
-- transaction (see SequenceNumbers).
CREATE TABLE last_number (
    number BIGINT NOT NULL
);
INSERT INTO last_number (number) SELECT CASE WHEN e.id > r.number THEN e.id ELSE r.number END FROM last_event e CROSS JOIN last_revocation r;
-- An instance of the version before fails without them, instead of writing numbers that nobody reads.
DROP TABLE last_event;
DROP TABLE last_revocation;

-- When a content was withdrawn. An announce may be under way meanwhile, and add what it read before: what is left is looked for until later.
ALTER TABLE withdrawn_contents ADD COLUMN withdrawn BIGINT NOT NULL DEFAULT 0;

-- Peers and what they hold are rewritten by announces within an interval: they need no log. After a crash of the server these tables are
-- empty, and the peers announce in full again.
--postgres ALTER TABLE lost_holdings SET UNLOGGED;
--postgres ALTER TABLE holdings SET UNLOGGED;
--postgres ALTER TABLE peers SET UNLOGGED;
