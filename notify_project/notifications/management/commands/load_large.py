"""Notify's part of the large world; the other services load the same ids (contracts/large.toml)."""

from collections.abc import Sequence

from chassis.storage.large import LoadLarge

_CONTACTS = """
INSERT INTO contacts (user_id, username, email, full_name, phone, email_verified, language, time_zone,
    wants_hold_notices, wants_sms, as_of, created_at)
SELECT id, username, email, 'Person ' || n, '+49170' || lpad(n::text, 7, '0'), true, 'en', 'Europe/Berlin', true, false,
       joined_at, joined_at
FROM large_users ORDER BY id
"""
_MADE = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT id, n, reference, payment_id, user_id, user_n, screen, cancelled, sold_at, showing, seats
FROM large_bookings
CROSS JOIN LATERAL (SELECT jsonb_build_object(
    'movie_title', 'Film ' || movie, 'theater_name', 'House ' || screen / 10, 'screen', 'Hall ' || screen %% 10 + 1,
    'starts_at', starts_at, 'time_zone', 'Europe/Berlin', 'format', '2D', 'language', 'en') AS showing) AS brief
CROSS JOIN LATERAL (SELECT jsonb_build_array(
    jsonb_build_object('row', chr((65 + first_seat / 10)::int), 'number', first_seat %% 10 + 1),
    jsonb_build_object('row', chr((65 + first_seat / 10)::int), 'number', first_seat %% 10 + 2)) AS seats) AS two
ORDER BY id
"""
_SUMMARIES = """
INSERT INTO booking_summaries (booking_id, reference, showtime, seats, revision, created_at, theater_id)
SELECT id, reference, showing, seats, 0, sold_at, pg_temp.large_id('2020-01-01Z', 1, screen / 10) FROM made ORDER BY id
"""
# Of each booking a receipt and a ticket, and where its showtime was cancelled the word of it and of the refund.
_ABOUT_BOOKINGS = """
INSERT INTO notifications (id, event_id, template, channel, user_id, booking_id, natural_key, recipient, language,
    subject, context, status, reason, attempts, due_at, created_at, sent_at)
SELECT pg_temp.large_id(told_at, 300 + step, n), pg_temp.large_event(sold_at, step, n), template, 'email', user_id,
       made.id, template_key || about, 'person' || user_n || '@example.com', 'en', said || reference,
       CASE template
       WHEN 'receipt' THEN jsonb_build_object('payment_id', payment_id, 'amount', price, 'captured_at', told_at)
       WHEN 'ticket' THEN jsonb_build_object('reference', reference, 'ticket', repeat('t', 300), 'tickets', '[]'::jsonb,
           'showtime', showing, 'seats', seats, 'total', price)
       WHEN 'refund' THEN jsonb_build_object('payment_id', payment_id, 'refund_id', about, 'amount', price,
           'refunded_amount', price, 'again', false, 'status', 'refunded', 'goodwill', false, 'reason', '',
           'of_seats', '')
       ELSE jsonb_build_object('reference', reference, 'reason', 'showtime_cancelled', 'why', 'showtime_cancelled',
           'message', 'Nobody came.', 'total', price, 'kept', nothing, 'gone', nothing, 'back', price, 'paid', true,
           'unpaid', false)
       END, 'sent', '', 1, told_at, told_at, told_at + interval '200 milliseconds'
FROM made
CROSS JOIN (VALUES
    (3, 'receipt', 'receipt:', 'Your receipt '), (4, 'ticket', 'ticket:', 'Your ticket '),
    (5, 'booking_cancelled', 'ended:', 'Cancelled: '), (6, 'refund', 'refund:', 'Your money is back ')
) AS kinds(step, template, template_key, said)
CROSS JOIN LATERAL (SELECT sold_at + step * interval '1 second' AS told_at,
    '{"amount": 2400, "currency": "EUR"}'::jsonb AS price, '{"amount": 0, "currency": "EUR"}'::jsonb AS nothing) AS told
CROSS JOIN LATERAL (SELECT CASE step WHEN 6 THEN pg_temp.large_id(told_at, 9, n) ELSE made.id END AS about) AS subject
WHERE step < 5 OR cancelled ORDER BY 1
"""
# Everybody was asked to prove the address, and welcomed; one in a hundred has none that takes mail.
_ABOUT_USERS = """
INSERT INTO notifications (id, template, channel, user_id, natural_key, recipient, language, subject, context, status,
    reason, attempts, due_at, created_at, sent_at)
SELECT pg_temp.large_id(told_at, kind, n), template, 'email', id,
       CASE template WHEN 'welcome' THEN 'welcome:' || id END, email, 'en', said, '{}',
       CASE WHEN failed THEN 'failed' ELSE 'sent' END, CASE WHEN failed THEN '550' ELSE '' END, 1, told_at, told_at,
       CASE WHEN NOT failed THEN told_at + interval '200 milliseconds' END
FROM large_users
CROSS JOIN (VALUES (310, 'email_verification', 'Your address'), (311, 'welcome', 'Welcome'))
    AS kinds(kind, template, said)
CROSS JOIN LATERAL (
    SELECT joined_at + (kind - 310) * interval '1 minute' AS told_at, kind = 310 AND n %% 100 = 1 AS failed
) AS told
WHERE kind = 310 OR n %% 100 <> 1 ORDER BY 1
"""
_DELIVERIES = """
INSERT INTO delivery_log (id, notification_id, attempt, outcome, code, message_id, milliseconds, created_at)
SELECT overlay(id::text PLACING '2' FROM 16 FOR 1)::uuid, id, 1, status, reason, '<' || id || '@example.com>', 40,
       created_at + interval '200 milliseconds'
FROM notifications AS sent WHERE NOT EXISTS (SELECT FROM delivery_log WHERE notification_id = sent.id) ORDER BY id
"""


class Command(LoadLarge):
    def statements(self) -> Sequence[tuple[str, str]]:
        return [
            ("contacts", _CONTACTS),
            ("made", _MADE),
            ("booking_summaries", _SUMMARIES),
            ("notifications", _ABOUT_USERS),
            ("notifications", _ABOUT_BOOKINGS),
            ("delivery_log", _DELIVERIES),
        ]
