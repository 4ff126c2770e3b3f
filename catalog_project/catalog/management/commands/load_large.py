"""Catalog's part of the large world; the other services load the same ids (contracts/large.toml)."""

from collections.abc import Sequence

from chassis.storage.large import LoadLarge

_MOVIES = """
INSERT INTO movies (id, title, slug, synopsis, duration_minutes, rating, genres, languages, release_date, poster_url,
    created_at, updated_at)
SELECT pg_temp.large_id('2020-01-01Z', 5, n), 'Film ' || n, 'film-' || n,
       repeat('Somebody wants something and does not get it. ', 8), 120,
       (ARRAY['P', 'T13', 'T16', 'T18'])[n %% 4 + 1], ARRAY[(ARRAY['drama', 'comedy', 'action'])[n %% 3 + 1]],
       CASE WHEN n %% 500 = 1 THEN ARRAY['en', 'cy'] ELSE ARRAY['en'] END,
       (%(at)s::timestamptz - n * interval '12 hours')::date, '', '2020-01-01Z', '2020-01-01Z'
FROM generate_series(0, %(movies)s - 1) AS n
"""
# Beside them there may be other films, a demo's say.
_SLUGS = """
INSERT INTO movie_slugs (slug, movie_id) SELECT slug, id FROM movies WHERE slug LIKE 'film-%%' ORDER BY id
"""
# Every fifth film is told in another language too.
_TEXTS = """
INSERT INTO movie_texts (movie_id, language, title, synopsis, slug)
SELECT id, 'vi', replace(title, 'Film', 'Phim'), synopsis, replace(slug, 'film', 'phim') FROM movies
WHERE slug LIKE 'film-%%' AND ('x' || right(id::text, 6))::bit(24)::int %% 5 = 0 ORDER BY id
"""
_WORDS = """
INSERT INTO movie_words (movie_id, names, document)
SELECT id, lower(title), to_tsvector('simple', lower(title || ' ' || synopsis)) FROM movies
WHERE slug LIKE 'film-%%' ORDER BY id
"""
_THEATERS = """
INSERT INTO theaters (id, name, city, address, latitude, longitude, time_zone, currency, cleaning_minutes,
    cancellation_cutoff_minutes, orphan_seat_rule, created_at, updated_at)
SELECT pg_temp.large_id('2020-01-01Z', 1, n), 'House ' || n, 'Town ' || n, n || ' High Street', 52.5, 13.4 + n * 0.1,
       'Europe/Berlin', 'EUR', 15, 60, true, '2020-01-01Z', '2020-01-01Z'
FROM generate_series(0, %(theaters)s - 1) AS n
"""
_TICKET_TYPES = """
INSERT INTO ticket_types (id, theater_id, code, name, hint, online, "default", accompanied, position, created_at,
    updated_at)
SELECT pg_temp.large_id('2020-01-01Z', 400, n * 10 + place), pg_temp.large_id('2020-01-01Z', 1, n), code, code, '',
       true, code = 'adult', false, place, '2020-01-01Z', '2020-01-01Z'
FROM generate_series(0, %(theaters)s - 1) AS n
CROSS JOIN unnest(ARRAY['adult', 'child', 'student', 'senior']) WITH ORDINALITY AS types (code, place)
"""
# Nothing is shown by them: what is sold was planned before there were any.
_PRICE_LISTS = """
INSERT INTO price_lists (id, theater_id, name, round_to, prices, rules, fees, early, created_at, updated_at)
SELECT pg_temp.large_id('2020-01-01Z', 401, n), pg_temp.large_id('2020-01-01Z', 1, n), 'Everyday', 1,
       '{"adult": {"standard": 1200}, "child": {"standard": 800}}', '[]', '[]', '[]', '2020-01-01Z', '2020-01-01Z'
FROM generate_series(0, %(theaters)s - 1) AS n
"""
_SCREENS = """
INSERT INTO screens (id, theater_id, name, rows, columns, seat_count, categories, revision, created_at, updated_at)
SELECT pg_temp.large_id('2020-01-01Z', 2, n), pg_temp.large_id('2020-01-01Z', 1, n / 10), 'Hall ' || n %% 10 + 1,
       10, 10, 100, '{standard}', 1, '2020-01-01Z', '2020-01-01Z'
FROM generate_series(0, %(theaters)s * 10 - 1) AS n
"""
_SEATS = """
INSERT INTO seats (id, screen_id, row, number, x, y, category, accessible)
SELECT pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat), pg_temp.large_id('2020-01-01Z', 2, screen),
       chr(65 + seat / 10), seat %% 10 + 1, seat %% 10 + 1, seat / 10 + 1, 'standard', false
FROM generate_series(0, %(theaters)s * 10 - 1) AS screen CROSS JOIN generate_series(0, 99) AS seat
"""
_SHOWTIMES = """
INSERT INTO showtimes (id, movie_id, theater_id, screen_id, starts_at, ends_at, screen_free_at, format, language,
    currency, status, cancellation_reason, revision, created_at, updated_at)
SELECT id, movie_id, theater_id, screen_id, starts_at, ends_at, ends_at + interval '15 minutes', format, language,
       'EUR', CASE WHEN cancelled THEN 'cancelled' ELSE 'scheduled' END,
       CASE WHEN cancelled THEN 'Nobody came.' ELSE '' END, CASE WHEN cancelled THEN 2 ELSE 1 END, announced_at,
       announced_at
FROM large_showtimes ORDER BY id
"""
_PRICES = """
INSERT INTO showtime_prices (showtime_id, category, amount, currency)
SELECT id, 'standard', 1200, 'EUR' FROM large_showtimes ORDER BY id
"""
# Those of showtimes that were over a day ago have been forgotten.
_OCCUPANCY = """
INSERT INTO showtime_occupancy (booking_id, showtime_id, seats, state, held_until, updated_at)
SELECT id, showtime_id, 2, CASE WHEN cancelled THEN 4 ELSE 3 END, NULL, sold_at
FROM large_bookings WHERE starts_at > %(at)s::timestamptz - interval '1 day' ORDER BY id
"""
# What staff did: each showtime that was cancelled was cancelled by somebody.
_DEEDS = """
INSERT INTO audit_log (id, at, actor_id, actor_name, door, action, subject_type, subject_id, before, after, reason,
    correlation_id, words)
SELECT pg_temp.large_event(announced_at, 33, n), announced_at + interval '33 seconds', user_id, 'manager' || n %% 9,
       'admin', 'showtime.cancelled', 'showtime', id::text, '{"status": "scheduled"}', '{"status": "cancelled"}',
       'Nobody came.', id::text, 'manager' || n %% 9 || E'\n' || id || E'\nnobody came.'
FROM large_showtimes CROSS JOIN LATERAL (SELECT pg_temp.large_id('2021-01-01Z', 6, n %% 9) AS user_id) AS staff
WHERE cancelled ORDER BY 1
"""
# Answers that are cached are of before.
_GENERATION = """
INSERT INTO catalog_generation AS kept (id, value) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET value = kept.value + 1
"""


class Command(LoadLarge):
    def statements(self) -> Sequence[tuple[str, str]]:
        return [
            ("movies", _MOVIES),
            ("movie_slugs", _SLUGS),
            ("movie_texts", _TEXTS),
            ("movie_words", _WORDS),
            ("theaters", _THEATERS),
            ("ticket_types", _TICKET_TYPES),
            ("price_lists", _PRICE_LISTS),
            ("screens", _SCREENS),
            ("seats", _SEATS),
            ("showtimes", _SHOWTIMES),
            ("showtime_prices", _PRICES),
            ("showtime_occupancy", _OCCUPANCY),
            ("audit_log", _DEEDS),
            ("catalog_generation", _GENERATION),
        ]
