-- Changes with every announce, and is looked for once in an interval: an index on it costs more than it saves.
DROP INDEX peers_last_seen;

-- A random number: whoever asks for some of a content's many holders gets those that follow a random one.
ALTER TABLE holdings ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
UPDATE holdings SET place = ABS(peer_id * 2654435761 % 4294967296);
DROP INDEX holdings_root;
CREATE INDEX holdings_root ON holdings (group_id, pieces_root, complete, place, peer_id);

CREATE INDEX ended_accesses_user ON ended_accesses (user_key);
