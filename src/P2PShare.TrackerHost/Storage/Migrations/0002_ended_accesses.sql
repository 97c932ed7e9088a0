-- Whose tickets for a group no longer count, because the user left it, was taken out of it, or it was deleted. By name,
-- as the tickets are, and without references: a row outlives its group and its user for as long as a ticket lasts.
CREATE TABLE ended_accesses (
    group_key     TEXT   NOT NULL,
    user_key      TEXT   NOT NULL,
    group_name    TEXT   NOT NULL,
    user_name     TEXT   NOT NULL,
    tickets_until BIGINT NOT NULL, -- tickets issued up to this second do not count
    PRIMARY KEY (group_key, user_key)
);
CREATE INDEX ended_accesses_until ON ended_accesses (tickets_until);
