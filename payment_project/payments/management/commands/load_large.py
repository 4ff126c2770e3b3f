"""Payment's part of the large world; the other services load the same ids (contracts/large.toml).

The money is with a provider of its own, whom nobody asks: the card gateway's stand-in, which keeps its record in
memory, knows nothing of it. What was sold at the counter staff took themselves, and give back at the till.
"""

from collections.abc import Sequence

from chassis.storage.large import LoadLarge
from payments import vault

PROVIDER = "large"

_MADE = f"""
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT n, id AS booking_id, payment_id, reference, user_id, card_last4, screen, first_seat, cancelled, sold_at, till,
       CASE till WHEN '' THEN '{PROVIDER}' ELSE till END AS provider
FROM large_bookings ORDER BY payment_id
"""  # noqa: S608  (a name of ours)
# Of each fourth only the receipt says the theater, as of those from before payments kept it.
_PAYMENTS = """
INSERT INTO payments (id, booking_id, booking_reference, user_id, status, booking_state, amount, currency,
    captured_amount, refunded_amount, provider, authorisation_id, capture_id, card_last4, seats, sale, ended_reason,
    version, hold_expires_at, captured_at, created_at, updated_at, theater_id)
SELECT payment_id, booking_id, reference, user_id, CASE WHEN cancelled THEN 'refunded' ELSE 'captured' END,
       CASE WHEN cancelled THEN 'ended' ELSE 'confirmed' END, 2400, 'EUR', 2400,
       CASE WHEN cancelled THEN 2400 ELSE 0 END, provider, 'auth_' || n, 'cap_' || n, card_last4, seats, '{}',
       CASE WHEN cancelled THEN 'showtime_cancelled' ELSE '' END, CASE WHEN cancelled THEN 7 ELSE 5 END,
       sold_at + interval '5 minutes', sold_at + interval '3 seconds', sold_at,
       sold_at + CASE WHEN cancelled THEN 6 ELSE 3 END * interval '1 second',
       CASE WHEN n %% 4 > 0 THEN pg_temp.large_id('2020-01-01Z', 1, screen / 10) END
FROM made CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat),
        'row', chr((65 + seat / 10)::int), 'number', seat %% 10 + 1, 'price', 1200, 'refunded', NULL, 'charged', false))
        AS seats
    FROM (VALUES (first_seat), (first_seat + 1)) AS two(seat)
) AS sold
ORDER BY payment_id
"""
# What the gateway was asked: the answer came a second later.
_ASKED = """
FROM made CROSS JOIN (VALUES
    (0, 'authorise', 'customer', 'authorised', '', 'auth_'), (2, 'capture', 'authorised', 'cash', 'auth_', 'cap_'),
    (5, 'refund', 'cash', 'customer', 'cap_', 're_')
) AS asked(step, kind, source, destination, target, result)
CROSS JOIN LATERAL (SELECT sold_at + step * interval '1 second' AS asked_at,
    pg_temp.large_id(sold_at + step * interval '1 second', 200 + step, n) AS operation_id) AS at
"""
# Of forty refunds at the till one is still owed.
_OPERATIONS = f"""
INSERT INTO gateway_operations (id, payment_id, provider, kind, state, amount, currency, payment_token, target, result,
    ends_booking, outcome_code, attempts, due_at, last_error, created_at, finished_at, paid_out_at, paid_out_by,
    paid_out_by_id, till)
SELECT operation_id, payment_id, provider, kind, 'succeeded', 2400, 'EUR', '',
       CASE target WHEN '' THEN '' ELSE target || n END, result || n, step = 0, '', 1, asked_at, '', asked_at,
       asked_at + interval '1 second', CASE WHEN handed_over THEN asked_at + interval '1 hour' END,
       CASE WHEN handed_over THEN 'person0' ELSE '' END,
       CASE WHEN handed_over THEN pg_temp.large_id('2021-01-01Z', 6, 0) END,
       CASE WHEN handed_over THEN 'till 1' ELSE '' END
{_ASKED} CROSS JOIN LATERAL (SELECT till <> '' AND step = 5 AND n / 80 %% 40 > 0 AS handed_over) AS at_the_till
WHERE step < 5 OR cancelled ORDER BY 1
"""
_LEDGER = f"""
INSERT INTO transactions (id, payment_id, operation_id, kind, account, amount, currency, created_at)
SELECT pg_temp.large_id(asked_at + interval '1 second', 210 + 2 * step + side, n), payment_id, operation_id, kind,
       CASE WHEN account = 'cash' AND till = 'cash' THEN 'till' WHEN account = 'cash' AND till <> '' THEN till
           ELSE account END, CASE side WHEN 0 THEN -2400 ELSE 2400 END, 'EUR',
       asked_at + interval '1 second'
{_ASKED} CROSS JOIN (VALUES (0), (1)) AS sides(side)
CROSS JOIN LATERAL (SELECT CASE side WHEN 0 THEN source ELSE destination END AS account) AS moved
WHERE step < 5 OR cancelled ORDER BY 1
"""
_REFUNDS = f"""
INSERT INTO refunds (id, payment_id, operation_id, amount, currency, status, kind, reason, requested_by, failure_code,
    created_at, finished_at)
SELECT pg_temp.large_id(asked_at + interval '1 second', 9, n), payment_id, operation_id, 2400, 'EUR', 'succeeded',
       'cancel', 'showtime_cancelled', '', '', asked_at, asked_at + interval '1 second'
{_ASKED} WHERE step = 5 AND cancelled ORDER BY 1
"""
# Each theater's are numbered in the order of time; a refund's comes three seconds after the receipt.
_SERIES = """
INSERT INTO receipt_series (theater_id, last)
SELECT pg_temp.large_id('2020-01-01Z', 1, screen / 10), sum(CASE WHEN cancelled THEN 2 ELSE 1 END)
FROM made GROUP BY 1 ORDER BY 1
"""
_RECEIPTS = """
INSERT INTO receipts (id, payment_id, refund_id, theater_id, position, number, total, currency, lines, seller, showtime,
    card_last4, counter, issued_at)
SELECT issued.id, payment_id, refund_id, theater_id, position,
       format('R%%s-%%s', series.id, lpad(position::text, 6, '0')),
       sign * 2400, 'EUR', lines, '{"name": "Large Cinemas", "address": "1 Long Row", "tax_number": "GB123456789"}',
       jsonb_build_object('movie_title', 'A film', 'theater_name', 'A theater', 'screen', 'Hall 1',
           'starts_at', NULL, 'time_zone', 'UTC'),
       card_last4, CASE WHEN till <> '' THEN jsonb_build_object('method', till, 'sold_by', 'person0',
           'sold_by_id', pg_temp.large_id('2021-01-01Z', 6, 0),
           'slip', CASE till WHEN 'terminal' THEN n::text ELSE '' END) END, issued_at
FROM (
    SELECT pg_temp.large_id(sold_at + after * interval '1 second', 240 + after, n) AS id, payment_id, card_last4, sign,
           CASE WHEN sign < 0 THEN pg_temp.large_id(sold_at + interval '6 seconds', 9, n) END AS refund_id,
           theater_id, sold_at + after * interval '1 second' AS issued_at, lines, n, till,
           row_number() OVER (PARTITION BY theater_id ORDER BY sold_at + after * interval '1 second', n) AS position
    FROM made CROSS JOIN (VALUES (3, 1), (6, -1)) AS kind(after, sign)
    CROSS JOIN LATERAL (SELECT pg_temp.large_id('2020-01-01Z', 1, screen / 10) AS theater_id) AS place
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('kind', 'ticket', 'code', 'adult', 'name', 'Adult', 'rate', 2000,
            'net', sign * 1000, 'tax', sign * 200, 'gross', sign * 1200,
            'seat_id', pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat))) AS lines
        FROM (VALUES (first_seat), (first_seat + 1)) AS two(seat)
    ) AS sold
    WHERE sign > 0 OR cancelled
) AS issued JOIN receipt_series AS series USING (theater_id) ORDER BY issued.id
"""
# All of it is added up already: of each day and theater one film and one type.
_TAKINGS = """
INSERT INTO takings (id, day, theater_id, film, ticket_type, currency, type_name, tickets, returned, gross, refunds,
    tax, cash, terminal)
SELECT pg_temp.large_id(day, 260, row_number() OVER (ORDER BY day, theater_id)), day, theater_id, 'A film', 'adult',
       'EUR', 'Adult', 2 * sold, 2 * back, 2400 * sold, 2400 * back, 400 * (sold - back), 2400 * cash, 2400 * terminal
FROM (
    SELECT (sold_at + after * interval '1 second')::date AS day,
           pg_temp.large_id('2020-01-01Z', 1, screen / 10) AS theater_id,
           count(*) FILTER (WHERE sign > 0) AS sold, count(*) FILTER (WHERE sign < 0) AS back,
           coalesce(sum(sign) FILTER (WHERE till = 'cash'), 0) AS cash,
           coalesce(sum(sign) FILTER (WHERE till = 'terminal'), 0) AS terminal
    FROM made CROSS JOIN (VALUES (3, 1), (6, -1)) AS kind(after, sign) WHERE sign > 0 OR cancelled GROUP BY 1, 2
) AS days ORDER BY 1
"""
_TAKINGS_SERIES = """
INSERT INTO takings_series (theater_id, position, theater_name, time_zone)
SELECT pg_temp.large_id('2020-01-01Z', 1, screen / 10), sum(CASE WHEN cancelled THEN 2 ELSE 1 END), 'A theater', 'UTC'
FROM made GROUP BY 1 ORDER BY 1
"""
# Every tenth customer has a gift card, a hundred of an issue; nothing was bought with any.
_ISSUES = """
INSERT INTO gift_card_issues (id, origin, count, amount, currency, reason, status, requested_by, decided_by,
    decision_note, due_by, created_at)
SELECT pg_temp.large_id(made_at, 250, n), 'sold', 100, 2500, 'EUR', 'sold at the desk', 'issued', 'large', '', '',
       made_at + interval '3 days', made_at
FROM large_users CROSS JOIN LATERAL (SELECT joined_at + interval '2 hours' AS made_at) AS made
WHERE n %% 1000 = 0 ORDER BY 1
"""
_GIFT_CARDS = """
INSERT INTO gift_cards (id, issue_id, digest, last4, amount, currency, balance, created_at)
SELECT pg_temp.large_id(made_at, 251, n), issue.id, sha256(convert_to('large ' || n, 'UTF8')),
       lpad((n %% 10000)::text, 4, '0'), 2500, 'EUR', 2500, made_at
FROM large_users CROSS JOIN LATERAL (SELECT joined_at + interval '2 hours' AS made_at) AS made
CROSS JOIN LATERAL (
    SELECT id FROM gift_card_issues WHERE requested_by = 'large' ORDER BY id DESC OFFSET (n / 1000) LIMIT 1
) AS issue
WHERE n %% 10 = 0 ORDER BY 1
"""
_GIFT_LINES = """
INSERT INTO gift_card_lines (id, card_id, move, account, amount, currency, created_at)
SELECT pg_temp.large_id(created_at, 252 + side, row_number() OVER (ORDER BY id)), id, 'issue', account, side_amount,
       'EUR', created_at
FROM gift_cards
JOIN (SELECT id AS issue_id FROM gift_card_issues WHERE requested_by = 'large') AS loaded USING (issue_id)
CROSS JOIN (VALUES (0, 'desk', -2500), (1, 'balance', 2500)) AS sides(side, account, side_amount)
ORDER BY 1
"""
# Every second customer has saved a card. One token is all of them: it is sealed here, and opens no purse.
_METHODS = """
INSERT INTO payment_methods (id, user_id, provider, gateway_token, token_digest, sealed_by, brand, last4, expiry_month,
    expiry_year, created_at)
SELECT pg_temp.large_id(saved_at, 230, n), id, '{provider}', '{token}', lpad(to_hex(n), 64, '0'), '{key}', 'visa',
       lpad((n %% 10000)::text, 4, '0'), n %% 12 + 1, 2034, saved_at
FROM large_users CROSS JOIN LATERAL (SELECT joined_at + interval '1 hour' AS saved_at) AS saved
WHERE n %% 2 = 0 ORDER BY 1
"""


class Command(LoadLarge):
    def statements(self) -> Sequence[tuple[str, str]]:
        methods = _METHODS.format(provider=PROVIDER, token=vault.sealed("pm_large"), key=vault.key_name())
        return [
            ("made", _MADE),
            ("payments", _PAYMENTS),
            ("gateway_operations", _OPERATIONS),
            ("transactions", _LEDGER),
            ("refunds", _REFUNDS),
            ("receipt_series", _SERIES),
            ("receipts", _RECEIPTS),
            ("takings", _TAKINGS),
            ("takings_series", _TAKINGS_SERIES),
            ("payment_methods", methods),
            ("gift_card_issues", _ISSUES),
            ("gift_cards", _GIFT_CARDS),
            ("gift_card_lines", _GIFT_LINES),
        ]
