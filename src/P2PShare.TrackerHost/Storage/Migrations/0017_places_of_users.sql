-- For 100 rows of peers at a time: a place begins with a number of the peer's user, so that the next user who holds a content is one step through the
-- index away. A holding that an instance of the version before adds meanwhile has a place of before, and is served out of turn until it is removed and added anew.
UPDATE holdings SET place = (SELECT (p.user_id * 2654435761 % 2147483647) * 4294967296 FROM peers p WHERE p.id = holdings.peer_id) + place % 4294967296
WHERE peer_id > @after AND peer_id <= @last;
