"""The takings are what receipts, credit notes and payments say, which the ledger is held against; invariants.py has the
form.
"""

from audit.rules import Invariant, Rule

# They are added up each second.
RECEIPTS_TAKEN = """
SELECT receipts.id, CASE
    WHEN coalesce(summed.position, 0) < receipts.position AND issued_at < now() - interval '5 minutes'
    THEN format('receipt %s is not in the takings', number)
    WHEN summed.position >= receipts.position AND NOT EXISTS (
        SELECT FROM takings WHERE takings.theater_id = receipts.theater_id AND takings.currency = receipts.currency
            AND day BETWEEN issued_at::date - 1 AND issued_at::date + 1)
    THEN format('receipt %s is in the takings of no day', number) END
FROM asked JOIN receipts USING (id) LEFT JOIN takings_series AS summed USING (theater_id)
"""
# A day of a theater is looked for among the receipts of that day and of those beside it, by the times in their ids.
TAKINGS_OF_DAYS = """
SELECT asked.id, CASE
    WHEN (told.gross, told.refunds, told.tax, told.gift) <> (sold, back, taxed, by_gift)
    THEN format('takings of %s, theater %s, are %s less %s, tax %s, gift cards %s; its receipts say %s less %s, %s, %s',
                one.day, one.theater_id, told.gross, told.refunds, told.tax, told.gift, sold, back, taxed, by_gift)
    WHEN (told.cash, told.terminal) <> (in_cash, by_terminal)
    THEN format('takings of %s, theater %s, at the counter are %s in cash and %s by card; its receipts say %s and %s',
                one.day, one.theater_id, told.cash, told.terminal, in_cash, by_terminal) END
FROM asked JOIN takings AS one USING (id)
CROSS JOIN LATERAL (
    SELECT currency, sum(gross) AS gross, sum(refunds) AS refunds, sum(tax) AS tax, sum(gift) AS gift,
           sum(cash) AS cash, sum(terminal) AS terminal
    FROM takings WHERE takings.day = one.day AND takings.theater_id = one.theater_id GROUP BY currency
) AS told
CROSS JOIN LATERAL (
    SELECT (lpad(to_hex((extract(epoch FROM one.day - 1) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid AS first,
           (lpad(to_hex((extract(epoch FROM one.day + 2) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid AS behind
) AS bounds
CROSS JOIN LATERAL (
    SELECT coalesce(sum(total) FILTER (WHERE refund_id IS NULL), 0) AS sold,
           coalesce(-sum(total) FILTER (WHERE refund_id IS NOT NULL), 0) AS back,
           coalesce(sum(tax), 0) AS taxed, coalesce(sum(gift_amount), 0) AS by_gift,
           coalesce(sum(total) FILTER (WHERE counter ->> 'method' = 'cash'), 0) AS in_cash,
           coalesce(sum(total) FILTER (WHERE counter ->> 'method' = 'terminal'), 0) AS by_terminal
    FROM receipts JOIN takings_series AS summed USING (theater_id) CROSS JOIN LATERAL (
        SELECT sum((line ->> 'tax')::bigint) AS tax FROM jsonb_array_elements(lines) AS line
    ) AS added
    WHERE receipts.theater_id = one.theater_id AND receipts.position <= summed.position
        AND receipts.id >= bounds.first AND receipts.id < bounds.behind AND receipts.currency = told.currency
        AND (issued_at AT TIME ZONE coalesce(nullif(showtime ->> 'time_zone', ''), 'UTC'))::date = one.day
) AS said
"""
# Of payments that a fee was written down of.
FEES_KEPT = """
SELECT payments.id, CASE WHEN told <> fee
    THEN format('payment %s: fees of %s are written down, %s stayed', payments.id, told, fee) END
FROM asked JOIN payments USING (id)
CROSS JOIN LATERAL (SELECT sum(amount) AS told FROM fees_kept WHERE payment_id = payments.id) AS written
CROSS JOIN LATERAL (
    SELECT coalesce(sum(price - due), 0) AS of_seats
    FROM jsonb_to_recordset(seats) AS seat(price bigint, due bigint)
) AS back
CROSS JOIN LATERAL (
    SELECT least(CASE booking_state WHEN 'ended' THEN retained_amount ELSE of_seats END,
                 captured_amount - refunded_amount) AS fee
) AS kept
WHERE told IS NOT NULL
"""

TAKINGS = Invariant(
    13,
    "the takings are what receipts and payments say",
    (
        Rule("takings", "payment", TAKINGS_OF_DAYS),
        Rule("receipts", "payment", RECEIPTS_TAKEN, counted=False),
        Rule("payments", "payment", FEES_KEPT, counted=False),
    ),
)
