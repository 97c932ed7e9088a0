-- How many holdings a user's peers had when they were last counted.
ALTER TABLE user_quota_counts ADD COLUMN holdings_counted BIGINT NOT NULL DEFAULT 0;
