from django.core.exceptions import ImproperlyConfigured

from bookings import trace_links
from chassis.four_eyes import ALONE_UP_TO
from chassis.settings import amounts, at_least, env, service_settings
from chassis.signing import SigningKeys

globals().update(
    service_settings(
        name="booking",
        app="bookings",
        title="Marquee Booking",
        description="Seats of showtimes: which are free, and bookings of them from the hold to the ticket.",
        tags={
            "bookings": "Hold seats, see what became of them, give them back.",
            "seats": "The seats of a showtime, and those that are kept off sale.",
            "tickets": "Letting people in: each ticket once, at the door of its showtime.",
            "promotions": "For staff: what promo codes and vouchers take off, the codes, and who used them.",
        },
    )
)

EVENT_EXCHANGES = {
    "screen": "catalog_events",
    "showtime": "catalog_events",
    "user": "auth_events",
    "guest": "auth_events",
}

CATALOG_URL = env.str("CATALOG_URL")
# A page of the operator's tracing, to which the page of a booking leads: {trace_id} or {correlation_id} is filled in.
try:
    TRACE_URL = trace_links.checked(env.str("TRACE_URL", default=""))
except ValueError as wrong:
    raise ImproperlyConfigured(f"TRACE_URL: {wrong}: https://jaeger.example/trace/{{trace_id}}, say") from None
# What signs tickets, and what verifies those that were signed before the last rotation of the key.
TICKET_KEYS = SigningKeys.from_pem(
    env.str("TICKET_SIGNING_KEY", multiline=True),
    env.str("TICKET_PREVIOUS_PUBLIC_KEY", default="", multiline=True),
    named=("TICKET_SIGNING_KEY", "TICKET_PREVIOUS_PUBLIC_KEY"),
)

# A hold lives this long; its locks too.
HOLD_SECONDS = env.int("HOLD_SECONDS", default=300)
# Once, a customer makes it last until so long from then; 0: never.
HOLD_EXTENSION_SECONDS = at_least("HOLD_EXTENSION_SECONDS", 0, default=300)
MAX_SEATS_PER_BOOKING = env.int("MAX_SEATS_PER_BOOKING", default=10)
# Open holds of one user: for one showtime, and in all.
MAX_OPEN_HOLDS = env.int("MAX_OPEN_HOLDS", default=4)
MAX_OPEN_HOLDS_IN_ALL = env.int("MAX_OPEN_HOLDS_IN_ALL", default=12)
# Seats in open holds of one user who has not verified an address; one booking whose card has not answered yet may have
# more.
MAX_SEATS_UNVERIFIED = env.int("MAX_SEATS_UNVERIFIED", default=6)
# The same seats are held so often by one user within so many seconds, unless they are bought.
MAX_HOLDS_AGAIN = env.int("MAX_HOLDS_AGAIN", default=3)
HOLDS_AGAIN_SECONDS = env.int("HOLDS_AGAIN_SECONDS", default=1800)
# What one person of staff may give back by cancelling a paid booking, in minor units by currency, `*` of any other;
# more is asked of payment, where a second person approves it. Payment's setting of this name is the same.
REFUND_ALONE_UP_TO = amounts("REFUND_ALONE_UP_TO", ALONE_UP_TO)
# So many wrong promo codes of one account, and from one address, within so many seconds; then none is looked up.
PROMO_GUESSES_PER_USER = at_least("PROMO_GUESSES_PER_USER", 1, default=10)
PROMO_GUESSES_PER_ADDRESS = at_least("PROMO_GUESSES_PER_ADDRESS", 1, default=50)
PROMO_GUESSES_SECONDS = at_least("PROMO_GUESSES_SECONDS", 1, default=3600)
# After the start of a showtime its tickets are sold for this long.
SALES_CLOSE_MINUTES = env.int("SALES_CLOSE_MINUTES", default=15)

# So long after the end of a showtime its seats are counted no more: who had them stands in the bookings.
SEATS_KEEP_HOURS = at_least("SEATS_KEEP_HOURS", 1, default=24)
# What became of a booking, step by step, is kept for so long, and a bit: it goes in partitions of four weeks. Doors ask
# for it, and a ticket may be two years old by then.
BOOKING_HISTORY_KEEP_DAYS = at_least("BOOKING_HISTORY_KEEP_DAYS", 760, default=1100)

# Live seats: open sockets of a process in all, and from one client address; the web origins, beside this house's own,
# whose pages may open one, `*` for any.
LIVE_SOCKETS = at_least("LIVE_SOCKETS", 1, default=20_000)
LIVE_SOCKETS_PER_ADDRESS = at_least("LIVE_SOCKETS_PER_ADDRESS", 1, default=100)
LIVE_ORIGINS = env.str("CORS_ALLOWED_ORIGINS", default="").replace(",", " ").split()
# A client that takes nothing of what it is told for so many seconds is cut off.
LIVE_PATIENCE_SECONDS = at_least("LIVE_PATIENCE_SECONDS", 1, default=10)
