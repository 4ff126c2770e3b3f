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
            "ticket types": "Whom a theater sells tickets to.",
            "price lists": "What tickets cost, and the rules that change it.",
            "showtimes": "Which movie on which screen, when, and for how much.",
        },
    )
)

# One name for a choice that is a field here and a list of them there.
globals()["SPECTACULAR_SETTINGS"]["ENUM_NAME_OVERRIDES"] = {
    "CategoryEnum": "catalog.tariffs.CATEGORIES",
    "FormatEnum": "catalog.tariffs.FORMATS",
    "ShowtimeStatusEnum": ["draft", "scheduled", "cancelled"],
}

EVENT_EXCHANGES = {"seats": "booking_events"}
EVENTS_FOR_ANYBODY = [f"{what}.{past}" for what in ("movie", "theater") for past in ("added", "updated", "removed")]

INSTALLED_APPS = [*globals()["INSTALLED_APPS"], "django.contrib.postgres"]

# How much alike a name and what somebody types must be, of 1: so that a wrong letter in each of two short words is
# forgiven. PostgreSQL's own 0.6 wants nearly every letter.
for _database in globals()["DATABASES"].values():
    _database["OPTIONS"]["options"] += " -c pg_trgm.word_similarity_threshold=0.3"

# Pictures are read into memory. One that is larger is left out, and the form says that it is missing.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024 + 64 * 1024
