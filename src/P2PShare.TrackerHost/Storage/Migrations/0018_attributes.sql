-- What a name carries beside its content; null if the sharer's client did not know it, as in rows of before.
-- When the file was modified last: in steps of 100 nanoseconds since 1970, negative before.
ALTER TABLE files ADD COLUMN modified BIGINT;
-- Whether it can be executed.
ALTER TABLE files ADD COLUMN executable BIGINT;
