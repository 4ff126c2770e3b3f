from chassis.four_eyes import ALONE_UP_TO
from chassis.secrets import keys_of
from chassis.settings import amounts, at_least, env, service_settings

globals().update(
    service_settings(
        name="payment",
        app="payments",
        title="Marquee Payment",
        description="Payments of bookings, saved cards by their tokens, refunds. Card numbers are never sent here.",
        tags={
            "payments": "Pay a booking while its hold lasts, and see what became of it.",
            "payment methods": "Cards that were saved for the next time.",
            "receipts": "What was sold and what went back of it, for the books.",
            "refunds": "For staff: captured money given back.",
            "gift cards": "What a card is good for and, for staff, issuing and blocking them.",
            "webhooks": "What the payment gateway calls.",
        },
    )
)

EVENT_EXCHANGES = {"user": "auth_events", "guest": "auth_events"}

BOOKING_URL = env.str("BOOKING_URL")
# Where new money goes; what is held already stays with the provider that holds it. See payments/gateways.
PAYMENT_PROVIDER = env.str("PAYMENT_PROVIDER", default="simulator")
PAYMENT_GATEWAY_URL = env.str("PAYMENT_GATEWAY_URL")
PAYMENT_GATEWAY_API_KEY = env.str("PAYMENT_GATEWAY_API_KEY")
PAYMENT_WEBHOOK_SECRET = env.str("PAYMENT_WEBHOOK_SECRET")
# What cards are charged with lies in the tables sealed: the first key seals, each opens.
PAYMENT_SECRET_KEYS = keys_of(env.str("PAYMENT_SECRET_KEYS"), name="PAYMENT_SECRET_KEYS")
# So much of one payment one person of staff may give back, in minor units by currency, `*` of any other. More waits for
# somebody else's approval, and lapses after these hours.
REFUND_ALONE_UP_TO = amounts("REFUND_ALONE_UP_TO", ALONE_UP_TO)
REFUND_APPROVAL_HOURS = env.int("REFUND_APPROVAL_HOURS", default=72)
# Gift cards that one person of staff issues within a day, in minor units by currency. More waits for somebody else's
# approval; what nobody approves, or makes, within these hours lapses.
GIFT_CARDS_ALONE_UP_TO = amounts("GIFT_CARDS_ALONE_UP_TO", ALONE_UP_TO)
GIFT_CARDS_APPROVAL_HOURS = env.int("GIFT_CARDS_APPROVAL_HOURS", default=72)
# What comes back to a gift card is good for so many days at least.
GIFT_CARD_REOPENED_DAYS = at_least("GIFT_CARD_REOPENED_DAYS", 1, default=30)
# Codes that are none, within the seconds after the first.
GIFT_CARD_GUESSES_PER_USER = at_least("GIFT_CARD_GUESSES_PER_USER", 1, default=10)
GIFT_CARD_GUESSES_PER_ADDRESS = at_least("GIFT_CARD_GUESSES_PER_ADDRESS", 1, default=50)
GIFT_CARD_GUESSES_IN_ALL = at_least("GIFT_CARD_GUESSES_IN_ALL", 1, default=10_000)
GIFT_CARD_GUESSES_SECONDS = at_least("GIFT_CARD_GUESSES_SECONDS", 1, default=3600)
