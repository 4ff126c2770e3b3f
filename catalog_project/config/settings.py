from chassis.settings import service_settings

globals().update(
    service_settings(
        name="catalog",
        app="catalog",
        title="Marquee Catalog",
        description="What is on: movies, theaters, their screens and showtimes. Everybody reads, managers write.",
        tags={
            "movies": "What can be shown.",
            "theaters": "Where, and under which rules.",
            "screens": "The halls of a theater and their seats.",
            "showtimes": "Which movie on which screen, when, and for how much.",
        },
    )
)

EVENT_EXCHANGES = {"seats": "booking_events"}

INSTALLED_APPS = [*globals()["INSTALLED_APPS"], "django.contrib.postgres"]
