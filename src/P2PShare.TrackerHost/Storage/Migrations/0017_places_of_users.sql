-- A place begins with a number of the peer's user, so that the next user who holds a content is one step through the index away.
UPDATE holdings SET place = (SELECT (p.user_id * 2654435761 % 2147483647) * 4294967296 FROM peers p WHERE p.id = holdings.peer_id) + place % 4294967296;
