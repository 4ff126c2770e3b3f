"""The invariant of promo codes, as what booking's database is asked (rules.py says how)."""

from audit.rules import Invariant, Rule

# A code without a bound counts nothing. What was given back is counted until the code is wanted again.
WITHIN_ITS_BOUND = """
SELECT asked.id, CASE
    WHEN used > most_uses THEN format('code %s is used by %s bookings, %s may', asked.id, used, most_uses)
    WHEN uses <> counted THEN format('code %s says %s uses, %s are counted', asked.id, uses, counted) END
FROM asked JOIN promo_codes USING (id) CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE given_back_at IS NULL) AS used, count(*) FILTER (WHERE counted) AS counted
    FROM promo_uses WHERE code_id = asked.id
) AS uses_of_it
"""
# `early` is what buying early takes off, without a code.
USED_BY_ITS_BOOKINGS = """
SELECT asked.id, CASE
    WHEN cheaper <> (code_id IS NOT NULL)
    THEN format('booking %s has %s line of a code and %s', reference, CASE WHEN cheaper THEN 'a' ELSE 'no' END,
                CASE WHEN code_id IS NULL THEN 'uses none' ELSE 'uses one' END)
    WHEN code_id IS NOT NULL AND given_back_at IS NULL AND NOT has_it
    THEN format('booking %s is %s and uses code %s', reference, status, code_id)
    WHEN given_back_at IS NOT NULL AND has_it
    THEN format('booking %s is %s and has given back code %s', reference, status, code_id) END
FROM asked JOIN bookings USING (id) LEFT JOIN promo_uses ON booking_id = asked.id CROSS JOIN LATERAL (
    SELECT jsonb_path_exists(lines, '$[*] ? (@.kind == "discount" && @.code != "early")') AS cheaper,
           status IN ('PENDING', 'CONFIRMED') AND EXISTS (
               SELECT FROM booking_seats AS claim WHERE claim.booking_id = asked.id
                   AND claim.seat_id = ANY (promo_uses.seat_ids) AND claim.given_back_at IS NULL) AS has_it
) AS said
"""

PROMO_CODES = Invariant(
    9,
    "a promo code is used by its open and sold bookings, and by no more than may",
    (
        Rule("promo codes", "booking", WITHIN_ITS_BOUND),
        Rule("bookings", "booking", USED_BY_ITS_BOOKINGS, counted=False),
    ),
)
