"""What was captured has a receipt, and receipts are numbered without a gap; see invariants.py for the form."""

from audit.rules import Invariant, Rule

# Of payments that were opened since there are receipts.
RECEIPTS_OF_PAYMENTS = """
SELECT payments.id, CASE
    WHEN firsts <> 1 THEN format('payment %s was captured and has %s receipts', payments.id, firsts)
    WHEN said <> captured_amount
    THEN format('payment %s: %s were captured, its receipt says %s', payments.id, captured_amount, said)
    WHEN credited <> refunded_amount
    THEN format('payment %s: %s went back, its credit notes say %s', payments.id, refunded_amount, credited) END
FROM asked JOIN payments USING (id) CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE refund_id IS NULL) AS firsts,
           sum(total) FILTER (WHERE refund_id IS NULL) AS said,
           coalesce(-sum(total) FILTER (WHERE refund_id IS NOT NULL), 0) AS credited
    FROM receipts WHERE payment_id = payments.id
) AS issued
WHERE captured_at IS NOT NULL AND sale IS NOT NULL
"""
# Numbers are unique: where each has the one before it and the one after it, there is no gap.
NUMBERS_OF_RECEIPTS = """
SELECT receipts.id, CASE
    WHEN last IS NULL OR receipts.position NOT BETWEEN 1 AND last
    THEN format('receipt %s has a number that was not given out', number)
    WHEN receipts.position > 1 AND NOT EXISTS (
        SELECT FROM receipts AS one WHERE one.theater_id = receipts.theater_id AND one.position = receipts.position - 1)
    THEN format('before receipt %s a number is missing', number)
    WHEN receipts.position < last AND NOT EXISTS (
        SELECT FROM receipts AS one WHERE one.theater_id = receipts.theater_id AND one.position = receipts.position + 1)
    THEN format('after receipt %s a number is missing', number)
    WHEN total <> gross OR wrong THEN format('receipt %s: its lines do not add up to %s', number, total) END
FROM asked JOIN receipts USING (id) LEFT JOIN receipt_series USING (theater_id) CROSS JOIN LATERAL (
    SELECT sum(gross) AS gross, bool_or(net + tax <> gross) AS wrong
    FROM jsonb_to_recordset(lines) AS line(net bigint, tax bigint, gross bigint)
) AS added
"""

RECEIPTS = Invariant(
    10,
    "what was captured has a receipt, and numbers have no gap",
    (
        Rule("payments", "payment", RECEIPTS_OF_PAYMENTS),
        Rule("receipts", "payment", NUMBERS_OF_RECEIPTS, counted=False),
    ),
)
