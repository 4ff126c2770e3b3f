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
# Each thousandth is of staff, with codes; each second of those has two security keys. Neither opens anything: nobody
# has seen what the codes are made of, and no authenticator has made the keys.
_STAFF = """
INSERT INTO user_roles (user_id, group_id)
SELECT large_users.id, auth_group.id FROM large_users JOIN auth_group ON name = 'support' WHERE n %% 1000 = 0 ORDER BY 1
"""
_CODES = """
INSERT INTO otp_totp_totpdevice (user_id, name, confirmed, key, step, t0, digits, tolerance, drift, last_t,
    throttling_failure_count, created_at)
SELECT id, 'authenticator app', true, md5(gen_random_uuid()::text), 30, 0, 6, 1, 0, -1, 0, joined_at
FROM large_users WHERE n %% 1000 = 0 ORDER BY id
"""
_KEYS = """
INSERT INTO security_keys (id, user_id, name, confirmed, credential_id, public_key, sign_count, transports, created_at,
    last_used_at, throttling_failure_count)
SELECT pg_temp.large_id(joined_at + interval '1 day', 102 + which, n), id, called, true,
       sha256(convert_to('large ' || n || called, 'UTF8')), sha256(gen_random_uuid()::text::bytea), 0, '["usb"]',
       joined_at + interval '1 day', CASE which WHEN 0 THEN %(at)s::timestamptz END, 0
FROM large_users CROSS JOIN (VALUES (0, 'the blue one'), (1, 'telephone')) AS keys(which, called)
WHERE n %% 2000 = 0 ORDER BY 1
"""


class Command(LoadLarge):
    def statements(self) -> Sequence[tuple[str, str]]:
        return [
            ("users", _USERS),
            ("user_roles", _ROLES),
            ("user_roles", _STAFF),
            ("sessions", _SESSIONS),
            ("one_time_tokens", _RESETS),
            ("otp_totp_totpdevice", _CODES),
            ("security_keys", _KEYS),
        ]
