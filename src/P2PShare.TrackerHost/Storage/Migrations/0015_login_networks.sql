-- The addresses (an IPv6 /64 is one) that a user logged in from, so that the logins from there come before those of strangers.
CREATE TABLE login_networks (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network TEXT NOT NULL,
    logged_in BIGINT NOT NULL,
    PRIMARY KEY (user_id, network)
);
CREATE INDEX login_networks_logged_in ON login_networks (logged_in);
