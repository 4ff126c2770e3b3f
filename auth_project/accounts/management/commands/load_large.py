"""Auth's part of the large world; the other services load the same ids (contracts/large.toml)."""

from collections.abc import Sequence

from chassis.storage.large import LoadLarge

# Nobody signs in as one of them: what starts with "!" is the hash of no password.
_USERS = """
INSERT INTO users (id, password, username, email, email_verified_at, full_name, phone, language, time_zone, is_active,
    created_at, updated_at, last_login)
SELECT id, '!' || md5(n::text), username, email, joined_at + interval '1 minute', 'Person ' || n,
       '+49170' || lpad(n::text, 7, '0'), 'en', 'Europe/Berlin', n %% 1000 <> 1, joined_at, joined_at,
       CASE WHEN n %% 5 = 0 THEN %(at)s::timestamptz - n %% 30 * interval '1 day' END
FROM large_users ORDER BY id
"""
_ROLES = """
INSERT INTO user_roles (user_id, group_id)
SELECT large_users.id, auth_group.id FROM large_users JOIN auth_group ON name = 'customer' ORDER BY 1
"""
# Each fifth has signed in within the last thirty days, which is how long staff still see it.
_SESSIONS = """
INSERT INTO sessions (id, user_id, refresh_jti, previous_jti, access_tokens, created_at, refreshed_at, expires_at,
    ended_at, end_reason, address, user_agent)
SELECT pg_temp.large_id(signed_in_at, 100, n), id, md5(n || ' now'), md5(n || ' before'), '[]', signed_in_at,
       signed_in_at + interval '2 hours', signed_in_at + interval '26 hours',
       CASE WHEN signed_out THEN signed_in_at + interval '2 hours' END,
       CASE WHEN signed_out THEN 'signed_out' ELSE '' END,
       ('198.18.' || n / 5 %% 256 || '.' || n / 1280 %% 256)::inet, 'Mozilla/5.0'
FROM large_users
CROSS JOIN LATERAL (SELECT %(at)s::timestamptz - n %% 30 * interval '1 day' - n %% 3600 * interval '1 second'
    AS signed_in_at, n %% 3 = 0 AS signed_out) AS session
WHERE n %% 5 = 0 ORDER BY 1
"""
_RESETS = """
INSERT INTO one_time_tokens (id, user_id, purpose, digest, email, created_at, expires_at, used_at)
SELECT pg_temp.large_id(asked_at, 101, n), id, 'password_reset', sha256(id::text::bytea), email, asked_at,
       asked_at + interval '1 hour', CASE WHEN n %% 100 = 0 THEN asked_at + interval '1 minute' END
FROM large_users
CROSS JOIN LATERAL (SELECT %(at)s::timestamptz - n %% 29 * interval '1 day' - interval '1 hour' AS asked_at) AS asked
WHERE n %% 50 = 0 ORDER BY 1
"""


class Command(LoadLarge):
    def statements(self) -> Sequence[tuple[str, str]]:
        return [("users", _USERS), ("user_roles", _ROLES), ("sessions", _SESSIONS), ("one_time_tokens", _RESETS)]
