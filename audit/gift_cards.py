"""Gift cards are good for what their ledger says, and nothing is held for nobody; see invariants.py for the form.

Of payments only those are asked that a gift card pays, or has paid: the others have no line in it.
"""

from audit.rules import Invariant, Rule

CARDS = """
SELECT asked.id, CASE
    WHEN total <> 0 THEN format('gift card %s: its ledger adds up to %s', asked.id, total)
    WHEN balance < 0 OR reserved < 0 THEN format('gift card %s: %s are on it, %s held', asked.id, balance, reserved)
    WHEN (balance, reserved) <> (on_it, held)
    THEN format('gift card %s: %s are on it and %s held, in its ledger %s and %s',
                asked.id, balance, reserved, on_it, held)
    WHEN on_it + held + redeemed <> amount
    THEN format('gift card %s was issued with %s, its ledger has %s', asked.id, amount, on_it + held + redeemed) END
FROM asked JOIN gift_cards USING (id) CROSS JOIN LATERAL (
    SELECT coalesce(sum(line.amount), 0) AS total,
           coalesce(sum(line.amount) FILTER (WHERE account = 'balance'), 0) AS on_it,
           coalesce(sum(line.amount) FILTER (WHERE account = 'reserved'), 0) AS held,
           coalesce(sum(line.amount) FILTER (WHERE account = 'redeemed'), 0) AS redeemed
    FROM gift_card_lines AS line WHERE card_id = asked.id
) AS ledger
"""
PAYMENTS_BY_GIFT_CARD = """
SELECT asked.id, CASE
    WHEN held <> 0 AND held_amount = 0 AND under_way NOT IN ('authorise', 'reverse')
    THEN format('payment %s is %s and holds %s of a gift card', asked.id, status, held)
    WHEN held <> CASE WHEN captured_amount = 0 THEN gift_amount ELSE 0 END
    THEN format('payment %s: %s of a gift card are held here and %s in its ledger', asked.id, gift_amount, held)
    WHEN redeemed <> CASE WHEN captured_amount = 0 THEN 0 ELSE gift_amount - gift_refunded_amount END
    THEN format('payment %s: a gift card paid %s less %s here and %s in its ledger',
                asked.id, gift_amount, gift_refunded_amount, redeemed)
    WHEN cards > 1 THEN format('payment %s has the value of %s gift cards', asked.id, cards) END
FROM asked JOIN payments USING (id) CROSS JOIN LATERAL (
    SELECT coalesce(sum(line.amount) FILTER (WHERE account = 'reserved'), 0) AS held,
           coalesce(sum(line.amount) FILTER (WHERE account = 'redeemed'), 0) AS redeemed
    FROM gift_card_lines AS line WHERE payment_id = asked.id
) AS ledger CROSS JOIN LATERAL (
    SELECT count(*) AS cards FROM (
        SELECT FROM gift_card_lines AS line WHERE payment_id = asked.id AND account IN ('reserved', 'redeemed')
        GROUP BY card_id HAVING sum(line.amount) <> 0
    ) AS card
) AS of_cards
WHERE gift_amount <> 0 OR EXISTS (SELECT FROM gift_card_lines WHERE payment_id = asked.id)
"""

GIFT_CARDS = Invariant(
    11,
    "gift cards are good for what their ledger says",
    (
        Rule("gift cards", "payment", CARDS),
        Rule("payments", "payment", PAYMENTS_BY_GIFT_CARD, counted=False),
    ),
)
