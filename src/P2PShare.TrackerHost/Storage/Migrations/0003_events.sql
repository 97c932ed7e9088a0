-- What happened in groups within the last hour, for streams of events. An event is for the members of its group, for its
-- owner alone, or for one user (who may be no member any more, and whose group may be gone).
CREATE TABLE events (
    id           BIGINT NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL,
    group_id     BIGINT REFERENCES groups (id) ON DELETE CASCADE,
    group_name   TEXT   NOT NULL,
    user_name    TEXT   NOT NULL,
    file_name    TEXT,
    owner_only   BIGINT NOT NULL,
    recipient_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    created      BIGINT NOT NULL
);
CREATE INDEX events_created ON events (created);
CREATE INDEX events_group ON events (group_id);
CREATE INDEX events_recipient ON events (recipient_id);

-- The id of the last event. Whoever takes the next one holds this row until the commit, so that events become visible in
-- the order of their ids: a reader that has seen one has missed none before it.
CREATE TABLE last_event (
    id BIGINT NOT NULL
);
INSERT INTO last_event (id) VALUES (0);
