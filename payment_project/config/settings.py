from chassis.four_eyes import ALONE_UP_TO
from chassis.secrets import keys_of
from chassis.settings import amounts, env, service_settings

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
