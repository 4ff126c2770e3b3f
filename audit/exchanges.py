"""A booking that was exchanged pays another one, once; see invariants.py for the form.

The money stays with the payment that took it, which says how much of it is another one's.
"""

from audit.rules import Invariant, Rule


def _carried_back(payment: str) -> str:
    """What went back of what is carried to a payment: the last that does. payment: the table, as it is called there."""
    return (
        f"CASE WHEN {payment}.captured_amount = 0 THEN 0 ELSE greatest(0, {payment}.refunded_amount"
        f" - {payment}.exchanged_amount - ({payment}.captured_amount - {payment}.carried_amount)) END"
    )


CARRIED = f"CROSS JOIN LATERAL (SELECT {_carried_back('payments')} AS carried_back) AS carried"
TWO_FOR_ONE = """
SELECT asked.id, CASE WHEN old.status = 'CONFIRMED' AND bookings.status = 'CONFIRMED' AND bookings.ticket <> ''
    THEN format('booking %s is paid with %s, which is good as well', bookings.reference, old.reference) END
FROM asked JOIN bookings USING (id) JOIN bookings AS old ON old.id = bookings.exchange_of
"""
# Only those that an exchange is about: the others have none of it.
CARRIED_AND_HELD = f"""
SELECT payments.id, CASE
    WHEN lent_amount + exchanged_amount - to_return_amount <> elsewhere
    THEN format('payment %s holds %s of other bookings, which have %s of it',
                payments.id, lent_amount + exchanged_amount - to_return_amount, elsewhere)
    WHEN to_return_amount <> 0
    THEN format('payment %s has %s still to give back of what it was exchanged for', payments.id, to_return_amount)
    WHEN posted <> CASE WHEN captured_amount = 0 THEN 0 ELSE carried_amount - carried_back END - exchanged_amount
    THEN format('payment %s: %s are carried to it and %s away, in the ledger it is %s',
                payments.id, carried_amount - carried_back, exchanged_amount, posted) END
FROM asked JOIN payments USING (id)
{CARRIED}
CROSS JOIN LATERAL (
    SELECT coalesce(sum(heir.carried_amount - {_carried_back("heir")}), 0) AS elsewhere
    FROM payments AS heir WHERE heir.exchange_of = payments.booking_id
) AS heirs CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS posted FROM transactions
    WHERE payment_id = payments.id AND account = 'exchanged'
) AS ledger
WHERE (exchange_of IS NOT NULL OR lent_amount <> 0 OR exchanged_amount <> 0 OR to_return_amount <> 0)
"""  # noqa: S608  (of this file alone)

EXCHANGES = Invariant(
    12,
    "what was exchanged pays one other booking",
    (
        Rule("bookings", "booking", TWO_FOR_ONE),
        Rule("payments", "payment", CARRIED_AND_HELD, counted=False),
    ),
)
