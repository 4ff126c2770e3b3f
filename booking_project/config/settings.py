from chassis.settings import env, service_settings

globals().update(
    service_settings(
        name="booking",
        app="bookings",
        title="Marquee Booking",
        description="Seats of showtimes: which are free, and bookings of them from the hold to the ticket.",
        tags={
            "bookings": "Hold seats, see what became of them, give them back.",
            "seats": "The seats of a showtime, and those that are kept off sale.",
        },
    )
)

EVENT_EXCHANGES = {"screen": "catalog_events", "showtime": "catalog_events"}

CATALOG_URL = env.str("CATALOG_URL")
TICKET_SIGNING_KEY = env.str("TICKET_SIGNING_KEY", multiline=True)

# A hold lives this long; its locks too.
HOLD_SECONDS = env.int("HOLD_SECONDS", default=300)
MAX_SEATS_PER_BOOKING = env.int("MAX_SEATS_PER_BOOKING", default=10)
# Open holds of one user for one showtime.
MAX_OPEN_HOLDS = env.int("MAX_OPEN_HOLDS", default=4)
# After the start of a showtime its tickets are sold for this long.
SALES_CLOSE_MINUTES = env.int("SALES_CLOSE_MINUTES", default=15)
