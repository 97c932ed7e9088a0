-- When a key begins to sign: it is published before. It signs until the next one does.
ALTER TABLE ticket_keys ADD COLUMN signs_from BIGINT NOT NULL DEFAULT 0;
UPDATE ticket_keys SET signs_from = created;

-- Wrong passwords within the window, for all instances.
CREATE TABLE login_failures (
    id      INTEGER PRIMARY KEY,
    network TEXT   NOT NULL, -- an IPv4 address, or the first half of an IPv6 one
    account TEXT   NOT NULL,
    failed  BIGINT NOT NULL  -- Unix milliseconds
);
CREATE INDEX login_failures_network ON login_failures (network, failed);
CREATE INDEX login_failures_failed ON login_failures (failed);
