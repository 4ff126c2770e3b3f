"""Words for staff in the place of codes, and the indexes of their lists, built beside the traffic.

The indexes are built without the limits that the connections of a service have; what an earlier try has left is built
anew.
"""

from django.db import migrations, models

import bookings.words

INDEXES = {
    "showtimes_by_start": "CREATE INDEX CONCURRENTLY showtimes_by_start ON showtimes (starts_at)",
    "showtimes_of_theater": "CREATE INDEX CONCURRENTLY showtimes_of_theater ON showtimes (theater_id, starts_at)",
    "booking_seats_given_back": """
        CREATE INDEX CONCURRENTLY booking_seats_given_back ON booking_seats (showtime_id) WHERE given_back_at IS NOT NULL
    """,
}
FORWARDS = [
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    *(
        statement
        for name, create in INDEXES.items()
        for statement in (f"DROP INDEX CONCURRENTLY IF EXISTS {name}", create)
    ),
    "RESET lock_timeout",
    "RESET statement_timeout",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0013_seats_given_back")]

    operations = [
        migrations.AlterModelOptions(
            "bookingtransition",
            options={
                "ordering": ["id"],
                "verbose_name": "step of a booking",
                "verbose_name_plural": "steps of bookings",
            },
        ),
        migrations.AlterField(
            "booking", "status", models.CharField(choices=bookings.words.states, max_length=16)
        ),
        migrations.AlterField(
            "booking",
            "payment_status",
            models.CharField(choices=bookings.words.payment_statuses, default="unpaid", max_length=20),
        ),
        migrations.AlterField(
            "bookingtransition",
            "from_status",
            models.CharField(blank=True, choices=bookings.words.states, max_length=16),
        ),
        migrations.AlterField(
            "bookingtransition", "to_status", models.CharField(choices=bookings.words.states, max_length=16)
        ),
        migrations.AlterField(
            "bookingtransition", "trigger", models.CharField(choices=bookings.words.triggers, max_length=32)
        ),
        migrations.RunSQL(
            FORWARDS,
            [f"DROP INDEX {name}" for name in INDEXES],
            state_operations=[
                migrations.AddIndex("showtime", models.Index(fields=["starts_at"], name="showtimes_by_start")),
                migrations.AddIndex(
                    "showtime", models.Index(fields=["theater_id", "starts_at"], name="showtimes_of_theater")
                ),
                migrations.AddIndex(
                    "bookingseat",
                    models.Index(
                        condition=models.Q(given_back_at__isnull=False),
                        fields=["showtime_id"],
                        name="booking_seats_given_back",
                    ),
                ),
            ],
        ),
    ]
